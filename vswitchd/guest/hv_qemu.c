/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hv_qemu.c - guests under QEMU without KVM (TCG).
 *
 * The same image on the same tap, serial lines and sockets as under vnet-vmm, so that a lab runs
 * where KVM can't, only slower. The control socket speaks QMP: a greeting, then commands in any
 * order once qmp_capabilities has been accepted; answers are told apart by the id we give.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "vswitchd/host/argv.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/guest/vm.h"

static void add_socket(struct argv *av, const char *id, int fd)
{
	argv_add(av, "-chardev");
	argv_add(av, "socket,id=%s,fd=%d,server=on,wait=off", id, fd);
}

static void add_nic(struct argv *av, const struct vm *vm, unsigned int i, int tap)
{
	char mac[MAC_STR];

	argv_add(av, "-netdev");
	argv_add(av, "tap,id=n%u,fd=%d", i, tap);
	argv_add(av, "-device");
	/* romfile=: no network boot, and no option ROM to wait for; else QEMU's own iPXE is in it
	 */
	argv_add(av, "virtio-net-pci,id=nic%u,netdev=n%u,mac=%s%s", i, i,
		 mac_format(&vm->nics[i].mac, mac),
		 i || vm->kernel[0] ? ",romfile=" : ",bootindex=1");
}

/* The format is named: were it guessed from the disk's first bytes, which are the guest's, a guest
 * could make QEMU open other files for it. */
static void add_disk(struct argv *av, int fd, bool qcow2)
{
	argv_add(av, "-add-fd");
	argv_add(av, "fd=%d,set=1", fd);
	argv_add(av, "-drive");
	argv_add(av, "if=none,id=d0,file=/dev/fdset/1,auto-read-only=off,format=%s",
		 qcow2 ? "qcow2" : "raw");
	argv_add(av, "-device");
	argv_add(av, "virtio-blk-pci,drive=d0");
}

/* Behind the guest's own disk. Many guests have it open, none may write. */
static void add_image(struct argv *av, int fd)
{
	argv_add(av, "-add-fd");
	argv_add(av, "fd=%d,set=2", fd);
	argv_add(av, "-drive");
	argv_add(av, "if=none,id=d1,file=/dev/fdset/2,read-only=on,format=raw");
	argv_add(av, "-device");
	argv_add(av, "virtio-blk-pci,drive=d1");
}

/* Translated code may take 20 MiB, not QEMU's gigabyte: booting fills 60, of which nearly all is
 * run once. When it is full it starts afresh, which costs less than can be measured. */
#define TCG "tcg,thread=multi,tb-size=20"

static void add_machine(struct argv *av, const struct vm *vm)
{
	static const char *const fixed[] = {
		"-nodefaults", "-no-user-config", "-display", "none",
		/* microvm boots a quarter faster, but under TCG on a busy host it hangs before its
		 * first line of output */
		"-accel", TCG, "-cpu", "max,-la57",
		/* QEMU parses what guests send: leave it nothing to gain */
		"-sandbox",
		"on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
		"-device", "virtio-rng-pci",
		/* what the guest does not use goes back to the host */
		"-device", "virtio-balloon-pci,free-page-reporting=on"};

	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		argv_add(av, "%s", fixed[i]);
	/* Without graphics the firmware writes to the first serial line. */
	argv_add(av, "-machine");
	argv_add(av, "q35,sata=off,smbus=off%s", vm->kernel[0] ? "" : ",graphics=off");
	argv_add(av, "-name");
	argv_add(av, "%s", vm->name);
	argv_add(av, "-smp");
	argv_add(av, "%u", vm->cpus);
	argv_add(av, "-m");
	argv_add(av, "%u", vm->memory_mib);
}

static void add_kernel(struct argv *av, const struct vm *vm, const struct vm_fds *fds)
{
	if (fds->kernel < 0)
		return;
	argv_add(av, "-kernel");
	argv_add(av, "/proc/self/fd/%d", fds->kernel);
	if (fds->initrd >= 0) {
		argv_add(av, "-initrd");
		argv_add(av, "/proc/self/fd/%d", fds->initrd);
	}
	argv_add(av, "-append");
	argv_add(av, "%s", vm->append);
}

