/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - the command line, the life and the end of vswitchd.
 *
 * Start: options, (fork), state lock, rights, runner, control socket, restore, then ready. As a
 * daemon the parent waits on a pipe for that "ready" and exits 0 only then; until it comes,
 * errors go to the terminal that started us, afterwards to DIR/vswitchd.log.
 *
 * End: SIGTERM and SIGINT stop all guests (asked first, killed after STOP_GRACE_MS), then
 * namespaces, then networks, and leave the definitions of networks and ports in the store. A
 * second signal does not wait for the guests. SIGKILL leaves the guests running; the next start
 * adopts them (restore.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"
#include "vswitchd/control/capture.h"
#include "vswitchd/control/ctl.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/control/events.h"
#include "vswitchd/host/hostrules.h"
#include "vswitchd/host/portreserve.h"
#include "vswitchd/switch/impair.h"
#include "vswitchd/control/kept.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/netdhcp.h"
#include "vswitchd/netdns.h"
#include "vswitchd/netsix.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/control/labsched.h"
#include "vswitchd/control/netns.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/host/proc.h"
#include "vswitchd/host/procend.h"
#include "vswitchd/host/reaper.h"
#include "vswitchd/control/restore.h"
#include "vswitchd/host/rights.h"
#include "vswitchd/host/state.h"
#include "vswitchd/carrier/uring.h"
#include "vswitchd/guest/vm.h"

enum { STOP_GRACE_MS = 8000 };

/* ---- the command line ------------------------------------------------------------------------ */

static void usage(FILE *to)
{
	fputs("usage: vswitchd [--foreground] [--socket PATH] [--state DIR] [--image DIR]\n"
	      "                [--vmm PATH] [--log-level error|warn|info|debug]\n"
	      "       vswitchd --version | --help\n"
	      "Runs virtual networks and the guests on them; vnetctl(1) tells it what to do.\n"
	      "  --foreground   stay in the foreground, log to standard error\n"
	      "  --socket PATH  control socket (/run/vswitchd/control.sock)\n"
	      "  --state DIR    state and guests' sockets (/var/lib/vswitchd)\n"
	      "  --image DIR    directory of the default guest's vmlinuz and initrd\n"
	      "  --vmm PATH     the vnet-vmm program\n",
	      to);
}

static bool set_log_level(const char *word)
{
	static const char *const words[] = {"error", "warn", "info", "debug"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(word, words[i]))
			continue;
		log_level_set((enum log_level)i);
		return true;
	}
	fprintf(stderr, "vswitchd: --log-level must be error, warn, info or debug\n");
	return false;
}

/* -1: go on; else the exit status. */
static int options_parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"foreground", no_argument, NULL, 'f'},
		{"socket", required_argument, NULL, 's'},
		{"state", required_argument, NULL, 'd'},
		{"image", required_argument, NULL, 'i'},
		{"vmm", required_argument, NULL, 'm'},
		{"log-level", required_argument, NULL, 'l'},
		{"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'f')
			o->foreground = true;
		else if (c == 's')
			o->socket = optarg;
		else if (c == 'd')
			o->state = optarg;
		else if (c == 'i')
			o->image = optarg;
		else if (c == 'm')
			o->vmm = optarg;
		else if (c == 'v')
			return puts("vswitchd " VERSION) < 0;
		else if (c == 'h')
			return usage(stdout), 0;
		else if (c != 'l' || !set_log_level(optarg))
			return c == '?' ? (usage(stderr), 2) : 2;
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "vswitchd: unexpected argument \"%s\"\n", argv[optind]);
	return 2;
}

/* A daemon changes to /, so paths are made absolute first. */
static const char *absolute(const char *path)
{
	char cwd[PATH_MAX], *out;

	if (!path || path[0] == '/' || !getcwd(cwd, sizeof(cwd)) ||
	    asprintf(&out, "%s/%s", cwd, path) < 0)
		return path;
	return out; /* for the life of the process */
}

static void options_absolute(struct options *o)
{
	o->socket = absolute(o->socket);
	o->image = absolute(o->image);
	o->vmm = absolute(o->vmm);
}

/* ---- becoming a daemon ----------------------------------------------------------------------- */

/* In the parent: wait until the child is ready or dead. */
static int wait_ready(int fd)
{
	char c;
	ssize_t n;

	do {
		n = read(fd, &c, 1);
	} while (n < 0 && errno == EINTR);
	return n == 1 ? 0 : 1;
}

/* Returns the pipe to say "ready" on; -1 in the foreground. Exits in the parent. */
static int daemon_fork(const struct options *o)
{
	int p[2];
	pid_t pid;

	if (o->foreground)
		return -1;
	if (pipe2(p, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		fprintf(stderr, "vswitchd: cannot fork: %s\n", strerror(errno));
		exit(1);
	}
	if (pid) {
		close(p[1]);
		_exit(wait_ready(p[0]));
	}
	close(p[0]);
	setsid();
	return p[1];
}

static void sd_notify_ready(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(sa.sun_path))
		return;
	memcpy(sa.sun_path, path, len);
	if (path[0] == '@')
		sa.sun_path[0] = '\0'; /* sd_notify(3): '@' stands for an abstract name */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&sa,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		log_warn("cannot tell %s that we are ready: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* Leave the terminal: from here on, errors go to DIR/vswitchd.log. */
static void leave_terminal(void)
{
	char path[PATH_MAX];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), log;

	snprintf(path, sizeof(path), "%s/vswitchd.log", state_dir());
	log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(log >= 0 ? log : null, STDERR_FILENO);
		close(null);
	}
	if (log >= 0)
		close(log);
	if (chdir("/") < 0)
		log_warn("cannot change to /: %s", strerror(errno));
}

