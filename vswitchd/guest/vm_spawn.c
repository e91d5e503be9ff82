/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_spawn.c - starts a hypervisor process.
 *
 * The process is a session of its own and survives us. It inherits its taps, its files and its
 * three listening sockets, and nothing else; it runs under a user id of its own (rights.c). If
 * memory runs out, the kernel is to take a guest before it takes the daemon.
 *
 * It starts only once it is recorded: the fork waits for our word, and ends without it. So a daemon
 * that is killed at any moment leaves no guest behind that the next one does not know.
 *
 * vnet-vmm may lie in a directory that the guest's user id may not search, so it is opened here
 * and run by its descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vswitchd/host/argv.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/host/proc.h"
#include "vswitchd/host/procfs.h"
#include "vswitchd/host/rights.h"
#include "vswitchd/host/state.h"
#include "vswitchd/guest/vm.h"

static int make_dir(struct vm *vm, struct err *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/vm", state_dir());
	if (mkdir(path, 0750) < 0 && errno != EEXIST)
		return err_sys(err, -errno, "cannot make %s", path);
	snprintf(path, sizeof(path), "%s/vm/%s", state_dir(), vm->name);
	if (mkdir(path, 0750) < 0 && errno != EEXIST)
		return err_sys(err, -errno, "cannot make %s", path);
	vm->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return vm->dir_fd < 0 ? err_sys(err, -errno, "cannot open %s", path) : 0;
}

static int make_socket(const struct vm *vm, const char *what, int *out, struct err *err)
{
	*out = vmsock_listen(vm->dir_fd, what);
	return *out < 0 ? err_sys(err, *out, "cannot make the guest's socket %s.sock", what) : 0;
}

static int make_sockets(const struct vm *vm, struct vm_fds *fds, struct err *err)
{
	int rc = make_socket(vm, "console", &fds->console, err);

	if (!rc)
		rc = make_socket(vm, "agent", &fds->agent, err);
	return rc ? rc : make_socket(vm, "ctl", &fds->ctl, err);
}

static size_t collect(const struct vm *vm, const struct vm_fds *fds, int *out)
{
	const int some[] = {fds->console, fds->agent, fds->ctl,	  fds->kernel,
			    fds->initrd,  fds->disk,  fds->image, fds->kvm};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(some); i++)
		if (some[i] >= 0)
			out[n++] = some[i];
	for (unsigned int i = 0; i < vm->n_nics; i++)
		out[n++] = fds->taps[i];
	return n;
}

static void oom_first(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, "500", 3); /* a wish, not a need */
		close(fd);
	}
}

struct start {
	const struct vm *vm;
	struct argv *av;
	int program; /* descriptor of the program */
	int log;
	int go[2];     /* pipe: one byte says that the guest is recorded */
	int report[2]; /* close-on-exec pipe: gets the errno of a failed exec */
	int keep[8 + VM_NICS_MAX];
	size_t n_keep;
};

static _Noreturn void child_main(const struct start *s)
{
	char go;
	int e;

	close(s->go[1]);
	if (read(s->go[0], &go, 1) != 1)
		_exit(0);
	setsid();
	oom_first();
	proc_child_stdio(-1, s->log, s->log);
	proc_child_clean(s->keep, s->n_keep);
	rights_become_guest(s->vm->slot);
	execve(s->av->v[0], s->av->v, environ);
	if (errno == EACCES)
		fexecve(s->program, s->av->v, environ);
	e = errno;
	(void)!write(s->report[1], &e, sizeof(e));
	_exit(127);
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Give the word and see whether exec works; without it the fork ends. */
static int let_go(struct start *s)
{
	int e = 0;

	close_end(&s->report[1]);
	if (write(s->go[1], "", 1) != 1)
		return -errno;
	return read(s->report[0], &e, sizeof(e)) == sizeof(e) ? -e : 0;
}

static int start_process(struct vm *vm, struct start *s, struct err *err)
{
	int rc = 0;

	vm->pid = fork();
	if (vm->pid == 0)
		child_main(s);
	if (vm->pid < 0)
		return err_sys(err, -errno, "cannot start %s", s->av->v[0]);
	vm->start_ticks = proc_start_ticks(vm->pid);
	vm->started_ms = clock_now_ms();
	rc = vm_record(vm, err);
	if (!rc) {
		rc = let_go(s);
		if (rc)
			err_sys(err, rc, "cannot start %s", s->av->v[0]);
	}
	if (rc) {
		close_end(&s->go[1]);
		waitpid(vm->pid, NULL, 0);
	}
	return rc;
}

static int start_with_pipes(struct vm *vm, struct start *s, struct err *err)
{
	int *const ends[] = {&s->go[0], &s->go[1], &s->report[0], &s->report[1]};
	int rc;

	if (pipe2(s->go, O_CLOEXEC) < 0 || pipe2(s->report, O_CLOEXEC) < 0)
		rc = err_sys(err, -errno, "cannot make a pipe");
	else
		rc = start_process(vm, s, err);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		close_end(ends[i]);
	return rc;
}

static int spawn_argv(struct vm *vm, const struct vm_fds *fds, struct argv *av, struct err *err)
{
	struct start s = {.vm = vm, .av = av, .go = {-1, -1}, .report = {-1, -1}};
	int rc = 0;

	s.n_keep = collect(vm, fds, s.keep);
	s.log = openat(vm->dir_fd, "log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
		       0640);
	s.program = open(av->v[0], O_PATH | O_CLOEXEC);
	if (s.log < 0 || s.program < 0) {
		rc = err_sys(err, -errno, "cannot open %s",
			     s.log < 0 ? "the guest's log" : av->v[0]);
	} else {
		rc = start_with_pipes(vm, &s, err);
	}
	if (s.log >= 0)
		close(s.log);
	if (s.program >= 0)
		close(s.program);
	return rc;
}

static void close_sockets(struct vm_fds *fds)
{
	int *const all[] = {&fds->console, &fds->agent, &fds->ctl};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (*all[i] >= 0)
			close(*all[i]);
		*all[i] = -1;
	}
}

int vm_spawn(struct vm *vm, struct vm_fds *fds, struct err *err)
{
	struct argv av = {0};
	int rc = make_dir(vm, err);

	if (!rc)
		rc = make_sockets(vm, fds, err);
	if (!rc)
		rc = vm->hv->command(vm, fds, &av, err);
	if (!rc)
		rc = spawn_argv(vm, fds, &av, err);
	argv_fini(&av);
	/* Once started, its descriptors alone keep the sockets listening. */
	close_sockets(fds);
	if (rc)
		return rc;
	vm->child = true;
	rc = vm_attach(vm, err);
	if (rc && vm->pidfd < 0) {
		kill(vm->pid, SIGKILL);
		waitpid(vm->pid, NULL, 0);
	}
	return rc;
}
