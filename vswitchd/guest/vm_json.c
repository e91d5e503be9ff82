/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_json.c - a guest as clients see it, and as the state store keeps it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vswitchd/control/daemon.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/netdhcp.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/host/procfs.h"
#include "vswitchd/guest/vm.h"

static const char *const state_words[] = {"starting", "booting", "running", "paused",
					  "stopping", "stopped", "failed"};

const char *vm_state_word(enum vm_state state)
{
	return state_words[state];
}

static json_t *text_or_null(const char *s)
{
	return s[0] ? json_string(s) : json_null();
}

/* The address that our server leased, else the one that the guest itself claims by ARP. */
static json_t *nic_address(const struct net *net, const struct vm_nic *nic)
{
	char text[IP4_STR];
	const struct port *port = port_find(nic->port);
	be32 addr = net && net->dhcp ? netdhcp_addr_of(net, &nic->mac) : 0;

	if (!addr && port)
		addr = port->said_addr;
	return addr ? json_string(ip4_format(addr, text)) : json_null();
}

static json_t *nic_json(const struct vm *vm, unsigned int i)
{
	const struct vm_nic *nic = &vm->nics[i];
	const struct net *net = net_find(&vm->d->runner, nic->net);
	char name[16], mac[MAC_STR];

	snprintf(name, sizeof(name), "eth%u", i);
	return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s, s:o}", "name", name, "port", nic->port,
			 "net", nic->net, "mode", net ? net->conf.mode->name : NULL, "mac",
			 mac_format(&nic->mac, mac), "tap", nic->ifname, "address",
			 nic_address(net, nic));
}

json_t *vm_json(const struct vm *vm)
{
	bool alive = vm_alive(vm);
	json_t *nics = json_array();

	for (unsigned int i = 0; i < vm->n_nics; i++)
		json_array_append_new(nics, nic_json(vm, i));
	return json_pack(
		"{s:s, s:s, s:o, s:s, s:o, s:i, s:i, s:s, s:o, s:o, s:I, s:o, s:I, s:o, s:i, s:o}",
		"name", vm->name, "state", vm_state_word(vm->state), "reason",
		text_or_null(vm->reason), "hypervisor", vm->hv->name, "pid",
		alive ? json_integer(vm->pid) : json_null(), "memory_mib", (int)vm->memory_mib,
		"cpus", (int)vm->cpus, "kernel", vm->kernel, "image", text_or_null(vm->image),
		"disk", text_or_null(vm->disk), "uptime_s",
		(json_int_t)(alive ? (clock_now_ms() - vm->started_ms) / 1000 : 0), "boot_ms",
		vm->boot_ms >= 0 ? json_integer(vm->boot_ms) : json_null(), "rss_kib",
		(json_int_t)(alive ? proc_rss_kib(vm->pid) : 0), "lab", text_or_null(vm->lab),
		"consoles", alive ? (int)console_readers(vm->console) : 0, "nics", nics);
}

/* ---- the record ------------------------------------------------------------------------------ */

json_t *vm_doc(const struct vm *vm)
{
	char boot[37], mac[MAC_STR];
	json_t *nics = json_array();

	proc_boot_id(boot);
	for (unsigned int i = 0; i < vm->n_nics; i++)
		json_array_append_new(nics, json_pack("{s:s, s:s, s:s, s:s}", "port",
						      vm->nics[i].port, "net", vm->nics[i].net,
						      "ifname", vm->nics[i].ifname, "mac",
						      mac_format(&vm->nics[i].mac, mac)));
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:s, s:I,"
		" s:I, s:o}",
		"lab", vm->lab, "hostname", vm->hostname, "state", vm_state_word(vm->state),
		"reason", vm->reason, "hypervisor", vm->hv->name, "memory_mib", (int)vm->memory_mib,
		"cpus", (int)vm->cpus, "kernel", vm->kernel, "initrd", vm->initrd, "disk", vm->disk,
		"image", vm->image, "slot", (int)vm->slot, "pid", (int)vm->pid, "start_ticks",
		(json_int_t)vm->start_ticks, "boot_id", boot, "started_ms",
		(json_int_t)vm->started_ms, "boot_ms", (json_int_t)vm->boot_ms, "nics", nics);
}

static void get_text(const json_t *doc, const char *key, char *out, size_t size)
{
	const char *s = json_string_value(json_object_get(doc, key));

	snprintf(out, size, "%s", s ? s : "");
}

static json_int_t get_int(const json_t *doc, const char *key)
{
	return json_integer_value(json_object_get(doc, key));
}

static int nic_from_doc(struct vm *vm, const json_t *doc)
{
	struct vm_nic *nic = &vm->nics[vm->n_nics];
	const char *mac = json_string_value(json_object_get(doc, "mac"));

	if (vm->n_nics == VM_NICS_MAX || !mac || mac_parse(mac, &nic->mac))
		return -EINVAL;
	get_text(doc, "port", nic->port, sizeof(nic->port));
	get_text(doc, "net", nic->net, sizeof(nic->net));
	get_text(doc, "ifname", nic->ifname, sizeof(nic->ifname));
	vm->n_nics++;
	return 0;
}

int vm_from_doc(struct vm *vm, const json_t *doc)
{
	const char *state = json_string_value(json_object_get(doc, "state"));
	const char *hv = json_string_value(json_object_get(doc, "hypervisor"));
	json_t *nic;
	size_t i;

	vm->hv = hv_named(hv ? hv : "");
	if (!vm->hv)
		return -EINVAL;
	vm->state = VM_FAILED;
	for (i = 0; state && i < ARRAY_SIZE(state_words); i++)
		if (!strcmp(state, state_words[i]))
			vm->state = (enum vm_state)i;
	get_text(doc, "lab", vm->lab, sizeof(vm->lab));
	get_text(doc, "hostname", vm->hostname, sizeof(vm->hostname));
	get_text(doc, "reason", vm->reason, sizeof(vm->reason));
	get_text(doc, "kernel", vm->kernel, sizeof(vm->kernel));
	get_text(doc, "initrd", vm->initrd, sizeof(vm->initrd));
	get_text(doc, "disk", vm->disk, sizeof(vm->disk));
	get_text(doc, "image", vm->image, sizeof(vm->image));
	vm->memory_mib = (unsigned int)get_int(doc, "memory_mib");
	vm->cpus = (unsigned int)get_int(doc, "cpus");
	vm->slot = (unsigned int)get_int(doc, "slot");
	vm->pid = (pid_t)get_int(doc, "pid");
	vm->start_ticks = (uint64_t)get_int(doc, "start_ticks");
	vm->started_ms = (msec)get_int(doc, "started_ms");
	vm->boot_ms = get_int(doc, "boot_ms");
	json_array_foreach (json_object_get(doc, "nics"), i, nic)
		if (nic_from_doc(vm, nic))
			return -EINVAL;
	return 0;
}
