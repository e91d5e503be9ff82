/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/preflight.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl.h"

/* What a guest has when the file doesn't say; a namespace's share of the daemon, its commands and
 * taps, measured with room. */
enum { GUEST_MIB = 256, NAMESPACE_MIB = 8 };

unsigned int host_memory_mib(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long kib = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %lu kB", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return (unsigned int)(kib >> 10);
}

unsigned int host_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (unsigned int)n : 1;
}

unsigned int lab_memory_mib(const struct lab *lab)
{
	unsigned int sum = 0;

	if (lab->requires.memory_mib.given)
	return lab->requires.memory_mib.v;
	for (size_t i = 0; i < lab->n_nodes; i++) {
		const struct lab_node *node = &lab->nodes[i];

		sum += node->kind == LAB_NAMESPACE	? NAMESPACE_MIB
		       : node->machine.memory_mib.given ? node->machine.memory_mib.v
		       : lab->defaults.memory_mib.given ? lab->defaults.memory_mib.v
							: GUEST_MIB;
	}
	return sum;
}

static bool program_here(const char *name)
{
	const char *path = getenv("PATH");
	char file[512];

	for (size_t len; path && *path; path += len + (path[len] == ':')) {
		len = strcspn(path, ":");
		snprintf(file, sizeof(file), "%.*s/%s", (int)len, path, name);
		if (!access(file, X_OK))
			return true;
	}
	return false;
}

static void add(char *list, size_t size, const char *text)
{
	size_t len = strlen(list);

	snprintf(list + len, size - len, "%s%s", len ? "; " : "", text);
}

static void check_kvm(struct lab_run *r, char *list, size_t size)
{
	struct err ignored;
	json_t *status = client_call(r->client, "status", NULL, &ignored);

	if (strcmp(jstr(status, "hypervisor"), "kvm") != 0)
		add(list, size, "KVM, which can't run Linux here (`vnetctl doctor` says why)");
	json_decref(status);
}

int lab_preflight(struct lab_run *r, struct err *err)
{
	const struct lab_requires *req = &r->lab->requires;
	char missing[600] = "", text[160];

	if (req->memory_mib.given && host_memory_mib() < req->memory_mib.v) {
		snprintf(text, sizeof(text), "%u MiB of memory, of which %u are free",
			 req->memory_mib.v, host_memory_mib());
		add(missing, sizeof(missing), text);
	}
	if (req->cpus.given && host_cpus() < req->cpus.v) {
		snprintf(text, sizeof(text), "%u CPUs, of which there are %u", req->cpus.v,
			 host_cpus());
		add(missing, sizeof(missing), text);
	}
	if (req->kvm.v)
		check_kvm(r, missing, sizeof(missing));
	for (size_t i = 0; i < req->n_programs; i++)
		if (!program_here(req->programs[i].s)) {
			snprintf(text, sizeof(text), "the program '%.60s' on this host",
				 req->programs[i].s);
			add(missing, sizeof(missing), text);
		}
	return *missing ? err_set(err, -EOPNOTSUPP, "lab '%s' requires %s", r->lab->name.s, missing)
			: 0;
}