static void tell_ready(const struct daemon *d, int pipe_fd)
{
	log_info("ready: " VERSION ", socket %s, state %s, instance %s", d->opt.socket, state_dir(),
		 state_instance());
	sd_notify_ready();
	if (pipe_fd < 0)
		return;
	leave_terminal();
	if (write(pipe_fd, "", 1) < 0)
		log_warn("the process that started us has gone");
	close(pipe_fd);
}

/* ---- start and stop -------------------------------------------------------------------------- */

static void host_changed_cb(void *ctx)
{
	struct daemon *d = ctx;

	runner_host_changed(&d->runner);
	netdns_host_changed(&d->runner);
}

static int start_host(struct daemon *d, struct err *err)
{
	int rc = nl_init(d->loop, host_changed_cb, d, err);

	if (rc)
		return rc;
	rc = reaper_start();
	if (rc)
		return err_sys(err, rc, "cannot start a thread");
	hostrules_init(state_instance());
	return 0;
}

static void link_cb(void *ctx, const struct port *port, bool up)
{
	if (port->vm[0])
		vm_port_admin(ctx, port, up);
}

static void port_gone_cb(void *ctx, const struct port *port)
{
	(void)ctx;
	impair_forget(port->name);
	netdhcp_port_gone(port);
	netsix_port_gone(port);
}

/* machine-id(5), else the host's name: what made-up addresses differ by from host to host. */
static void read_host_id(char *out, size_t size)
{
	FILE *f = fopen("/etc/machine-id", "re");

	if (!f || !fgets(out, (int)size, f) || strlen(out) < 32)
		gethostname(out, size - 1);
	out[strcspn(out, "\n")] = '\0';
	if (f)
		fclose(f);
}

static int start_all(struct daemon *d, struct err *err)
{
	struct err soft = {0};
	int rc = state_open(d->opt.state, err);

	if (!rc)
		rc = rights_drop(err);
	if (!rc)
		portreserve_recover();
	if (!rc)
		rc = netdhcp_open_store(state_dir(), err);
	if (!rc)
		rc = start_host(d, err);
	if (rc)
		return rc;
	rc = runner_init(&d->runner, d->loop);
	if (rc)
		return err_sys(err, rc, "cannot set up the packet pool");
	read_host_id(d->runner.host_id, sizeof(d->runner.host_id));
	d->runner.uring = uring_open(&soft);
	if (!d->runner.uring)
		log_info("%s: one system call for each frame of a tap", soft.text);
	d->runner.events = events_cb;
	d->runner.wanted = events_wanted;
	d->runner.events_ctx = d;
	d->runner.link = link_cb;
	d->runner.port_gone = port_gone_cb;
	hv_probe_run(d, &d->hv);
	d->ctl = ctl_open(d, d->opt.socket, err);
	if (!d->ctl)
		return err->code;
	kept_open(d);
	restore_all(d);
	return 0;
}

static void stop_all(struct daemon *d)
{
	labsched_close_all(d);
	vm_free_all(d);
	netns_del_all(d);
	ctl_close(d->ctl);
	d->ctl = NULL; /* what ends below still sends events */
	capture_close_all(d);
	d->runner.port_gone = NULL; /* they come back at the next start, with their cables */
	if (d->runner.pool)
		runner_fini(&d->runner, true);
	uring_close(d->runner.uring);
	hostrules_fini();
	reaper_stop();
	nl_fini();
	netdhcp_close_store();
	kept_close();
	state_close();
	proc_forget_endings(d->loop);
}

static void signal_cb(struct ev_loop *loop, struct ev_signal *w, int revents)
{
	struct daemon *d = w->data;

	(void)revents;
	if (d->stopping || !d->vms) {
		ev_break(loop, EVBREAK_ALL);
		return;
	}
	log_info("%s: stopping %u guests", strsignal(w->signum), vm_count(d));
	d->stopping = true;
	vm_stop_all(d, STOP_GRACE_MS); /* breaks the loop when the last one is off */
}

static void watch_signals(struct daemon *d)
{
	static const int sigs[] = {SIGTERM, SIGINT, SIGHUP};

	for (size_t i = 0; i < ARRAY_SIZE(sigs); i++) {
		ev_signal_init(&d->signals[i], signal_cb, sigs[i]);
		d->signals[i].data = d;
		ev_signal_start(d->loop, &d->signals[i]);
	}
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	static struct daemon d;
	struct err err = {0};
	int ready, status;

	d.opt = (struct options){.socket = "/run/vswitchd/control.sock",
				 .state = "/var/lib/vswitchd"};
	status = options_parse(argc, argv, &d.opt);
	if (status >= 0)
		return status;
	options_absolute(&d.opt);
	/* The other threads hardly allocate: one arena for all spares a heap for each. */
	mallopt(M_ARENA_MAX, 1);
	ready = daemon_fork(&d.opt);
	proc_raise_nofile();
	d.started_ms = clock_now_ms();
	/* Not the default loop: that one reaps every child on SIGCHLD, and the status that a
	 * waitpid() of ours then does not get would read as success. */
	d.loop = ev_loop_new(EVFLAG_NOENV);
	watch_signals(&d);
	status = start_all(&d, &err) ? 1 : 0;
	if (status) {
		fprintf(stderr, "vswitchd: %s\n", err.text);
	} else {
		tell_ready(&d, ready);
		ev_run(d.loop, 0);
		log_info("stopping");
	}
	stop_all(&d);
	ev_loop_destroy(d.loop);
	return status;
}
