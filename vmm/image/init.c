/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's first process: from the kernel's hand-over to a shell on the console.
 *
 * In order: mount the kernel's file systems, load the drivers of the devices that are there, go to
 * the root file system on the disk (root.c), name the host, configure its NICs from the command
 * line (config.c), start the agent, a DHCP client for each NIC that wants one, and a shell; then
 * look after them: the shell and the DHCP clients are started again when they end, a DHCP client
 * also when its NIC's cable is back, orphans are reaped, and the signals of busybox poweroff,
 * reboot and halt end the machine. It is one static program and forks little because forks are what
 * a boot on an emulated processor spends its time on.
 *
 * The same binary is udhcpc's event script (called as "udhcpc-event").
 */
#include "vmm/image/agent.h"
#include "vmm/image/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
	RESPAWN_MIN_MS =
		1000,  /* a service that ends sooner waits this long before its next start */
	STOP_MS = 200, /* between SIGTERM and SIGKILL when the machine stops */
	NEVER = -1,
};

enum { SVC_SHELL, SVC_AGENT, SVC_DHCP, SVC_MAX = SVC_DHCP + GUEST_NICS };

struct service {
	pid_t pid; /* 0: not running */
	int64_t started_ms;
	int64_t start_at_ms; /* NEVER: not wanted */
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		fprintf(stderr, "vnet: cannot write %s: %s\n", path, strerror(errno));
	close(fd);
}

static void mount_all(void)
{
	mkdir("/dev", 0755);
	mkdir("/proc", 0555);
	mkdir("/sys", 0555);
	mkdir("/run", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755");
	mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mkdir("/dev/pts", 0755);
	mkdir("/dev/shm", 01777);
	mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666");
	mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, NULL);
	mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
}

/* ---- set-up ---- */

static void set_names(const struct guest_config *cfg)
{
	char text[sizeof(cfg->hosts) + 2 * GUEST_NAME_MAX];

	if (sethostname(cfg->hostname, strlen(cfg->hostname)))
		fprintf(stderr, "vnet: cannot set the host name: %s\n", strerror(errno));
	write_file("/etc/hostname", cfg->hostname);
	snprintf(text, sizeof(text), "127.0.0.1\tlocalhost\n127.0.1.1\t%s\n%s", cfg->hostname,
		 cfg->hosts);
	write_file("/etc/hosts", text);
}

static void start_nat(const struct guest_config *cfg)
{
	char rules[512];
	pid_t pid;

	if (cfg->nat_nic < 0)
		return;
	/* User-mode Linux of Debian has no nftables for IPv4, but what was there before. */
	snprintf(rules, sizeof(rules),
		 "nft 'table ip vnet { chain out { type nat hook postrouting priority srcnat; "
		 "oifname \"eth%d\" masquerade; }; }' 2>/dev/null || "
		 "iptables -t nat -A POSTROUTING -o eth%d -j MASQUERADE",
		 cfg->nat_nic, cfg->nat_nic);
	pid = fork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", rules, (char *)NULL);
		_exit(127);
	}
}

/* The device behind /dev/console: the last one named in the kernel's list of active consoles. */
static const char *console_path(void)
{
	static char path[64];
	char active[64], *last;

	if (!guest_read_file("/sys/class/tty/console/active", active, sizeof(active)) || !*active)
		return "/dev/ttyS0";
	active[strcspn(active, "\n")] = '\0';
	last = strrchr(active, ' ');
	snprintf(path, sizeof(path), "/dev/%.50s", last ? last + 1 : active);
	return path;
}

/* ---- services ---- */

static void unblock_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Make @path the controlling terminal and the three standard descriptors of this process. */
static bool take_terminal(const char *path)
{
	int fd;

	setsid();
	fd = open(path, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 1))
		return false;
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
	return true;
}

static void run_shell(const char *tty, bool first)
{
	if (!take_terminal(tty))
		_exit(1);
	if (first)
		dprintf(STDOUT_FILENO, "vnet: ready in %lld ms\n", (long long)now_ms());
	if (chdir("/root"))
		_exit(1);
	/* A Debian of one's own has bash. Ours has dash, which edits no lines, so busybox there. */
	execl("/bin/bash", "-bash", (char *)NULL);
	execl(GUEST_OWN "/busybox", "-ash", (char *)NULL);
	_exit(127);
}

static void run_agent(const char *console)
{
	int fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC);

	/* The end of the machine must not cut off the answer to the command that asked for it. */
	signal(SIGTERM, SIG_IGN);
	_exit(fd < 0 || agent_run(fd, console) ? 1 : 0);
}

static void run_dhcp(const char *hostname, int nic)
{
	char ifname[16], host[GUEST_NAME_MAX + 16], log[64];
	int fd;

	snprintf(ifname, sizeof(ifname), "eth%d", nic);
	snprintf(host, sizeof(host), "hostname:%s", hostname);
	snprintf(log, sizeof(log), "/run/udhcpc.%s", ifname);
	fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	/* Three tries a second apart, then a pause of two: a network that comes late is found soon.
	 */
	execl(GUEST_OWN "/busybox", "udhcpc", "-f", "-i", ifname, "-x", host, "-s",
	      GUEST_OWN "/udhcpc-event", "-t", "3", "-T", "1", "-A", "2", (char *)NULL);
	_exit(127);
}

static void service_start(struct service *svc, int which, const struct guest_config *cfg,
			  const char *tty)
{
	struct service *s = &svc[which];
	bool first = !s->started_ms;

	s->started_ms = now_ms();
	s->pid = fork();
	if (s->pid < 0) {
		s->pid = 0;
		s->start_at_ms = s->started_ms + RESPAWN_MIN_MS;
		return;
	}
	if (s->pid)
		return;
	unblock_signals();
	if (which == SVC_SHELL)
		run_shell(tty, first);
	else if (which == SVC_AGENT)
		run_agent(tty);
	else
		run_dhcp(cfg->hostname, which - SVC_DHCP);
}

