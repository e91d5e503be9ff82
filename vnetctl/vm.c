/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm.c - guests: list, run, show, stop, kill, pause, resume, console, log, exec.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/setting_names.h"
#include "vnetctl/args.h"
#include "vnetctl/copy.h"
#include "vnetctl/nouns.h"
#include "client/table.h"
#include "vnetctl/vm.h"

static void nics_cell(struct table *t, const json_t *vm)
{
	char text[256] = "";
	size_t i, len = 0;
	json_t *nic;

	json_array_foreach (jarr(vm, "nics"), i, nic) {
		if (len < sizeof(text))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s:%s",
						i ? " " : "", jstr(nic, "net"),
						jstr(nic, "address"));
	}
	table_add(t, text);
}

static int vm_list(struct ctl *c, int argc, char **argv)
{
	static const char *const titles[] = {"NAME",	"STATE", "HYPERVISOR", ">MEMORY", ">CPUS",
					     ">UPTIME", ">PID",	 "~NICS",      "~REASON", NULL};
	struct table *t;
	json_t *r, *vm;
	size_t i;

	if (argc)
		return ctl_usage(c, "takes no arguments, but got '%s'", argv[0]);
	r = ctl_call(c, "vm.list", NULL);
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	t = table_create(titles);
	json_array_foreach (r, i, vm) {
		char up[32];

		table_add(t, jstr(vm, "name"));
		table_add(t, jstr(vm, "state"));
		table_add(t, jstr(vm, "hypervisor"));
		table_addf(t, "%lld MiB", (long long)jint(vm, "memory_mib"));
		table_addf(t, "%lld", (long long)jint(vm, "cpus"));
		table_add(t, human_seconds((double)jint(vm, "uptime_s"), up, sizeof(up)));
		table_addf(t, "%lld", (long long)jint(vm, "pid"));
		nics_cell(t, vm);
		table_add(t, jstr(vm, "reason"));
	}
	json_decref(r);
	table_finish(t, "no guests: start one with `vnetctl vm run NAME net=NET`");
	return CTL_OK;
}

static void print_vm(const json_t *vm)
{
	char rss[32], up[32];
	json_t *nic;
	size_t i;

	printf("%s is %s", jstr(vm, "name"), jstr(vm, "state"));
	if (json_is_string(json_object_get(vm, "reason")))
		printf(": %s", jstr(vm, "reason"));
	printf("\n  hypervisor %s, process %lld, %s resident\n", jstr(vm, "hypervisor"),
	       (long long)jint(vm, "pid"),
	       human_bytes((uint64_t)jint(vm, "rss_kib") << 10, rss, sizeof(rss)));
	printf("  memory     %lld MiB, %lld CPUs\n", (long long)jint(vm, "memory_mib"),
	       (long long)jint(vm, "cpus"));
	printf("  kernel     %s\n",
	       jstr(vm, "kernel")[0] ? jstr(vm, "kernel") : "from the network");
	if (json_is_string(json_object_get(vm, "image")))
		printf("  image      %s\n", jstr(vm, "image"));
	if (json_is_string(json_object_get(vm, "disk")))
		printf("  disk       %s\n", jstr(vm, "disk"));
	printf("  up         %s", human_seconds((double)jint(vm, "uptime_s"), up, sizeof(up)));
	if (json_is_integer(json_object_get(vm, "boot_ms")))
		printf(", booted in %.1f s", (double)jint(vm, "boot_ms") / 1000);
	putchar('\n');
	json_array_foreach (jarr(vm, "nics"), i, nic)
		printf("  %-10s %s (%s) %s %s, tap %s, port %s\n", jstr(nic, "name"),
		       jstr(nic, "net"), jstr(nic, "mode"), jstr(nic, "mac"), jstr(nic, "address"),
		       jstr(nic, "tap"), jstr(nic, "port"));
}

static int vm_show(struct ctl *c, int argc, char **argv)
{
	json_t *r;

	if (argc != 1)
		return ctl_usage(c, "wants one guest");
	r = ctl_call(c, "vm.show", json_pack("{s:s}", "vm", argv[0]));
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	print_vm(r);
	json_decref(r);
	return CTL_OK;
}

/* The length of the KEY=VALUE at @text: to the comma before the next one, for values are lists too
 * ("trunk=10,20,native=10"). */
static size_t nic_word(const char *text)
{
	const char *comma = strchrnul(text, ',');

	while (*comma && !memchr(comma + 1, '=', strcspn(comma + 1, ",")))
		comma = strchrnul(comma + 1, ',');
	return (size_t)(comma - text);
}

