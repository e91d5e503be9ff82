/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * up_address.c - waits until the guests that ask for an address have one.
 *
 * A lab that is "up" can then be looked at and checked at once. An address that does not come is
 * a note and no failure: which of the lab's own mistakes keeps it away is what a student is to
 * find out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lab/node.h"
#include "lab/up_parts.h"
#include "client/ctl.h"

enum { ADDRESS_WAIT_S = 15, ADDRESS_POLL_MS = 100 };

/* The daemon knows leases of its own; what a LAN's server gave, only the guest can tell. */
static bool nic_address(struct lab_run *r, const struct lab_node *node, size_t i,
			const json_t *known, be32 *out)
{
	struct err ignored;

	if (json_is_string(known))
		return !ip4_parse(json_string_value(known), out);
	return node->nics[i].net->mode == LAB_BRIDGE && !node_address(r, node, i, out, &ignored);
}

/* One look at the NICs of @node; @told has one flag for each. Returns how many have no address. */
static size_t node_poll(struct lab_run *r, const struct lab_node *node, const json_t *vm,
			bool told[])
{
	size_t missing = 0, i;
	json_t *nic;

	json_array_foreach (jarr(vm, "nics"), i, nic) {
		char text[IP4_STR];
		be32 addr;

		if (i >= node->n_nics || told[i] || lab_nic_how(&node->nics[i]) != LAB_ADDR_DHCP)
			continue;
		told[i] = nic_address(r, node, i, json_object_get(nic, "address"), &addr);
		missing += !told[i];
		if (told[i])
			progress_line(&r->progress, "address   %s.%s %s", node->name.s,
				      lab_nic_name(i), ip4_format(addr, text));
	}
	return missing;
}

/* @told has room for all NICs of the lab, node by node. */
static int poll_all(struct lab_run *r, bool told[], size_t *missing, struct err *err)
{
	json_t *vms = client_call(r->client, "vm.list", NULL, err), *vm;
	size_t i;

	if (!vms)
		return err->code;
	*missing = 0;
	for (size_t n = 0; n < r->lab->n_nodes; told += r->lab->nodes[n++].n_nics) {
		const struct lab_node *node = &r->lab->nodes[n];

		json_array_foreach (vms, i, vm) {
			if (node->kind == LAB_VM && run_wants(r, node) &&
			    !strcmp(jstr(vm, "name"), node->id))
				*missing += node_poll(r, node, vm, told);
		}
	}
	json_decref(vms);
	return 0;
}

int up_addresses_wait(struct lab_run *r, struct err *err)
{
	const struct timespec pause = {.tv_nsec = ADDRESS_POLL_MS * 1000000L};
	msec end = clock_now_ms() + ADDRESS_WAIT_S * 1000;
	size_t nics = 1, missing = 0;
	bool *told;
	int rc;

	for (size_t n = 0; n < r->lab->n_nodes; n++)
		nics += r->lab->nodes[n].n_nics;
	told = calloc(nics, sizeof(*told));
	rc = told ? 0 : err_set(err, -ENOMEM, "out of memory");
	while (!rc) {
		rc = poll_all(r, told, &missing, err);
		if (rc || !missing || clock_now_ms() > end)
			break;
		progress_wait(&r->progress, "waiting for %zu addresses", missing);
		if (nanosleep(&pause, NULL) < 0 && r->interrupted)
			rc = err_set(err, -EINTR, "interrupted");
	}
	if (!rc && missing)
		progress_line(&r->progress,
			      "note: %zu cards that ask for an address have none after %d s",
			      missing, ADDRESS_WAIT_S);
	free(told);
	return rc;
}
