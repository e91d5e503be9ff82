/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm.c - the life of a guest.
 *
 *	STARTING --control socket answers--> BOOTING --agent speaks--> RUNNING <--> PAUSED
 *	any --vm.stop, vm.kill, end of the daemon--> STOPPING --process ends--> (off the list)
 *	any --process ends by itself--> STOPPED (status 0) or FAILED, on the list with a reason
 *
 * The process is watched by its pidfd, which works for our own children and for adopted guests
 * alike. Its taps live as long as it does, as only it holds their descriptors; its ports are
 * deleted here when it has ended. A guest that ended stays listed without port, tap, socket or
 * process until vm.kill or the next vm.run of its name.
 */
#include "vswitchd/guest/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/log.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/control/events.h"
#include "vswitchd/control/kept.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/control/objects.h"
#include "vswitchd/host/proc.h"
#include "vswitchd/host/procfs.h"
#include "vswitchd/control/rpc.h"
#include "vswitchd/host/state.h"

/* ---- the list -------------------------------------------------------------------------------- */

unsigned int vm_count(const struct daemon *d)
{
	unsigned int n = 0;

	for (const struct vm *vm = d->vms; vm; vm = vm->next)
		n++;
	return n;
}

struct vm *vm_find(struct daemon *d, const char *name)
{
	struct vm *vm = d->vms;

	while (vm && strcmp(vm->name, name))
		vm = vm->next;
	return vm;
}

static unsigned int free_slot(const struct daemon *d)
{
	unsigned int slot = 0;

	for (const struct vm *vm = d->vms; vm;) {
		if (vm->slot == slot) {
			slot++;
			vm = d->vms;
		} else {
			vm = vm->next;
		}
	}
	return slot;
}

struct vm *vm_new(struct daemon *d, const char *name)
{
	struct vm *vm = calloc(1, sizeof(*vm)), **link = &d->vms;

	if (!vm)
		return NULL;
	vm->d = d;
	vm->slot = free_slot(d);
	snprintf(vm->name, sizeof(vm->name), "%s", name);
	vm->pidfd = vm->dir_fd = -1;
	vm->boot_ms = -1;
	while (*link)
		link = &(*link)->next;
	*link = vm;
	return vm;
}

bool vm_alive(const struct vm *vm)
{
	return vm->pidfd >= 0;
}

bool vm_boots(const struct vm *vm)
{
	return vm->state == VM_STARTING || vm->state == VM_BOOTING;
}

int vm_record(const struct vm *vm, struct err *err)
{
	json_t *doc = vm_doc(vm);
	int rc = state_put("vm", vm->name, doc, err);

	json_decref(doc);
	return rc;
}

static void record_or_warn(const struct vm *vm)
{
	struct err err = {0};

	if (vm_record(vm, &err))
		log_warn("%s", err.text);
}

void vm_set_state(struct vm *vm, enum vm_state state)
{
	if (vm->state == state)
		return;
	vm->state = state;
	log_debug("guest %s: %s", vm->name, vm_state_word(state));
	events_send(vm->d, "vm.state",
		    json_pack("{s:s, s:s, s:s?}", "vm", vm->name, "state", vm_state_word(state),
			      "reason", vm->reason[0] ? vm->reason : NULL));
}

/* ---- replies that wait for this guest -------------------------------------------------------- */

static void finish(struct rpc_later **later, json_t *result, const struct err *err)
{
	struct rpc_later *l = *later;

	*later = NULL;
	if (l)
		rpc_finish(l, result, err);
	else
		json_decref(result);
}

static void run_done(struct vm *vm)
{
	json_t *result;

	if (!vm->run_waits)
		return;
	ev_timer_stop(vm->d->loop, &vm->timer);
	result = vm_json(vm);
	if (vm->note[0])
		json_object_set_new(result, "note", json_string(vm->note));
	finish(&vm->run_waits, result, NULL);
}

static void timer_cb(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	struct vm *vm = w->data;

	(void)loop;
	(void)revents;
	if (vm->state == VM_STOPPING)
		vm_kill(vm);
	else
		run_done(vm); /* slow to start, but there */
}

