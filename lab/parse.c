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
	const char *v = schema_scalar(s, t);

	if (!v)
		return;
	if (!strcmp(v, "auto") || !strcmp(v, "kvm") || !strcmp(v, "qemu"))
		*(struct lab_text *)out = (struct lab_text){v, t->pos};
	else
		lab_error(s->errors, t->pos, "unknown hypervisor '%s': write auto, kvm or qemu", v);
}

#define MACHINE_KEYS(base)                                                                         \
	{"hypervisor", read_hypervisor, (base) + offsetof(struct lab_machine, hypervisor)},        \
		{"memory", read_memory, (base) + offsetof(struct lab_machine, memory_mib)},        \
		{"cpus", read_cpus, (base) + offsetof(struct lab_machine, cpus)},                  \
		{"kernel", read_text, (base) + offsetof(struct lab_machine, kernel)},              \
		{"initrd", read_text, (base) + offsetof(struct lab_machine, initrd)},              \
	{                                                                                          \
		"append", read_text, (base) + offsetof(struct lab_machine, append)                 \
	}

static void read_defaults(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {MACHINE_KEYS(0), {0}};

	schema_map(s, t, "defaults", keys, out);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static void read_kind(struct schema *s, const struct yaml_tree *t, void *out)
{
	const char *v = schema_scalar(s, t);

	if (v && !strcmp(v, "namespace"))
		*(enum lab_kind *)out = LAB_NAMESPACE;
	else if (v && !strcmp(v, "vm"))
		*(enum lab_kind *)out = LAB_VM;
	else if (v)
		lab_error(s->errors, t->pos, "unknown kind '%s': write vm or namespace", v);
}

static void read_nic_address(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_nic *nic = out;
	const char *v = schema_scalar(s, t);

	if (!v)
		return;
	if (!strcmp(v, "dhcp")) {
		nic->how = LAB_ADDR_DHCP;
	} else if (!strcmp(v, "none")) {
		nic->how = LAB_ADDR_NONE;
	} else {
		nic->how = LAB_ADDR_STATIC;
		read_prefix(s, t, &nic->address);
	}
}

static void read_mac(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_nic *nic = out;
	const char *v = schema_scalar(s, t);

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

static void read_nic(struct schema *s, const struct yaml_tree *t, struct lab_nic *nic)
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

	nic->pos = t->pos;
	schema_map_more(s, t, "an interface", keys, nic,
			&(struct schema_more){port_setting_names, &nic->settings});
}

static void read_nics(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_node *node = out;

	if (!schema_kind(s, t, YAML_LIST, "interfaces"))
		return;
	if (t->n > LAB_NICS_MAX) {
		lab_error(s->errors, t->pos, "a node has at most %d interfaces", LAB_NICS_MAX);
		return;
	}
	node->nics = lab_alloc(s->lab, t->n, sizeof(*node->nics));
	for (const struct yaml_tree *v = t->first; node->nics && v; v = v->next)
		read_nic(s, v, &node->nics[node->n_nics++]);
}

static void read_run(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_node *node = out;

	node->run = read_texts(s, t, "run", &node->n_run);
}

static void read_node(struct schema *s, const struct yaml_tree *t, struct lab_node *node)
{
	static const struct schema_key keys[] = {
		{"kind", read_kind, offsetof(struct lab_node, kind)},
		{"interfaces", read_nics, 0},
		{"forward", read_flag, offsetof(struct lab_node, forward)},
		{"masquerade", read_text, offsetof(struct lab_node, masquerade)},
		{"run", read_run, 0},
		MACHINE_KEYS(offsetof(struct lab_node, machine)),
		{0},
	};

	schema_map(s, t, "a node", keys, node);
}

static void read_nodes(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab *lab = out;

	if (!schema_kind(s, t, YAML_MAP, "nodes"))
		return;
	lab->nodes = lab_alloc(lab, t->n, sizeof(*lab->nodes));
	for (const struct yaml_tree *v = t->first; lab->nodes && v; v = v->next) {
		struct lab_node *node = &lab->nodes[lab->n_nodes++];

		read_key_name(s, v, &node->name);
		read_node(s, v, node);
	}
}

/* ---- the file -------------------------------------------------------------------------------- */

static void read_version(struct schema *s, const struct yaml_tree *t, void *out)
{
	const char *v = schema_scalar(s, t);

	(void)out;
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
		{"defaults", read_defaults, offsetof(struct lab, defaults)},
		{"networks", read_networks, 0},
		{"cables", read_cables, 0},
		{"nodes", read_nodes, 0},
		{"checks", read_checks, 0},
		{0},
	};

	if (!schema_kind(s, t, YAML_MAP, "a topology file"))
		return;
	schema_map(s, t, "a topology file", keys, s->lab);
	require(s, t, "version", "version: 1");
	require(s, t, "name", "name: my-lab");
	require(s, t, "nodes", "nodes: {h1: {}}");
}

struct lab *lab_parse(const char *text, size_t len, struct lab_errors *errors)
{
	struct lab *lab = lab_create();
	struct schema s = {.lab = lab, .errors = errors};
	const struct yaml_tree *t;

	if (!lab) {
		lab_error(errors, (struct lab_pos){0}, "out of memory");
		return NULL;
	}
	t = yaml_read(lab, text, len, errors);
	if (t) {
		read_lab(&s, t);
		lab_validate(lab, errors);
		lab_validate_cables(lab, errors);
		lab_validate_checks(lab, errors);
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
