/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_ctl.c - what a guest under vnet-vmm can be told on its control socket (ctl.h):
 *
 *	{"cmd":"status"}
 *	{"cmd":"pause"} {"cmd":"resume"} {"cmd":"reset"} {"cmd":"quit"}
 *	{"cmd":"link","nic":0,"up":false}
 */
#include <jansson.h>

#include "lib/addr.h"
#include "lib/clock.h"
#include "vmm/vm.h"

static json_t *nic_status(const struct virtio_net *n)
{
	char mac[MAC_STR];

	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:b}", "mac", mac_format(&n->mac, mac),
			 "rx_frames", (json_int_t)n->stats.rx_frames, "tx_frames",
			 (json_int_t)n->stats.tx_frames, "rx_drops", (json_int_t)n->stats.rx_drops,
			 "tx_drops", (json_int_t)n->stats.tx_drops, "link", n->link);
}

static json_t *cmd_status(void *ctx, json_t *request)
{
	struct vm *vm = ctx;

	json_t *nics = json_array(), *cpus = json_array();
	unsigned int i;

	(void)request;
	for (i = 0; i < vm->config.n_nics; i++)
		json_array_append_new(nics, nic_status(vm->nics[i]));
	for (i = 0; i < vm->config.n_cpus; i++)
		json_array_append_new(cpus,
				      json_pack("{s:I}", "exits", (json_int_t)vm->cpus[i].exits));
	return json_pack("{s:b, s:s, s:I, s:i, s:I, s:o, s:o}", "ok", 1, "state",
			 vm->paused ? "paused" : "running", "memory_mib",
			 (json_int_t)vm->config.memory_mib, "cpus", (int)vm->config.n_cpus,
			 "uptime_ms", (json_int_t)(clock_now_ms() - vm->created_ms), "nics", nics,
			 "vcpus", cpus);
}

static json_t *cmd_pause(void *ctx, json_t *request)
{
	struct vm *vm = ctx;

	(void)request;
	return vm_pause(vm) ? ctl_failure("the guest is paused already") : ctl_success();
}

static json_t *cmd_resume(void *ctx, json_t *request)
{
	struct vm *vm = ctx;

	(void)request;
	return vm_resume(vm) ? ctl_failure("the guest is not paused") : ctl_success();
}

static json_t *cmd_reset(void *ctx, json_t *request)
{
	struct vm *vm = ctx;

	(void)request;
	vm_reset(vm);
	return ctl_success();
}

static json_t *cmd_quit(void *ctx, json_t *request)
{
	struct vm *vm = ctx;

	(void)request;
	vm_quit(vm);
	return ctl_success();
}

static json_t *cmd_link(void *ctx, json_t *request)
{
	struct vm *vm = ctx;

	json_int_t nic;
	int up;

	if (json_unpack(request, "{s:I, s:b}", "nic", &nic, "up", &up))
		return ctl_failure("link needs \"nic\" (a number) and \"up\" (true or false)");
	if (nic < 0 || nic >= (json_int_t)vm->config.n_nics)
		return ctl_failure("the guest has no such network card");
	virtio_net_set_link(vm->nics[nic], up);
	return ctl_success();
}

static const struct ctl_command commands[] = {
	{"status", cmd_status}, {"pause", cmd_pause}, {"resume", cmd_resume}, {"reset", cmd_reset},
	{"quit", cmd_quit},	{"link", cmd_link},   {NULL, NULL},
};

int vm_ctl_open(struct vm *vm, int fd)
{
	return ctl_open(&vm->ctl, &vm->loop, commands, vm, fd);
}