/* ---- the end --------------------------------------------------------------------------------- */

static void remove_files(struct vm *vm)
{
	static const char *const files[] = {"console.sock", "agent.sock", "ctl.sock", "log"};
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		unlinkat(vm->dir_fd, files[i], 0);
	snprintf(path, sizeof(path), "%s/vm/%s", state_dir(), vm->name);
	rmdir(path);
}

/* Close all that belongs to the process; the list entry stays. */
static void detach(struct vm *vm)
{
	if (vm->pidfd >= 0) {
		ev_io_stop(vm->d->loop, &vm->exited);
		close(vm->pidfd);
		vm->pidfd = -1;
	}
	ev_timer_stop(vm->d->loop, &vm->timer);
	hvctl_close(vm->ctl);
	agent_close(vm->agent);
	console_end(vm->console);
	vm->ctl = NULL;
	vm->agent = NULL;
	for (unsigned int i = 0; i < vm->n_nics; i++) {
		struct port *port = port_find(vm->nics[i].port);

		if (port)
			port_del(port, true);
	}
	if (vm->dir_fd >= 0) {
		remove_files(vm);
		close(vm->dir_fd);
		vm->dir_fd = -1;
	}
}

static void kill_now(struct vm *vm)
{
	struct pollfd pfd = {.fd = vm->pidfd, .events = POLLIN};

	syscall(SYS_pidfd_send_signal, vm->pidfd, SIGKILL, NULL, 0);
	poll(&pfd, 1, 2000);
	if (vm->child)
		waitpid(vm->pid, NULL, WNOHANG);
}

void vm_free(struct vm *vm)
{
	struct daemon *d = vm->d;
	struct vm **link = &d->vms;

	if (vm_alive(vm))
		kill_now(vm);
	detach(vm);
	console_close(vm->console);
	while (*link != vm)
		link = &(*link)->next;
	*link = vm->next;
	state_del("vm", vm->name, NULL);
	for (unsigned int i = 0; i < vm->n_nics; i++)
		kept_port_forget(vm->nics[i].port);
	finish(&vm->stop_waits, json_object(), NULL);
	finish(&vm->kill_waits, json_object(), NULL);
	free(vm);
	if (d->stopping && !d->vms)
		ev_break(d->loop, EVBREAK_ALL);
}

/* Its process ended: close what it had, remember why. */
static void ended(struct vm *vm, enum vm_state state, const char *reason)
{
	struct err err;

	snprintf(vm->reason, sizeof(vm->reason), "%s", reason);
	if (vm->state == VM_STOPPING) {
		log_info("guest %s is off", vm->name);
		events_send(vm->d, "vm.gone", json_pack("{s:s}", "vm", vm->name));
		vm_free(vm);
		return;
	}
	if (vm->run_waits) { /* nothing half-made: it never was */
		err_set(&err, -ECANCELED, "guest \"%s\" did not start: %s", vm->name, reason);
		finish(&vm->run_waits, NULL, &err);
		vm_free(vm);
		return;
	}
	detach(vm);
	log_warn("guest %s: %s", vm->name, reason);
	vm_set_state(vm, state);
	record_or_warn(vm);
}