static int command(const struct vm *vm, const struct vm_fds *fds, struct argv *av, struct err *err)
{
	argv_add(av, "%s", vm->d->hv.qemu);
	add_machine(av, vm);
	add_kernel(av, vm, fds);
	add_socket(av, "console", fds->console);
	argv_add(av, "-serial");
	argv_add(av, "chardev:console");
	add_socket(av, "agent", fds->agent);
	argv_add(av, "-device");
	argv_add(av, "isa-serial,chardev=agent,index=1");
	add_socket(av, "qmp", fds->ctl);
	argv_add(av, "-mon");
	argv_add(av, "chardev=qmp,mode=control");
	for (unsigned int i = 0; i < vm->n_nics; i++)
		add_nic(av, vm, i, fds->taps[i]);
	if (fds->disk >= 0)
		add_disk(av, fds->disk, vm->qcow2);
	if (fds->image >= 0)
		add_image(av, fds->image);
	return av->full ? err_set(err, -ENOMEM, "memory is short") : 0;
}

static void execute(struct vm *vm, const char *cmd, json_t *args)
{
	json_t *msg = json_pack("{s:s, s:s}", "execute", cmd, "id", cmd);

	if (args)
		json_object_set_new(msg, "arguments", args);
	hvctl_send(vm->ctl, msg);
}

static void hello(struct vm *vm)
{
	/* QMP greets first; what we would say before its greeting would be refused. */
	(void)vm;
}

static void answer(struct vm *vm, const char *id, const json_t *result)
{
	const char *status = json_string_value(json_object_get(result, "status"));

	if (!strcmp(id, "qmp_capabilities"))
		execute(vm, "query-status", NULL);
	if (strcmp(id, "query-status"))
		return;
	if (status && !strcmp(status, "paused") && vm->state == VM_RUNNING)
		vm_set_state(vm, VM_PAUSED); /* adopted while it was paused */
	vm_hv_ready(vm);
}

static bool is_guest_reset(const json_t *msg)
{
	const char *event = json_string_value(json_object_get(msg, "event"));

	return event && !strcmp(event, "RESET") &&
	       json_is_true(json_object_get(json_object_get(msg, "data"), "guest"));
}

static void input(struct vm *vm, const json_t *msg)
{
	const char *id = json_string_value(json_object_get(msg, "id"));
	const json_t *result = json_object_get(msg, "return");
	const char *desc =
		json_string_value(json_object_get(json_object_get(msg, "error"), "desc"));
	char shown[200];

	if (is_guest_reset(msg))
		vm_rebooted(vm);
	else if (json_object_get(msg, "QMP"))
		execute(vm, "qmp_capabilities", NULL);
	else if (id && result)
		answer(vm, id, result);
	else if (desc)
		log_warn("guest %s: QEMU refuses %s: %s", vm->name, id ? id : "a command",
			 str_escape(desc, strlen(desc), shown, sizeof(shown)));
}

static void pause_(struct vm *vm)
{
	execute(vm, "stop", NULL);
}

static void resume(struct vm *vm)
{
	execute(vm, "cont", NULL);
}

static void quit(struct vm *vm)
{
	execute(vm, "quit", NULL);
}

static void link_(struct vm *vm, unsigned int nic, bool up)
{
	char name[16];

	snprintf(name, sizeof(name), "nic%u", nic);
	execute(vm, "set_link", json_pack("{s:s, s:b}", "name", name, "up", (int)up));
}

const struct hv_ops hv_qemu = {
	.name = "qemu",
	.pc = true,
	.vnet_hdr = true,
	.command = command,
	.hello = hello,
	.input = input,
	.pause = pause_,
	.resume = resume,
	.quit = quit,
	.link = link_,
};