static void services_reap(struct service *svc)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		for (int i = 0; i < SVC_MAX; i++) {
			int64_t soonest = svc[i].started_ms + RESPAWN_MIN_MS;
			int64_t now = now_ms();

			if (svc[i].pid != pid)
				continue;
			svc[i].pid = 0;
			svc[i].start_at_ms = now > soonest ? now : soonest;
			/* No second serial line, no agent; nothing would change that later. */
			if (i == SVC_AGENT && now < soonest)
				svc[i].start_at_ms = NEVER;
		}
	}
}

/* Start what is due; how long until the next one is, in ms (-1: nothing is waiting). */
static int services_run(struct service *svc, const struct guest_config *cfg, const char *tty)
{
	int64_t now = now_ms(), next = -1;

	for (int i = 0; i < SVC_MAX; i++) {
		if (svc[i].pid || svc[i].start_at_ms == NEVER)
			continue;
		if (svc[i].start_at_ms <= now)
			service_start(svc, i, cfg, tty);
		else if (next < 0 || svc[i].start_at_ms - now < next)
			next = svc[i].start_at_ms - now;
	}
	return (int)next;
}

/* A cable that was pulled and is back may lead to another network: the DHCP client begins anew,
 * which it would not do by itself. Without a lease it asks all the time, and an address given by
 * hand stays. */
static void ask_again(struct service *svc, unsigned int back)
{
	for (int i = 0; i < GUEST_NICS; i++)
		if (back & 1u << i && svc[SVC_DHCP + i].pid && guestnet_leased(i))
			kill(svc[SVC_DHCP + i].pid, SIGTERM);
}

/* ---- the end ---- */

static void stop_machine(int how, pid_t agent)
{
	struct timespec grace = {.tv_nsec = 50 * 1000 * 1000};
	struct timespec tick = {.tv_nsec = 10 * 1000 * 1000};
	int64_t deadline;

	/* Let the command that asked for this end first, so that whoever gave it sees it succeed.
	 */
	nanosleep(&grace, NULL);
	deadline = now_ms() + STOP_MS;
	kill(-1, SIGTERM);
	kill(-1, SIGCONT);
	while (now_ms() < deadline) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0)
			break;
		if (!pid)
			nanosleep(&tick, NULL);
	}
	if (agent)
		kill(agent, SIGKILL);
	kill(-1, SIGKILL);
	sync();
	reboot(how);
}

/* The signals busybox's applets send to process 1. */
static int how_to_end(int sig)
{
	switch (sig) {
	case SIGTERM:
	case SIGINT: /* Ctrl-Alt-Del */
		return RB_AUTOBOOT;
	case SIGUSR1:
		return RB_HALT_SYSTEM;
	case SIGUSR2:
	case SIGPWR:
		return RB_POWER_OFF;
	default:
		return 0;
	}
}

static void wanted_signals(sigset_t *set)
{
	static const int sigs[] = {SIGCHLD, SIGTERM, SIGINT, SIGUSR1,
				   SIGUSR2, SIGPWR,  SIGIO,  SIGHUP};

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaddset(set, sigs[i]);
}

static void supervise(struct service *svc, const struct guest_config *cfg)
{
	unsigned int carriers, had = ~0u;
	const char *tty = console_path();
	int watch;
	sigset_t set;

	wanted_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	watch = guestnet_watch();
	for (;;) {
		int ms = services_run(svc, cfg, tty), sig;
		struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

		sig = ms < 0 ? sigwaitinfo(&set, NULL) : sigtimedwait(&set, NULL, &ts);
		if (sig > 0 && how_to_end(sig))
			stop_machine(how_to_end(sig), svc[SVC_AGENT].pid);
		if (sig == SIGIO) {
			carriers = guestnet_carriers(watch);
			ask_again(svc, carriers & ~had);
			had = carriers;
		}
		if (sig == SIGHUP) /* the host says so, where NICs have no carrier to tell */
			ask_again(svc, ~0u);
		services_reap(svc);
	}
}

static void boot(void)
{
	static struct service svc[SVC_MAX];
	static struct guest_config cfg;
	char cmdline[4096];
	unsigned int dhcp;
	int bad;

	umask(022);
	mount_all();
	guest_read_file("/proc/cmdline", cmdline, sizeof(cmdline));
	bad = guest_config_parse(&cfg, cmdline);
	if (bad)
		fprintf(stderr, "vnet: %d words of the command line not understood\n", bad);
	guest_load_drivers();
	guest_enter_root();
	guestnet_rename();
	set_names(&cfg);
	if (cfg.forward)
		write_file("/proc/sys/net/ipv4/ip_forward", "1");
	dhcp = guestnet_start(&cfg);
	start_nat(&cfg);
	for (int i = 0; i < GUEST_NICS; i++)
		if (!(dhcp & 1u << i))
			svc[SVC_DHCP + i].start_at_ms = NEVER;
	reboot(RB_DISABLE_CAD);
	supervise(svc, &cfg);
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');

	name = name ? name + 1 : argv[0];
	if (!strcmp(name, "udhcpc-event"))
		return argc > 1 ? guestnet_dhcp_event(argv[1]) : 2;
	if (getpid() != 1) {
		fprintf(stderr, "init: this is the first process of a guest\n");
		return 2;
	}
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("TERM", "linux", 1);
	boot();
	return 1;
}