/* The last line that the process wrote to its log, for people. */
static void last_words(const struct vm *vm, char *out, size_t size)
{
	char buf[1024];
	int fd = openat(vm->dir_fd, "log", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	off_t end = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
	off_t start = end > (off_t)sizeof(buf) ? end - (off_t)sizeof(buf) : 0;
	ssize_t n = fd >= 0 ? pread(fd, buf, sizeof(buf), start) : -1;
	const char *line;

	if (fd >= 0)
		close(fd);
	while (n > 0 && buf[n - 1] == '\n')
		n--;
	line = n > 0 ? memrchr(buf, '\n', (size_t)n) : NULL;
	line = line ? line + 1 : buf;
	str_escape(line, n > 0 ? (size_t)(buf + n - line) : 0, out, size);
}

static void name_end(const struct vm *vm, int status, char *out, size_t size)
{
	char words[400];

	last_words(vm, words, sizeof(words));
	if (!vm->child)
		snprintf(out, size, "its process ended%s%s", words[0] ? ": " : "", words);
	else if (WIFSIGNALED(status))
		snprintf(out, size, "its process was killed by signal %d (%s)%s%s",
			 WTERMSIG(status), strsignal(WTERMSIG(status)), words[0] ? ": " : "",
			 words);
	else if (WEXITSTATUS(status) == 0)
		snprintf(out, size, "powered off by the guest");
	else
		snprintf(out, size, "its process ended with status %d%s%s", WEXITSTATUS(status),
			 words[0] ? ": " : "", words);
}

static void exited_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct vm *vm = w->data;
	char reason[500];
	int status = 0;

	(void)loop;
	(void)revents;
	if (vm->child && waitpid(vm->pid, &status, WNOHANG) == 0)
		return;
	name_end(vm, status, reason, sizeof(reason));
	ended(vm, vm->child && status == 0 ? VM_STOPPED : VM_FAILED, reason);
}

/* A root file system of somebody's own may have no program for it; our init takes the signal. */
static const char power_off[] = "poweroff 2>/dev/null || kill -USR2 1";

/* ---- the beginning --------------------------------------------------------------------------- */

int vm_attach(struct vm *vm, struct err *err)
{
	vm->pidfd = (int)syscall(SYS_pidfd_open, vm->pid, 0);
	if (vm->pidfd < 0)
		return err_sys(err, -errno, "cannot watch process %d", (int)vm->pid);
	ev_io_init(&vm->exited, exited_cb, vm->pidfd, EV_READ);
	vm->exited.data = vm;
	ev_io_start(vm->d->loop, &vm->exited);
	ev_init(&vm->timer, timer_cb);
	vm->timer.data = vm;
	vm->console = console_open(vm);
	vm->agent = agent_open(vm);
	if (!vm->console || !vm->agent || !hvctl_open(vm))
		return err_set(err, -ENOMEM, "memory is short");
	return 0;
}

void vm_hv_ready(struct vm *vm)
{
	if (vm->state == VM_STARTING)
		vm_set_state(vm, VM_BOOTING);
	run_done(vm);
}

void vm_agent_ready(struct vm *vm)
{
	if (vm->rows)
		agent_window(vm->agent, vm->rows, vm->cols);
	if (vm->boot_ms < 0)
		vm->boot_ms = (int64_t)(clock_now_ms() - vm->started_ms);
	if (vm_boots(vm)) {
		vm_set_state(vm, VM_RUNNING);
		record_or_warn(vm);
		log_info("guest %s is up after %lld ms", vm->name, (long long)vm->boot_ms);
	} else if (vm->state == VM_STOPPING) {
		agent_send(vm->agent, power_off, NULL); /* it came up only now */
	}
}

void vm_rebooted(struct vm *vm)
{
	if (vm->state != VM_RUNNING)
		return;
	agent_reset(vm->agent);
	vm_set_state(vm, VM_BOOTING);
}

/* ---- adoption -------------------------------------------------------------------------------- */

static bool same_process(const struct vm *vm, const json_t *doc)
{
	const char *boot = json_string_value(json_object_get(doc, "boot_id"));
	char now[37];

	proc_boot_id(now);
	return vm->pid > 1 && boot && !strcmp(boot, now) && vm->start_ticks &&
	       proc_start_ticks(vm->pid) == vm->start_ticks;
}

struct port_conf vm_nic_port_conf(const struct vm *vm, const struct vm_nic *nic)
{
	return (struct port_conf){.name = nic->port,
				  .carrier = "tap",
				  .ifname = nic->ifname,
				  .lab = vm->lab[0] ? vm->lab : NULL,
				  .vm = vm->name,
				  .mac = nic->mac};
}

