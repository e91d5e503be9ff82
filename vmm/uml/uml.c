/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uml.c - command line, namespaces and end of a User-mode Linux guest; theory in uml.h.
 */
#include "vmm/uml/uml.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/landlock.h"

enum { WORDS_MAX = 18 + UML_NICS_MAX, WORD_LEN = 128 };

/* Its command line. Words that are its own come first, the guest kernel's last. */
struct words {
	char *v[WORDS_MAX + 1];
	unsigned int n;
	char text[WORDS_MAX][WORD_LEN];
};

__attribute__((format(printf, 2, 3))) static void word(struct words *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->text[w->n], WORD_LEN, fmt, ap);
	va_end(ap);
	w->v[w->n] = w->text[w->n];
	w->n++;
}

/* Its memory and other files of its own. */
static const char home[] = "/dev/shm";

static void nic_word(struct words *w, unsigned int i, const struct nic_option *nic)
{
	char mac[MAC_STR];

	/* A tap of this name is what preload.c knows. With gro its buffers hold a super-frame. */
	word(w, "vec%u:transport=tap,ifname=fd%d,gro=1,mac=%s", i, nic->tap_fd,
	     mac_format(&nic->mac, mac));
}

static void fill(struct words *w, const struct uml_config *c)
{
	unsigned int disks = 0;

	word(w, "/proc/self/fd/%d", c->kernel_fd);
	word(w, "mem=%ldM", c->memory_mib);
	word(w, "con=null");
	for (unsigned int i = 0; i < ARRAY_SIZE(c->lines); i++)
		word(w, "ssl%u=fd:%d", i, c->lines[i]);
	if (c->initrd_fd >= 0)
		word(w, "initrd=/proc/self/fd/%d", c->initrd_fd);
	/* Data as it is: no copy-on-write header, which could name other files, is looked for. The
	 * image is read-only and others read it, too: no lock. */
	if (c->disk_fd >= 0)
		word(w, "ubd%ud=/proc/self/fd/%d", disks++, c->disk_fd);
	if (c->image_fd >= 0)
		word(w, "ubd%urdc=/proc/self/fd/%d", disks, c->image_fd);
	for (unsigned int i = 0; i < c->n_nics; i++)
		nic_word(w, i, &c->nics[i]);
	/* For its management console, which we do not use, but which it does not boot without. */
	word(w, "uml_dir=%s/", home);
	w->v[w->n++] = (char *)c->append;
	w->v[w->n] = NULL;
}

/* preload.c as a library: the linker put it into us, the guest loads it from a file without a name.
 */
extern const char _binary_preload_so_start[], _binary_preload_so_end[];

static int make_preload(void)
{
	size_t size = (uintptr_t)_binary_preload_so_end - (uintptr_t)_binary_preload_so_start;
	int fd = memfd_create("vnet-uml-preload", MFD_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	if (write(fd, _binary_preload_so_start, size) == (ssize_t)size)
		return fd;
	err = errno;
	close(fd);
	return -err;
}

static void write_proc(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, text, strlen(text)); /* what is not mapped shows as nobody */
	close(fd);
}