/* "NET[,mac=ADDR][,KEY=VALUE]..." to {"net":..,"mac":..}; NULL after saying what is wrong. */
static json_t *nic_parse(const struct ctl *c, const char *text)
{
	static const struct arg_key keys[] = {{"mac", ARG_STRING}, {0}};
	size_t len = strcspn(text, ",");
	json_t *nic;
	int rc = 0;

	if (!len) {
		ctl_usage(c, "'net=%s' names no network", text);
		return NULL;
	}
	nic = json_pack("{s:s%}", "net", text, len);
	for (text += len; !rc && *text; text += len) {
		char *word;

		len = nic_word(++text);
		word = strndup(text, len);
		rc = word ? args_settings(c, keys, port_setting_names, 1, &word, nic) : CTL_FAILED;
		free(word);
	}
	if (!rc)
		return nic;
	json_decref(nic);
	return NULL;
}

/* net= may come more than once; everything else is an ordinary setting. */
static int run_params(const struct ctl *c, int argc, char **argv, json_t *params)
{
	static const struct arg_key keys[] = {
		{"kernel", ARG_STRING},
		{"initrd", ARG_STRING},
		{"disk", ARG_STRING},
		{"memory", ARG_STRING},
		{"cpus", ARG_NUMBER},
		{"append", ARG_STRING},
		{"hostname", ARG_STRING},
		{"hypervisor", ARG_STRING},
		{"boot", ARG_STRING},
		{"image", ARG_STRING},
		{0},
	};
	json_t *nics = json_array();

	json_object_set_new(params, "nics", nics);
	for (int i = 0; i < argc; i++) {
		bool is_nic = !strncmp(argv[i], "net=", 4);
		json_t *nic = is_nic ? nic_parse(c, argv[i] + 4) : NULL;

		if (is_nic && !nic)
			return CTL_USAGE;
		if (is_nic)
			json_array_append_new(nics, nic);
		else if (args_pairs(c, keys, 1, argv + i, params))
			return CTL_USAGE;
	}
	return CTL_OK;
}

/* The daemon opens these files, and its working directory is not ours. */
static int absolute(json_t *params, const char *key)
{
	const char *path = json_string_value(json_object_get(params, key));
	char *full;

	if (!path)
		return 0;
	full = realpath(path, NULL);
	if (!full) {
		fprintf(stderr, "vnetctl: %s: no such file '%s'\n", key, path);
		return -1;
	}
	json_object_set_new(params, key, json_string(full));
	free(full);
	return 0;
}

/* A name stays one; a path, which has a slash in it, is made absolute. */
static int image_path(json_t *params)
{
	const char *image = json_string_value(json_object_get(params, "image"));

	return image && strchr(image, '/') ? absolute(params, "image") : 0;
}

static int vm_run(struct ctl *c, int argc, char **argv)
{
	json_t *params, *r;
	int rc;

	if (argc < 1 || strchr(argv[0], '='))
		return ctl_usage(c, "wants the guest's name first");
	params = json_pack("{s:s}", "name", argv[0]);
	rc = run_params(c, argc - 1, argv + 1, params);
	if (!rc && (absolute(params, "kernel") || absolute(params, "initrd") ||
		    absolute(params, "disk") || image_path(params)))
		rc = CTL_FAILED;
	if (rc) {
		json_decref(params);
		return rc;
	}
	r = ctl_call(c, "vm.run", params);
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	if (json_is_string(json_object_get(r, "note")))
		fprintf(stderr, "vnetctl: note: %s\n", jstr(r, "note"));
	json_decref(r);
	return CTL_OK;
}

static int vm_stop(struct ctl *c, int argc, char **argv)
{
	static const struct arg_key keys[] = {{"timeout", ARG_NUMBER}, {0}};
	json_t *params, *timeout, *given = json_object();
	int rc;

	if (argc < 1)
		rc = ctl_usage(c, "wants one guest");
	else
		rc = args_pairs(c, keys, argc - 1, argv + 1, given);
	if (rc) {
		json_decref(given);
		return rc;
	}
	params = json_pack("{s:s}", "vm", argv[0]);
	timeout = json_object_get(given, "timeout");
	if (timeout)
		json_object_set(params, "timeout_s", timeout);
	json_decref(given);
	return ctl_do(c, "vm.stop", params);
}

static int one_vm(struct ctl *c, const char *method, int argc, char **argv)
{
	if (argc != 1)
		return ctl_usage(c, "wants one guest");
	return ctl_do(c, method, json_pack("{s:s}", "vm", argv[0]));
}

static int vm_kill(struct ctl *c, int argc, char **argv)
{
	return one_vm(c, "vm.kill", argc, argv);
}

static int vm_pause(struct ctl *c, int argc, char **argv)
{
	return one_vm(c, "vm.pause", argc, argv);
}

static int vm_resume(struct ctl *c, int argc, char **argv)
{
	return one_vm(c, "vm.resume", argc, argv);
}