static int adopt_nic(struct vm *vm, const struct vm_nic *nic, struct err *err)
{
	struct port_conf conf = vm_nic_port_conf(vm, nic);
	struct net *net = net_find(&vm->d->runner, nic->net);

	if (!net)
		return err_set(err, -ENOENT, "network \"%s\" is not there any more", nic->net);
	return port_add(net, &conf, err) ? 0 : err->code;
}

static void adopt(struct vm *vm)
{
	struct err err = {0};

	for (unsigned int i = 0; i < vm->n_nics; i++)
		if (adopt_nic(vm, &vm->nics[i], &err))
			log_warn("guest %s: eth%u is cut off: %s", vm->name, i, err.text);
	log_info("guest %s (process %d) is still there and adopted", vm->name, (int)vm->pid);
}

int vm_restore(struct daemon *d, const char *name, const json_t *doc, struct err *err)
{
	struct vm *vm = vm_new(d, name);
	char path[PATH_MAX];
	int rc;

	if (!vm)
		return err_set(err, -ENOMEM, "memory is short");
	rc = vm_from_doc(vm, doc);
	if (rc) {
		vm_free(vm);
		return err_set(err, rc, "its record can't be read");
	}
	if (vm->state == VM_FAILED || vm->state == VM_STOPPED)
		return 0;
	vm->state = vm->boot_ms >= 0 ? VM_RUNNING : VM_BOOTING;
	snprintf(path, sizeof(path), "%s/vm/%s", state_dir(), name);
	vm->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!same_process(vm, doc)) {
		ended(vm, VM_FAILED, "its process ended while vswitchd was not running");
		return 0;
	}
	rc = vm->dir_fd < 0 ? err_sys(err, -errno, "%s", path) : vm_attach(vm, err);
	if (rc)
		vm_free(vm);
	else
		adopt(vm);
	return rc;
}

/* ---- stopping -------------------------------------------------------------------------------- */

void vm_kill(struct vm *vm)
{
	vm_set_state(vm, VM_STOPPING);
	if (vm_alive(vm))
		syscall(SYS_pidfd_send_signal, vm->pidfd, SIGKILL, NULL, 0);
}

void vm_stop(struct vm *vm, unsigned int grace_ms)
{
	bool up = vm->state == VM_RUNNING || vm->state == VM_PAUSED;

	if (vm->state == VM_PAUSED)
		vm->hv->resume(vm);
	vm_set_state(vm, VM_STOPPING);
	if (up)
		agent_send(vm->agent, power_off, NULL);
	ev_timer_stop(vm->d->loop, &vm->timer);
	ev_timer_set(&vm->timer, grace_ms / 1000., 0.);
	ev_timer_start(vm->d->loop, &vm->timer);
}

void vm_stop_all(struct daemon *d, unsigned int grace_ms)
{
	struct vm *next;

	for (struct vm *vm = d->vms; vm; vm = next) {
		next = vm->next;
		if (vm_alive(vm))
			vm_stop(vm, grace_ms);
		else
			vm_free(vm);
	}
}

void vm_free_all(struct daemon *d)
{
	for (struct vm *vm = d->vms, *next; vm; vm = next) {
		next = vm->next;
		vm_free(vm);
	}
}

/* ---- ports of guests ------------------------------------------------------------------------- */

static struct vm *nic_of(struct daemon *d, const struct port *port, unsigned int *nic)
{
	struct vm *vm = vm_find(d, port->vm);

	for (*nic = 0; vm && *nic < vm->n_nics; (*nic)++)
		if (!strcmp(vm->nics[*nic].port, port->name))
			return vm;
	return NULL;
}

void vm_port_admin(struct daemon *d, const struct port *port, bool up)
{
	unsigned int nic;
	struct vm *vm = nic_of(d, port, &nic);

	if (vm && vm_alive(vm))
		vm->hv->link(vm, nic, up); /* the guest sees its cable pulled */
}

void vm_port_moved(struct daemon *d, const struct port *port)
{
	unsigned int nic;
	struct vm *vm = nic_of(d, port, &nic);

	if (!vm)
		return;
	snprintf(vm->nics[nic].net, sizeof(vm->nics[nic].net), "%s", port->net->conf.name);
	record_or_warn(vm);
}
