/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_lab.c - topology files: every file in tests/unit/lab against the messages that it must
 * give (NAME.expected; none: it is well formed), and what well-formed ones mean.
 *
 * GOLDEN_WRITE=1 writes the messages instead of comparing them, for a look at the difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <unistd.h>

#include <cmocka.h>

#include "lab/fmt.h"
#include "lab/parse.h"
#include "lab/subst.h"

#define FOLDER "tests/unit/lab"
enum { FILES_MAX = 128 };

static struct lab *parse_text(const char *text, char **messages)
{
	struct lab_errors errors = {.file = "lab.yaml"};
	struct lab *lab = lab_parse(text, strlen(text), NULL, &errors);
	size_t size;
	FILE *out = open_memstream(messages, &size);

	assert_non_null(out);
	lab_errors_print(&errors, out);
	fclose(out);
	lab_errors_fini(&errors);
	return lab;
}

static struct lab *good(const char *text)
{
	char *messages;
	struct lab *lab = parse_text(text, &messages);

	assert_string_equal(messages, "");
	assert_non_null(lab);
	free(messages);
	return lab;
}

static char *whole_file(const char *path)
{
	size_t len;

	return lab_file_read(path, &len, NULL);
}

/* @state: the path of a topology file. */
static void golden(void **state)
{
	const char *path = *state;
	char expected_path[512], *text = whole_file(path), *expected, *messages;
	struct lab *lab;

	assert_non_null(text);
	snprintf(expected_path, sizeof(expected_path), "%.*s.expected", (int)strlen(path) - 5,
		 path);
	lab = parse_text(text, &messages);
	assert_true(!lab == (*messages != 0));
	if (getenv("GOLDEN_WRITE") && *messages) {
		FILE *out = fopen(expected_path, "w");

		assert_non_null(out);
		fputs(messages, out);
		fclose(out);
	}
	expected = access(expected_path, R_OK) ? strdup("") : whole_file(expected_path);
	assert_string_equal(messages, expected);
	free(expected);
	free(messages);
	free(text);
	lab_destroy(lab);
}

static const char minimal[] =
	"version: 1\n"
	"name: two\n"
	"networks: {sw: {mode: lan-segment}, out: {mode: nat}}\n"
	"defaults: {memory: 1GiB}\n"
	"nodes:\n"
	"  h1: {interfaces: [{network: sw, address: 10.0.0.1/24}, {network: out}]}\n"
	"  h2: {interfaces: [{network: sw}], memory: 64MiB, forward: on}\n"
	"checks:\n"
	"  - {id: wire, ping: {from: h1, to: h2.eth0}, within: 2min, needs: [], points: 3}\n";

static void values(void **state)
{
	struct lab *lab = good(minimal);
	const struct lab_node *h1 = lab_node_find(lab, "h1"), *h2 = lab_node_find(lab, "h2");
	char text[IP4_PREFIX_STR];

	(void)state;
	assert_string_equal(lab->name.s, "two");
	assert_int_equal(lab->defaults.memory_mib.v, 1024);
	assert_int_equal(h2->machine.memory_mib.v, 64);
	assert_true(h2->forward.v);
	assert_int_equal(h1->kind, LAB_VM);
	assert_string_equal(ip4_prefix_format(h1->nics[0].address.p, text), "10.0.0.1/24");
	assert_ptr_equal(h1->nics[1].net, lab_net_find(lab, "out"));
	assert_int_equal(lab_nic_how(&h1->nics[1]), LAB_ADDR_DHCP);
	assert_int_equal(lab_nic_how(&h2->nics[0]), LAB_ADDR_NONE);
	assert_int_equal(lab->checks[0].within_ms.v, 120000);
	assert_int_equal(lab->checks[0].points.v, 3);
	lab_destroy(lab);
}

/* A MAC belongs to lab, node and NIC: the same each time, different for each. */
static void macs(void **state)
{
	struct lab *a = good(minimal), *b = good(minimal);
	const struct lab_node *h1 = lab_node_find(a, "h1");

	(void)state;
	assert_true(mac_equal(&h1->nics[0].mac, &lab_node_find(b, "h1")->nics[0].mac));
	assert_false(mac_equal(&h1->nics[0].mac, &h1->nics[1].mac));
	assert_false(mac_is_multicast(&h1->nics[0].mac));
	lab_destroy(a);
	lab_destroy(b);
}

static void nic_names(void **state)
{
	struct lab *lab = good(minimal);
	const struct lab_node *h1 = lab_node_find(lab, "h1");

	(void)state;
	assert_int_equal(lab_nic_index(h1, "eth0"), 0);
	assert_int_equal(lab_nic_index(h1, "eth1"), 1);
	assert_int_equal(lab_nic_index(h1, "eth2"), -1);
	assert_int_equal(lab_nic_index(h1, "eth"), -1);
	assert_int_equal(lab_nic_index(h1, "eth00"), -1);
	assert_int_equal(lab_nic_index(h1, "0"), -1);
	lab_destroy(lab);
}

