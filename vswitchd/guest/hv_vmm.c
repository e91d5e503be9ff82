/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hv_vmm.c - guests under our own programs, which speak one language: vnet-vmm (vmm/, on KVM) and
 * vnet-uml (vmm/uml/, User-mode Linux).
 */
#include <errno.h>
#include <string.h>

#include "lib/log.h"
#include "vswitchd/host/argv.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/guest/vm.h"

/* What both take. */
static void common(const char *program, const struct vm *vm, const struct vm_fds *fds,
		   struct argv *av)
{
	char mac[MAC_STR];

	argv_add(av, "%s", program);
	argv_add(av, "--name");
	argv_add(av, "%s", vm->name);
	argv_add(av, "--memory");
	argv_add(av, "%u", vm->memory_mib);
	argv_add(av, "--kernel-fd");
	argv_add(av, "%d", fds->kernel);
	if (fds->initrd >= 0) {
		argv_add(av, "--initrd-fd");
		argv_add(av, "%d", fds->initrd);
	}
	argv_add(av, "--append");
	argv_add(av, "%s", vm->append);
	for (unsigned int i = 0; i < vm->n_nics; i++) {
		argv_add(av, "--net");
		argv_add(av, "fd=%d,mac=%s", fds->taps[i], mac_format(&vm->nics[i].mac, mac));
	}
	argv_add(av, "--console-fd");
	argv_add(av, "%d", fds->console);
	argv_add(av, "--agent-fd");
	argv_add(av, "%d", fds->agent);
	argv_add(av, "--ctl-fd");
	argv_add(av, "%d", fds->ctl);
}

static int uml_command(const struct vm *vm, const struct vm_fds *fds, struct argv *av,
		       struct err *err)
{
	common(vm->d->hv.uml, vm, fds, av);
	if (fds->disk >= 0) {
		argv_add(av, "--disk-fd");
		argv_add(av, "%d", fds->disk);
	}
	if (fds->image >= 0) {
		argv_add(av, "--image-fd");
		argv_add(av, "%d", fds->image);
	}
	return av->full ? err_set(err, -ENOMEM, "memory is short") : 0;
}

static int vmm_command(const struct vm *vm, const struct vm_fds *fds, struct argv *av,
		       struct err *err)
{
	common(vm->d->hv.vmm, vm, fds, av);
	argv_add(av, "--cpus");
	argv_add(av, "%u", vm->cpus);
	if (fds->disk >= 0) {
		argv_add(av, "--disk");
		argv_add(av, "fd=%d", fds->disk);
	}
	if (fds->image >= 0) {
		argv_add(av, "--disk");
		argv_add(av, "fd=%d,ro", fds->image);
	}
	if (fds->kvm >= 0) {
		argv_add(av, "--kvm-fd");
		argv_add(av, "%d", fds->kvm);
	}
	return av->full ? err_set(err, -ENOMEM, "memory is short") : 0;
}

static void say(struct vm *vm, const char *cmd)
{
	hvctl_send(vm->ctl, json_pack("{s:s}", "cmd", cmd));
}

static void hello(struct vm *vm)
{
	say(vm, "status");
}

static void input(struct vm *vm, const json_t *msg)
{
	const char *state = json_string_value(json_object_get(msg, "state"));
	const char *error = json_string_value(json_object_get(msg, "error"));
	const char *event = json_string_value(json_object_get(msg, "event"));
	char shown[200];

	if (error)
		log_warn("guest %s: its %s: %s", vm->name, vm->hv->name,
			 str_escape(error, strlen(error), shown, sizeof(shown)));
	if (event && !strcmp(event, "reset"))
		vm_rebooted(vm);
	if (!state)
		return;
	if (!strcmp(state, "paused") && vm->state == VM_RUNNING)
		vm_set_state(vm, VM_PAUSED); /* adopted while it was paused */
	vm_hv_ready(vm);
}

static void pause_(struct vm *vm)
{
	say(vm, "pause");
}

static void resume(struct vm *vm)
{
	say(vm, "resume");
}

static void quit(struct vm *vm)
{
	say(vm, "quit");
}

static void link_(struct vm *vm, unsigned int nic, bool up)
{
	hvctl_send(vm->ctl,
		   json_pack("{s:s, s:i, s:b}", "cmd", "link", "nic", (int)nic, "up", (int)up));
}

/* Its NICs have no carrier that could be lost. What matters most about one that is back is told
 * in another way: the guest's init makes its DHCP clients ask again. */
static void uml_link(struct vm *vm, unsigned int nic, bool up)
{
	struct err err = {0};

	(void)nic;
	if (up && vm->agent && agent_send(vm->agent, "kill -HUP 1", &err))
		log_warn("guest %s: %s", vm->name, err.text);
}

const struct hv_ops hv_uml = {
	.name = "uml",
	.vnet_hdr = true,
	.command = uml_command,
	.hello = hello,
	.input = input,
	.pause = pause_,
	.resume = resume,
	.quit = quit,
	.link = uml_link,
};

const struct hv_ops hv_vmm = {
	.name = "kvm",
	.pc = true,
	.vnet_hdr = true,
	.command = vmm_command,
	.hello = hello,
	.input = input,
	.pause = pause_,
	.resume = resume,
	.quit = quit,
	.link = link_,
};
