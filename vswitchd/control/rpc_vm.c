/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_vm.c - vm.*, image.*
 */
#include <errno.h>
#include <string.h>

#include "vswitchd/control/daemon.h"
#include "vswitchd/control/firstuse.h"
#include "vswitchd/control/rpc.h"
#include "vswitchd/control/shortname.h"
#include "vswitchd/guest/image.h"
#include "vswitchd/guest/vm.h"

#define RUN_WAIT_S 10.
enum { STOP_GRACE_DEFAULT_S = 15 };

static int rpc_vm(const struct rpc *rpc, struct vm **out, struct err *err)
{
	const char *name = rpc_str(rpc, "vm");
	struct short_name s = {.name = name, .kind = "guest"};
	char shown[80];

	*out = vm_find(rpc->d, name);
	for (struct vm *vm = *out ? NULL : rpc->d->vms; vm; vm = vm->next)
		short_name_look(&s, vm->lab, vm->name, vm);
	if (s.n)
		return short_name_end(&s, (void **)out, err);
	if (*out)
		return 0;
	return err_set(err, -ENOENT, "there is no guest \"%s\" (see: vnetctl vm list)",
		       str_escape(name, strlen(name), shown, sizeof(shown)));
}

/* One whose process runs. */
static int rpc_vm_alive(const struct rpc *rpc, struct vm **out, struct err *err)
{
	int rc = rpc_vm(rpc, out, err);

	if (rc || vm_alive(*out))
		return rc;
	return err_set(err, -ESRCH, "guest \"%s\" is %s: %s", (*out)->name,
		       vm_state_word((*out)->state), (*out)->reason);
}

static int image_list_m(struct rpc *rpc, json_t **result, struct err *err)
{
	(void)err;
	*result = image_list(rpc->d);
	return 0;
}

static int vm_list_m(struct rpc *rpc, json_t **result, struct err *err)
{
	(void)err;
	*result = json_array();
	for (const struct vm *vm = rpc->d->vms; vm; vm = vm->next)
		json_array_append_new(*result, vm_json(vm));
	return 0;
}

static int vm_show_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct vm *vm;
	int rc = rpc_vm(rpc, &vm, err);

	*result = rc ? NULL : vm_json(vm);
	return rc;
}

static int vm_run_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct vm *vm;
	json_t *made = NULL, *nic;
	size_t i;
	int rc = 0;

	(void)result;
	if (rpc->d->stopping)
		return err_set(err, -ESHUTDOWN, "vswitchd is stopping");
	json_array_foreach (json_object_get(rpc->params, "nics"), i, nic)
		if (!rc)
			rc = firstuse_resolve(rpc->d, nic, &made, err);
	if (!rc)
		rc = vm_run(rpc, &vm, err);
	firstuse_end(rpc->d, made, rc);
	if (rc)
		return rc;
	vm->run_waits = rpc_defer(rpc);
	ev_timer_set(&vm->timer, RUN_WAIT_S, 0.);
	ev_timer_start(rpc->d->loop, &vm->timer);
	return RPC_LATER;
}

static int vm_stop_m(struct rpc *rpc, json_t **result, struct err *err)
{
	int64_t timeout_s;
	struct vm *vm;
	int rc = rpc_vm(rpc, &vm, err);

	if (!rc)
		rc = rpc_int(rpc, "timeout_s", 0, RPC_TIMEOUT_MAX_S, STOP_GRACE_DEFAULT_S,
			     &timeout_s, err);
	if (rc)
		return rc;
	if (!vm_alive(vm)) {
		vm_free(vm);
		*result = json_object();
		return 0;
	}
	if (vm->stop_waits)
		return err_set(err, -EALREADY, "guest \"%s\" is being stopped already", vm->name);
	vm->stop_waits = rpc_defer(rpc);
	vm_stop(vm, (unsigned int)timeout_s * 1000);
	return RPC_LATER;
}

static int vm_kill_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct vm *vm;
	int rc = rpc_vm(rpc, &vm, err);

	if (rc)
		return rc;
	if (!vm_alive(vm)) {
		vm_free(vm);
		*result = json_object();
		return 0;
	}
	if (vm->kill_waits)
		return err_set(err, -EALREADY, "guest \"%s\" is being killed already", vm->name);
	vm->kill_waits = rpc_defer(rpc);
	vm_kill(vm);
	return RPC_LATER;
}

static int vm_pause_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct vm *vm;
	int rc = rpc_vm_alive(rpc, &vm, err);

	if (rc)
		return rc;
	if (vm->state != VM_RUNNING)
		return err_set(err, -EINVAL, "guest \"%s\" is %s, not running", vm->name,
			       vm_state_word(vm->state));
	vm->hv->pause(vm);
	vm_set_state(vm, VM_PAUSED);
	*result = vm_json(vm);
	return 0;
}