static bool value(void *ctx, const struct subst *what, char *buf, size_t size)
{
	(void)ctx;
	snprintf(buf, size, "<%s %d %s>", what->node->name.s, what->nic, what->mac ? "mac" : "ip");
	return strcmp(what->node->name.s, "h2") != 0;
}

static void placeholders(void **state)
{
	struct lab *lab = good(minimal);
	const char *missing;
	char bad[32], *text;

	(void)state;
	text = subst_text(lab, "a {h1.ip} {h1.eth1.mac} ${x} {a,b} {h1.x} {", value, NULL,
			  &missing);
	assert_string_equal(text, "a <h1 -1 ip> <h1 1 mac> ${x} {a,b} {h1.x} {");
	free(text);
	assert_null(subst_text(lab, "x {h2.ip}", value, NULL, &missing));
	assert_string_equal(missing, "{h2.ip}");
	assert_true(subst_known(lab, "{h1.eth0.ip} {}", bad, sizeof(bad)));
	assert_false(subst_known(lab, "{h1.eth0.ip} {h3.ip}", bad, sizeof(bad)));
	assert_string_equal(bad, "h3.ip");
	lab_destroy(lab);
}

/* An untidy file, and the same neatly; comments keep their places. */
static void fmt(void **state)
{
	static const char untidy[] = "# a lab\n"
				     "version:   1\n"
				     "name:  x   # its name\n"
				     "\n\n\n"
				     "networks: { sw: {mode : lan-segment ,mtu: 1500 } }\n"
				     "nodes:\n"
				     "     h1:\n"
				     "         interfaces: [ {network: sw},\n"
				     "                       {network: sw} ]   \n"
				     "     # the second\n"
				     "     h2:\n"
				     "         run:\n"
				     "         -   |\n"
				     "             echo a\n"
				     "               b\n"
				     "         - echo 'it''s'\n"
				     "checks:\n"
				     "-    id: a\n"
				     "     exec: {node: h1,\n"
				     "        command: \"x\"}\n"
				     "# end";
	static const char neat[] = "# a lab\n"
				   "version: 1\n"
				   "name: x # its name\n"
				   "\n"
				   "networks: {sw: {mode: lan-segment, mtu: 1500}}\n"
				   "nodes:\n"
				   "  h1:\n"
				   "    interfaces: [{network: sw},\n"
				   "                  {network: sw}]\n"
				   "  # the second\n"
				   "  h2:\n"
				   "    run:\n"
				   "      - |\n"
				   "        echo a\n"
				   "          b\n"
				   "      - echo 'it''s'\n"
				   "checks:\n"
				   "  - id: a\n"
				   "    exec: {node: h1,\n"
				   "       command: \"x\"}\n"
				   "# end\n";
	char *once = lab_fmt(untidy, strlen(untidy), NULL), *twice;

	(void)state;
	assert_non_null(once);
	assert_string_equal(once, neat);
	twice = lab_fmt(once, strlen(once), NULL);
	assert_non_null(twice);
	assert_string_equal(twice, once);
	free(once);
	free(twice);
	assert_null(lab_fmt("a: [", 4, NULL));
}

/* A seed gives the same values each time, and others to others; a name may be another than the
 * file's. */
static void seeds(void **state)
{
	static const char text[] =
		"version: 1\n"
		"name: v\n"
		"variables: {net: {subnet-from: 10.0.0.0/8, prefix: 24}}\n"
		"networks: {sw: {mode: internal, subnet: '{net}'}}\n"
		"nodes: {h1: {kind: namespace, interfaces: [{network: sw, "
		"address: '{net.7}/24'}, {veth: lan0, address: 192.0.2.1/24}]}}\n";
	const struct lab_options ann = {.name = "left", .seed = "ann"}, bob = {.seed = "bob"};
	struct lab_errors errors = {.file = "x"};
	struct lab *a = lab_parse(text, strlen(text), &ann, &errors);
	struct lab *a2 = lab_parse(text, strlen(text), &ann, &errors);
	struct lab *b = lab_parse(text, strlen(text), &bob, &errors);

	(void)state;
	assert_int_equal(errors.n, 0);
	assert_string_equal(a->variables[0].value, a2->variables[0].value);
	assert_string_not_equal(a->variables[0].value, b->variables[0].value);
	assert_int_equal(a->nets[0].subnet.p.addr, a->variables[0].subnet.addr);
	assert_int_equal(a->nodes[0].nics[0].address.p.addr, ip4_nth(a->variables[0].subnet, 7));
	assert_string_equal(a->nodes[0].id, "left.h1");
	assert_string_equal(a->nodes[0].nics[0].port, "left.h1.eth0");
	assert_string_equal(b->nodes[0].nics[0].port, "v.h1.eth0");
	/* Only under another name is the host's end of a veth called otherwise. */
	assert_string_equal(b->nodes[0].nics[1].host_end, "lan0");
	assert_string_not_equal(a->nodes[0].nics[1].host_end, "lan0");
	assert_in_range(strlen(a->nodes[0].nics[1].host_end), 1, IFNAME_MAX);
	lab_destroy(a);
	lab_destroy(a2);
	lab_destroy(b);
}