/* New namespaces for what is forked from now on; -EPERM where the host has none for us. */
static int enter_namespaces(void)
{
	const int own = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[64];

	if (unshare(CLONE_NEWUSER | own))
		return -errno;
	snprintf(map, sizeof(map), "%u %u 1", uid, uid);
	write_proc("/proc/self/uid_map", map);
	write_proc("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "%u %u 1", gid, gid);
	write_proc("/proc/self/gid_map", map);
	/* A tmpfs of its own: what it leaves goes with it. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("vnet-uml", home, "tmpfs", MS_NOSUID | MS_NODEV, "mode=700"))
		return -errno;
	return 0;
}

/* With hostfs a guest can ask for any file that its process may read: hardly any. */
static int confine(const struct uml_config *c)
{
	const struct landlock_path allowed[] = {
		{.fd = c->kernel_fd, .use = LANDLOCK_RUN},
		{.path = home, .use = LANDLOCK_OWN},
		{.path = "/proc/cpuinfo", .use = LANDLOCK_READ},
		{.path = "/etc/ld.so.cache", .use = LANDLOCK_READ},
		{.path = "/lib64", .use = LANDLOCK_RUN},
		{.path = "/lib", .use = LANDLOCK_RUN},
		{.path = "/usr/lib", .use = LANDLOCK_RUN},
	};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return landlock_only(allowed, ARRAY_SIZE(allowed));
}

static void keep(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
}

static void drop_capabilities(void)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		;
}

static _Noreturn void become_guest(const struct uml_config *c, struct words *w, int preload)
{
	char before[48];
	/* It finds place for the guest's memory in /dev/shm, and needs nothing else. */
	char *env[] = {(char *)"TMPDIR=/dev/shm", (char *)"HOME=/dev/shm", before, NULL};
	int err;

	snprintf(before, sizeof(before), "LD_PRELOAD=/proc/self/fd/%d", preload);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	keep(preload);
	keep(c->kernel_fd);
	keep(c->initrd_fd);
	keep(c->image_fd);
	keep(c->disk_fd);
	for (size_t i = 0; i < ARRAY_SIZE(c->lines); i++)
		keep(c->lines[i]);
	for (unsigned int i = 0; i < c->n_nics; i++)
		keep(c->nics[i].tap_fd);
	err = confine(c);
	if (!err)
		execve(w->v[0], w->v, env);
	fprintf(stderr, "vnet-uml: can't run linux.uml: %s\n", strerror(err ? -err : errno));
	_exit(127);
}

/* ---- the minder ---- */

static pid_t minded;

static void minder_stops(int sig)
{
	kill(minded, sig == SIGUSR1 ? SIGSTOP : SIGCONT);
}

/* Hands signals down and the exit status up. */
static _Noreturn void become_minder(const struct uml_config *c, struct words *w, int preload)
{
	pid_t pid;
	int status = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	setpgid(0, 0);
	signal(SIGTERM, SIG_IGN); /* a guest that ends sends it to its process group */
	syscall(SYS_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC);
	drop_capabilities();
	minded = fork();
	if (minded == 0)
		become_guest(c, w, preload);
	syscall(SYS_close_range, 3, ~0u, 0);
	signal(SIGUSR1, minder_stops);
	signal(SIGUSR2, minder_stops);
	/* As process 1 it gets the orphans of the guest, too. */
	do
		pid = wait(&status);
	while (pid > 0 ? pid != minded : errno == EINTR);
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

static int fork_guest(struct uml *u, const struct uml_config *c, int preload, struct err *e)
{
	struct words w = {.n = 0};
	int err = enter_namespaces();

	if (err)
		fprintf(stderr, "vnet-uml: no namespaces for %s (%s), it goes on without\n",
			c->name, strerror(-err));
	fill(&w, c);
	u->pid = fork();
	if (u->pid == 0)
		become_minder(c, &w, preload);
	if (u->pid < 0)
		return err_sys(e, -errno, "can't start the guest");
	u->pidfd = (int)syscall(SYS_pidfd_open, u->pid, 0);
	if (u->pidfd >= 0)
		return 0;
	err_sys(e, -errno, "can't watch the guest");
	uml_kill(u);
	return e->code;
}

int uml_start(struct uml *u, const struct uml_config *c, struct err *e)
{
	int preload = make_preload();
	int err;

	u->paused = false;
	if (preload < 0)
		return err_sys(e, preload, "can't make a file in memory");
	err = fork_guest(u, c, preload, e);
	close(preload);
	return err;
}

/* Its kernel only: its processes wait for that, and a signal of their own would go to the guest. */
int uml_pause(struct uml *u)
{
	if (u->paused)
		return -EALREADY;
	u->paused = true;
	return kill(u->pid, SIGUSR1) ? -errno : 0;
}

int uml_resume(struct uml *u)
{
	if (!u->paused)
		return -EALREADY;
	u->paused = false;
	return kill(u->pid, SIGUSR2) ? -errno : 0;
}

void uml_kill(struct uml *u)
{
	kill(-u->pid, SIGKILL);
	kill(u->pid, SIGKILL);
}

int uml_wait(struct uml *u)
{
	int status = 0;

	while (waitpid(u->pid, &status, 0) < 0 && errno == EINTR)
		;
	kill(-u->pid, SIGKILL); /* what it left, where it has no PID namespace */
	close(u->pidfd);
	u->pidfd = -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
