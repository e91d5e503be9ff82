/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse.c - the schema of topology files: networks and nodes (vnet-lab(5)).
 */
#include "lab/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/parse_parts.h"
#include "lib/setting_names.h"

/* ---- machines -------------------------------------------------------------------------------- */

static void read_memory(struct schema *s, const struct yaml_tree *t, void *out)
{
	read_mib(s, t, out);
	check_range(s, out, "memory (in MiB)", 32, 65536);
}

static void read_cpus(struct schema *s, const struct yaml_tree *t, void *out)
{
	read_number(s, t, out);
	check_range(s, out, "cpus", 1, 8);
}

static void read_hypervisor(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const char *const words[] = {"auto", "kvm", "uml", "qemu", NULL};
	const char *v = schema_word(s, t, "hypervisor", words);

	if (v)
		*(struct lab_text *)out = (struct lab_text){v, t->pos};
}

static void read_boot(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const char *const words[] = {"network", NULL};
	const char *v = schema_word(s, t, "boot", words);

	if (v)
		*(struct lab_text *)out = (struct lab_text){v, t->pos};
}

#define MACHINE_KEYS(base)                                                                         \
	{"hypervisor", read_hypervisor, (base) + offsetof(struct lab_machine, hypervisor)},        \
		{"memory", read_memory, (base) + offsetof(struct lab_machine, memory_mib)},        \
		{"cpus", read_cpus, (base) + offsetof(struct lab_machine, cpus)},                  \
		{"image", read_text, (base) + offsetof(struct lab_machine, image)},                \
		{"kernel", read_text, (base) + offsetof(struct lab_machine, kernel)},              \
		{"initrd", read_text, (base) + offsetof(struct lab_machine, initrd)},              \
		{"disk", read_text, (base) + offsetof(struct lab_machine, disk)},                  \
		{"append", read_text, (base) + offsetof(struct lab_machine, append)},              \
	{                                                                                          \
		"boot", read_boot, (base) + offsetof(struct lab_machine, boot)                     \
	}

static void read_kind(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const char *const words[] = {"vm", "namespace", NULL};
	const char *v = schema_word(s, t, "kind", words);

	if (v)
		*(enum lab_kind *)out = !strcmp(v, "vm") ? LAB_VM : LAB_NAMESPACE;
}

static void read_default_kind(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab *lab = out;
	enum lab_kind asked = lab->default_kind;

	read_kind(s, t, &lab->default_kind);
	if (!s->say && *lab->kind)
		lab->default_kind = asked;
}