/* What nodes are that do not say, and on which hypervisor: asked for beside the file. */
static void kinds(void **state)
{
	static const char text[] = "version: 1\n"
				   "name: k\n"
				   "defaults: {kind: namespace, hypervisor: qemu}\n"
				   "networks: {sw: {mode: internal}}\n"
				   "nodes:\n"
				   "  a: {interfaces: [{network: sw}]}\n"
				   "  b: {kind: vm, interfaces: [{network: sw}]}\n"
				   "  c: {kind: namespace, interfaces: [{network: sw}]}\n";
	static const struct {
		const char *kind;
		enum lab_kind a;
		const char *hypervisor;
	} rows[] = {{NULL, LAB_NAMESPACE, "qemu"},
		    {"", LAB_NAMESPACE, "qemu"},
		    {"namespace", LAB_NAMESPACE, "qemu"},
		    {"vm", LAB_VM, "qemu"},
		    {"uml", LAB_VM, "uml"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct lab_options options = {.kind = rows[i].kind};
		struct lab_errors errors = {.file = "x"};
		struct lab *lab = lab_parse(text, strlen(text), &options, &errors);

		assert_non_null(lab);
		assert_int_equal(lab->nodes[0].kind, rows[i].a);
		assert_int_equal(lab->nodes[1].kind, LAB_VM);
		assert_int_equal(lab->nodes[2].kind, LAB_NAMESPACE);
		assert_string_equal(lab->defaults.hypervisor.s, rows[i].hypervisor);
		lab_destroy(lab);
	}
}

/* Every key of every table is in the JSON Schema, with what it takes. */
static void json_schema(void **state)
{
	json_t *schema = lab_schema_json(), *props = json_object_get(schema, "properties");
	json_t *check, *net, *mode;

	(void)state;
	assert_int_equal(json_array_size(json_object_get(schema, "required")), 3);
	check = json_object_get(json_object_get(json_object_get(props, "checks"), "items"),
				"properties");
	assert_non_null(json_object_get(check, "mac-table"));
	net = json_object_get(
		json_object_get(json_object_get(props, "networks"), "additionalProperties"),
		"properties");
	assert_non_null(json_object_get(net, "hub"));
	mode = json_object_get(json_object_get(net, "mode"), "enum");
	assert_int_equal(json_array_size(mode), 5);
	json_decref(schema);
}

/* At most twenty lines and how many more there are, in the file's order. */
static void many_errors(void **state)
{
	char *text, *messages, *line;
	struct lab *lab;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int lines = 0;

	(void)state;
	fputs("version: 1\nname: x\nnodes:\n", out);
	for (int i = 0; i < 50; i++)
		fprintf(out, "  n%d: {colour: red}\n", i);
	fclose(out);
	lab = parse_text(text, &messages);
	assert_null(lab);
	for (line = messages; *line; line++)
		lines += *line == '\n';
	assert_int_equal(lines, 21);
	assert_non_null(strstr(messages, "lab.yaml:4:8: unknown key 'colour'"));
	assert_non_null(strstr(messages, "lab.yaml: and 30 more\n"));
	free(messages);
	free(text);
}

static int is_yaml(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 5 && !strcmp(e->d_name + len - 5, ".yaml");
}

int main(void)
{
	const struct CMUnitTest fixed[] = {
		cmocka_unit_test(values),      cmocka_unit_test(macs),
		cmocka_unit_test(nic_names),   cmocka_unit_test(placeholders),
		cmocka_unit_test(many_errors), cmocka_unit_test(fmt),
		cmocka_unit_test(seeds),       cmocka_unit_test(kinds),
		cmocka_unit_test(json_schema),
	};
	struct CMUnitTest files[FILES_MAX] = {0};
	struct dirent **list;
	int n = scandir(FOLDER, &list, is_yaml, alphasort), failed;

	for (int i = 0; i < n && i < FILES_MAX; i++) {
		char *path;

		if (asprintf(&path, FOLDER "/%s", list[i]->d_name) < 0)
			return 1;
		files[i] = (struct CMUnitTest){list[i]->d_name, golden, NULL, NULL, path};
	}
	failed = cmocka_run_group_tests(fixed, NULL, NULL);
	failed += n > 0 ? _cmocka_run_group_tests("golden", files, (size_t)n, NULL, NULL) : 1;
	for (int i = 0; i < n; i++) {
		free(files[i].initial_state);
		free(list[i]);
	}
	free(list);
	return failed;
}