static int vm_log(struct ctl *c, int argc, char **argv)
{
	json_t *r, *text;

	if (argc != 1)
		return ctl_usage(c, "wants one guest");
	r = ctl_call(c, "vm.log", json_pack("{s:s}", "vm", argv[0]));
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	text = json_object_get(r, "text");
	fwrite(json_string_value(text), 1, json_string_length(text), stdout);
	json_decref(r);
	return CTL_OK;
}

static int vm_console(struct ctl *c, int argc, char **argv)
{
	bool watch = argc == 2 && !strcmp(argv[1], "watch");

	if (argc != 1 + watch)
		return ctl_usage(c, "wants one guest, and perhaps the word watch");
	return vm_console_run(c, argv[0], argv[0], watch);
}

static void print_stream(FILE *out, const json_t *text)
{
	if (json_is_string(text))
		fwrite(json_string_value(text), 1, json_string_length(text), out);
	fflush(out);
}

int exec_finish(struct ctl *c, json_t *result)
{
	int status;

	if (!result)
		return CTL_FAILED;
	status = (int)jint(result, "status");
	if (c->json) {
		ctl_print_json(result);
		return status;
	}
	print_stream(stdout, json_object_get(result, "stdout"));
	print_stream(stderr, json_object_get(result, "stderr"));
	json_decref(result);
	return status;
}

int exec_words(struct ctl *c, int n_names, int argc, char **argv, json_t *params, char **command)
{
	static const struct arg_key keys[] = {{"timeout", ARG_NUMBER}, {0}};
	json_t *given = json_object();
	int dash = n_names, rc;

	while (dash < argc && strcmp(argv[dash], "--"))
		dash++;
	if (argc < n_names || dash + 1 >= argc)
		rc = ctl_usage(c, "wants -- and a command");
	else
		rc = args_pairs(c, keys, dash - n_names, argv + n_names, given);
	if (!rc && json_object_get(given, "timeout"))
		json_object_set(params, "timeout_s", json_object_get(given, "timeout"));
	json_decref(given);
	*command = rc ? NULL : args_shell(argc - dash - 1, argv + dash + 1);
	return rc;
}

static int vm_exec(struct ctl *c, int argc, char **argv)
{
	json_t *params = json_object();
	char *command;
	int rc = exec_words(c, 1, argc, argv, params, &command);

	if (rc) {
		json_decref(params);
		return rc;
	}
	json_object_set_new(params, "vm", json_string(argv[0]));
	json_object_set_new(params, "command", json_string(command));
	free(command);
	return exec_finish(c, ctl_call(c, "vm.exec", params));
}

static int vm_copy(struct ctl *c, int argc, char **argv)
{
	struct copy copy = {.vm = true};
	struct copy_words w;

	if (!copy_max(&argc, argv, &copy))
		return ctl_usage(c, "'%s' is not a size like 100MiB or 2GiB", argv[argc]);
	if (argc != 2 || !copy_words(argv[0], argv[1], &w))
		return ctl_usage(c, "wants FILE GUEST:PATH or GUEST:PATH FILE");
	copy.node = w.node;
	return copy_run(c, &copy, &w);
}

static const struct verb verbs[] = {
	{"list", "", "all guests", vm_list},
	{"run",
	 "NAME [net=NET[,mac=ADDR][,KEY=VALUE]...]... [image=NAME|FILE] [kernel=FILE] [initrd=FILE]\n"
	 "           [disk=FILE] [memory=256MiB] [cpus=1] [hypervisor=auto|kvm|uml|qemu] [hostname=NAME]\n"
	 "           [append=WORDS] [boot=network]",
	 "start one", vm_run},
	{"show", "NAME", "everything about one", vm_show},
	{"stop", "NAME [timeout=SECONDS]", "power it off", vm_stop},
	{"kill", "NAME", "end it at once", vm_kill},
	{"pause", "NAME", "halt its CPUs", vm_pause},
	{"resume", "NAME", "let them go on", vm_resume},
	{"console", "NAME [watch]", "its console on this terminal; Ctrl-] leaves it", vm_console},
	{"log", "NAME", "what its console printed last", vm_log},
	{"copy", "FILE NAME:PATH | NAME:PATH FILE [max=1GiB]",
	 "copy a file or folder into it, or out of it", vm_copy},
	{"exec", "NAME [timeout=SECONDS] -- COMMAND", "run a command in it", vm_exec},
	{0},
};

const struct noun noun_vm = {
	"vm", "guests", verbs,
	"Each net= is one NIC, in order: the first is eth0 in the guest. `exec` prints what the\n"
	"command printed and exits with its status; one word after -- is shell text, several are a\n"
	"command and its arguments.\n"};