static void read_defaults(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {
		{"kind", read_default_kind, 0},
		MACHINE_KEYS(offsetof(struct lab, defaults)),
		{0},
	};

	schema_map(s, t, "defaults", keys, out);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static void read_nic_address(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_nic *nic = out;
	const char *v = schema_says_text(s, "^(dhcp|none|[0-9.{].*)$") ? NULL : schema_scalar(s, t);

	if (!v)
		return;
	if (!strcmp(v, "dhcp")) {
		nic->how = LAB_ADDR_DHCP;
	} else if (!strcmp(v, "none")) {
		nic->how = LAB_ADDR_NONE;
	} else if (strchr(v, ':')) {
		lab_error(
			s->errors, t->pos,
			"an IPv6 address is set by a command: run: [\"ip -6 addr add %.50s dev eth0 "
			"nodad\"]",
			v);
	} else {
		nic->how = LAB_ADDR_STATIC;
		read_prefix(s, t, &nic->address);
	}
}

static void read_mac(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_nic *nic = out;
	const char *v = schema_says_text(s, "^[0-9a-fA-F:]+$") ? NULL : schema_scalar(s, t);

	if (!v)
		return;
	nic->mac_pos = t->pos;
	nic->has_mac = !mac_parse(v, &nic->mac);
	if (!nic->has_mac) {
		lab_error(s->errors, t->pos,
			  "'%s' is not a MAC address: write it as 52:54:00:12:34:56", v);
	} else if (mac_is_multicast(&nic->mac) || mac_is_zero(&nic->mac)) {
		nic->has_mac = false;
		lab_error(s->errors, t->pos,
			  "'%s' can't be a NIC's address: the first byte must be even and not all "
			  "may be zero",
			  v);
	}
}

static void read_nic(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {
		{"network", read_text, offsetof(struct lab_nic, network)},
		{"address", read_nic_address, 0},
		{"gateway", read_addr, offsetof(struct lab_nic, gateway)},
		{"mac", read_mac, 0},
		{"link", read_link, offsetof(struct lab_nic, link)},
		{"veth", read_text, offsetof(struct lab_nic, veth)},
		{"host-address", read_prefix, offsetof(struct lab_nic, host_address)},
		{0},
	};
	struct lab_node *node = out;
	struct lab_nic *nic = &node->nics[node->n_nics++];

	nic->pos = t->pos;
	schema_map_more(s, t, "an interface", keys, nic,
			&(struct schema_more){port_setting_names, &nic->settings});
}

static void read_nics(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_node *node = out;

	if (t->kind == YAML_LIST && t->n > LAB_NICS_MAX) {
		lab_error(s->errors, t->pos, "a node has at most %d interfaces", LAB_NICS_MAX);
		return;
	}
	node->nics = lab_alloc(s->lab, t->n, sizeof(*node->nics));
	if (node->nics)
		schema_list(s, t, "interfaces", read_nic, node);
}

/* TO: FROM, the file in the node and the one beside the topology file. */
static void read_file(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_node *node = out;
	struct lab_file *file = &node->files[node->n_files];

	if (!s->say && (*t->key != '/' || strstr(t->key, "/../") || strlen(t->key) > 200))
		lab_error(s->errors, t->key_pos,
			  "'%s' is no place for a file in a node: write it as /etc/motd", t->key);
	file->to = (struct lab_text){t->key, t->key_pos};
	read_text(s, t, &file->from);
	if (file->from.s)
		node->n_files++;
}

static void read_files(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_node *node = out;

	node->files = lab_alloc(s->lab, t->n, sizeof(*node->files));
	if (node->files)
		schema_names(s, t, "files", read_file, node);
}

static void read_role(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const char *const words[] = {"host",	"router",   "server", "client",
					    "firewall", "attacker", "switch", NULL};
	const char *v = schema_word(s, t, "role", words);

	if (v)
		*(struct lab_text *)out = (struct lab_text){v, t->pos};
}

static void read_run(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_node *node = out;

	node->run = read_texts(s, t, "run", &node->n_run);
}

static void read_reload(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_node *node = out;

	node->reload = read_texts(s, t, "reload", &node->n_reload);
}

static void read_node(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {
		{"kind", read_kind, offsetof(struct lab_node, kind)},
		{"interfaces", read_nics, 0},
		{"forward", read_flag, offsetof(struct lab_node, forward)},
		{"masquerade", read_text, offsetof(struct lab_node, masquerade)},
		{"run", read_run, 0},
		{"reload", read_reload, 0},
		{"files", read_files, 0},
		{"role", read_role, offsetof(struct lab_node, role)},
		MACHINE_KEYS(offsetof(struct lab_node, machine)),
		{0},
	};
	struct lab *lab = out;
	struct lab_node *node = &lab->nodes[lab->n_nodes++];

	node->kind = lab->default_kind;
	read_key_name(s, t, &node->name);
	schema_map(s, t, "a node", keys, node);
}

static void read_nodes(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab *lab = out;

	lab->nodes = lab_alloc(lab, t->n, sizeof(*lab->nodes));
	if (lab->nodes)
		schema_names(s, t, "nodes", read_node, lab);
}

/* ---- the file -------------------------------------------------------------------------------- */

static void read_version(struct schema *s, const struct yaml_tree *t, void *out)
{
	const char *v = s->say ? NULL : schema_scalar(s, t);

	(void)out;
	if (s->say)
		json_object_set_new(s->say, "const", json_integer(1));
	if (v && strcmp(v, "1"))
		lab_error(s->errors, t->pos,
			  "version '%s' is not known: this vnetctl reads version 1", v);
}

static void require(struct schema *s, const struct yaml_tree *t, const char *key, const char *line)
{
	for (const struct yaml_tree *v = t->first; v; v = v->next)
		if (!strcmp(v->key, key))
			return;
	lab_error(s->errors, t->pos, "'%s' is missing: add a line `%s`", key, line);
}

static void read_lab(struct schema *s, const struct yaml_tree *t)
{
	static const struct schema_key keys[] = {
		{"version", read_version, 0},
		{"name", read_name, offsetof(struct lab, name)},
		{"title", read_text, offsetof(struct lab, title)},
		{"requires", read_requires, offsetof(struct lab, requires)},
		{"variables", read_variables, 0},
		{"defaults", read_defaults, 0},
		{"networks", read_networks, 0},
		{"cables", read_cables, 0},
		{"nodes", read_nodes, 0},
		{"stages", read_stages, 0},
		{"checks", read_checks, 0},
		{"schedule", read_schedule, 0},
		{0},
	};

	schema_map(s, t, "a topology file", keys, s->lab);
	schema_says_required(s, "version name nodes");
	if (s->say || t->kind != YAML_MAP)
		return;
	require(s, t, "version", "version: 1");
	require(s, t, "name", "name: my-lab");
	require(s, t, "nodes", "nodes: {h1: {}}");
}

json_t *lab_schema_json(void)
{
	struct lab_errors none = {.file = ""};
	struct schema s = {.lab = lab_create(), .errors = &none, .say = json_object()};
	struct yaml_tree t = {.kind = YAML_MAP};

	if (s.lab)
		read_lab(&s, &t);
	json_object_set_new(s.say, "$schema",
			    json_string("https://json-schema.org/draft/2020-12/schema"));
	json_object_set_new(s.say, "title", json_string("vnet-lab(5): a topology file"));
	lab_destroy(s.lab);
	return s.say;
}

const char *const lab_kind_words[] = {"namespace", "vm", "kvm", "uml", "qemu", NULL};

/* Before the file is read: its defaults give way. */
static void take_kind(struct lab *lab, const char *kind)
{
	lab->kind = kind ? lab_strndup(lab, kind, strlen(kind)) : "";
	if (!strcmp(lab->kind, "namespace"))
		lab->default_kind = LAB_NAMESPACE;
}

/* And after: a hypervisor's name is that of all guests which do not insist on another. */
static void take_hypervisor(struct lab *lab)
{
	if (*lab->kind && strcmp(lab->kind, "namespace") != 0 && strcmp(lab->kind, "vm") != 0)
		lab->defaults.hypervisor.s = lab->kind;
}

/* What the file is called is kept: names on the host depend on whether it runs under another. */
static void take_options(struct lab *lab, const struct yaml_tree *t,
			 const struct lab_options *options)
{
	const struct yaml_tree *name = yaml_member(t, "name");

	lab->seed = lab_strndup(lab, options->seed ? options->seed : "",
				options->seed ? strlen(options->seed) : 0);
	if (!lab->name.s)
		return;
	lab->file_name = lab->name;
	if (options->name)
		lab->name =
			(struct lab_text){lab_strndup(lab, options->name, strlen(options->name)),
					  name ? name->pos : (struct lab_pos){0}};
}

struct lab *lab_parse(const char *text, size_t len, const struct lab_options *options,
		      struct lab_errors *errors)
{
	static const struct lab_options none = {0};
	struct lab *lab = lab_create();
	struct schema s = {.lab = lab, .errors = errors};
	struct yaml_tree *t;

	errors->source = text;
	options = options ? options : &none;

	if (!lab) {
		lab_error(errors, (struct lab_pos){0}, "out of memory");
		return NULL;
	}
	take_kind(lab, options->kind);
	t = yaml_read(lab, text, len, errors);
	if (t) {
		lab_variables(&s, t, options->seed ? options->seed : "");
		read_lab(&s, t);
		take_hypervisor(lab);
		take_options(lab, t, options);
		lab_validate(lab, errors);
		lab_validate_cables(lab, errors);
		lab_validate_checks(lab, errors);
		lab_validate_stages(lab, errors);
		lab_validate_schedule(lab, errors);
	} else if (!errors->n) {
		lab_error(errors, (struct lab_pos){1, 1}, "the file is empty");
	}
	if (!errors->n)
		return lab;
	lab_destroy(lab);
	return NULL;
}

char *lab_file_read(const char *path, size_t *len, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : malloc(LAB_FILE_MAX + 1);
	ssize_t n = 1;

	*len = 0;
	if (fd < 0) {
		err_sys(err, -errno, "can't open %s", path);
		return NULL;
	}
	while (text && n > 0 && *len < LAB_FILE_MAX) {
		n = read(fd, text + *len, LAB_FILE_MAX - *len);
		*len += n > 0 ? (size_t)n : 0;
	}
	if (!text)
		err_set(err, -ENOMEM, "out of memory");
	else if (n < 0 && errno == EISDIR)
		err_set(err, -EISDIR, "%s is a folder: name the file in it, %s%slab.yaml", path,
			path, path[strlen(path) - 1] == '/' ? "" : "/");
	else if (n < 0)
		err_sys(err, -errno, "can't read %s", path);
	else if (*len == LAB_FILE_MAX)
		err_set(err, -EFBIG, "%s is longer than %d KiB", path, LAB_FILE_MAX >> 10);
	else
		text[*len] = 0;
	close(fd);
	if (text && n >= 0 && *len < LAB_FILE_MAX)
		return text;
	free(text);
	return NULL;
}