static int vm_resume_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct vm *vm;
	int rc = rpc_vm_alive(rpc, &vm, err);

	if (rc)
		return rc;
	if (vm->state != VM_PAUSED)
		return err_set(err, -EINVAL, "guest \"%s\" is %s, not paused", vm->name,
			       vm_state_word(vm->state));
	vm->hv->resume(vm);
	vm_set_state(vm, VM_RUNNING);
	*result = vm_json(vm);
	return 0;
}

static int vm_exec_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct agent_command x = {
		.text = rpc_str(rpc, "command"),
		.patient = json_is_true(json_object_get(rpc->params, "patient")),
	};
	struct rpc_later *later;
	struct err exec_err = {0};
	struct vm *vm;
	int rc = rpc_vm_alive(rpc, &vm, err);

	(void)result;
	if (!rc)
		rc = rpc_exec_timeout(rpc, &x.timeout_ms, err);
	if (rc)
		return rc;
	if (vm->state != VM_RUNNING && !vm_boots(vm))
		return err_set(err, -EAGAIN, "guest \"%s\" is %s: commands run when it is running",
			       vm->name, vm_state_word(vm->state));
	rc = rpc_exec_input(rpc, &x.input, &x.input_len, err);
	if (!rc)
		rc = undo_set(rpc, vm->name, true, err);
	later = rc ? NULL : rpc_defer(rpc);
	if (!later) {
		free(x.input);
		return rc ? rc : err_set(err, -ENOMEM, "memory is short");
	}
	if (agent_exec(vm->agent, &x, later, &exec_err))
		rpc_finish(later, NULL, &exec_err);
	return RPC_LATER;
}

static int vm_console_m(struct rpc *rpc, json_t **result, struct err *err)
{
	const char *mode = rpc_str(rpc, "mode");
	unsigned int others;
	struct vm *vm;
	int rc = rpc_vm_alive(rpc, &vm, err);

	if (rc)
		return rc;
	if (mode && strcmp(mode, "watch") && strcmp(mode, "type"))
		return err_set(err, -EINVAL, "parameter \"mode\" must be type or watch");
	others = console_readers(vm->console);
	rpc->fd = console_attach(vm->console, mode && !strcmp(mode, "watch"), err);
	if (rpc->fd < 0)
		return err->code;
	*result = json_pack("{s:i}", "others", (int)others);
	return 0;
}

static int vm_window_m(struct rpc *rpc, json_t **result, struct err *err)
{
	int64_t rows, cols;
	struct vm *vm;
	int rc = rpc_vm_alive(rpc, &vm, err);

	if (!rc)
		rc = rpc_int(rpc, "rows", 1, UINT16_MAX, 24, &rows, err);
	if (!rc)
		rc = rpc_int(rpc, "columns", 1, UINT16_MAX, 80, &cols, err);
	if (rc)
		return rc;
	vm->rows = (unsigned int)rows;
	vm->cols = (unsigned int)cols;
	if (vm->state == VM_RUNNING)
		agent_window(vm->agent, vm->rows, vm->cols);
	*result = json_object();
	return 0;
}

static int vm_log_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct vm *vm;
	int rc = rpc_vm(rpc, &vm, err);

	if (rc)
		return rc;
	if (!vm->console)
		return err_set(err, -ENODATA, "nothing is kept of guest \"%s\"'s console",
			       vm->name);
	*result = json_pack("{s:o}", "text", console_log(vm->console));
	return 0;
}

const struct rpc_method rpc_vm_methods[] = {
	{"image.list", image_list_m, "", false},
	{"vm.list", vm_list_m, "", false},
	{"vm.show", vm_show_m, "vm!", false},
	{"vm.run", vm_run_m,
	 "name! nics:a image kernel initrd disk memory cpus:i hypervisor append hostname boot lab",
	 false},
	{"vm.stop", vm_stop_m, "vm! timeout_s:i", false},
	{"vm.kill", vm_kill_m, "vm!", false},
	{"vm.pause", vm_pause_m, "vm!", false},
	{"vm.resume", vm_resume_m, "vm!", false},
	{"vm.exec", vm_exec_m, "vm! command! timeout_s:i patient:b input undo", false},
	{"vm.console", vm_console_m, "vm! mode", false},
	{"vm.window", vm_window_m, "vm! rows:i columns:i", false},
	{"vm.log", vm_log_m, "vm!", false},
	{0},
};
