/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netns.c - makes and removes namespace nodes.
 *
 * Namespaces are made by the first process of the node (netns_init.c), and the one of its network
 * is mounted at /run/netns from /proc/PID/ns/net.
 *
 * A namespace lives as long as its mount or a process in it. Removing one therefore means: its
 * ports, its veth pairs, the processes in it (found by the inode of /proc/PID/ns/net, so that also
 * those are found that were started by hand or by an earlier daemon), the mount, the mount point.
 *
 * /run/netns is made a shared mount point, as `ip netns` does: else the private mount namespaces
 * of commands (netns_run.c) would keep other namespaces alive after their removal. When it was us
 * who made it so, it is undone once no namespace is left.
 *
 * A daemon may be killed while it makes one. So the record comes first, and says that; it has the
 * first process before the mount is there. A record without a process therefore has no mount, and
 * its first process ends by itself as soon as it finds that nobody hears it.
 */
#include "vswitchd/control/netns_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/addr.h"
#include "lib/log.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/control/objects.h"
#include "vswitchd/host/reaper.h"
#include "vswitchd/host/state.h"

const char *netns_name(const struct netns *ns)
{
	return ns->name;
}

struct daemon *netns_daemon(const struct netns *ns)
{
	return ns->d;
}

struct netns *netns_find(struct daemon *d, const char *name)
{
	struct netns *ns = d->netns;

	while (ns && strcmp(ns->name, name))
		ns = ns->next;
	return ns;
}

const char *netns_of_lab(const struct daemon *d, const char *lab)
{
	const struct netns *ns = d->netns;

	while (ns && strcmp(ns->lab, lab))
		ns = ns->next;
	return ns ? ns->name : NULL;
}

bool netns_owns_link(const struct daemon *d, const char *ifname)
{
	json_t *v;
	size_t i;

	for (const struct netns *ns = d->netns; ns; ns = ns->next)
		json_array_foreach (ns->veths, i, v)
			if (!strcmp(json_string_value(v), ifname))
				return true;
	return false;
}

json_t *netns_json(const struct netns *ns)
{
	return json_pack("{s:s, s:s?, s:O, s:s, s:s?}", "name", ns->name, "lab",
			 ns->lab[0] ? ns->lab : NULL, "veths", ns->veths, "state",
			 ns->failed[0] ? "failed" : "up", "reason",
			 ns->failed[0] ? ns->failed : NULL);
}

json_t *netns_list_json(const struct daemon *d)
{
	json_t *list = json_array();

	for (const struct netns *ns = d->netns; ns; ns = ns->next)
		json_array_insert_new(list, 0, netns_json(ns)); /* the list is newest first */
	return list;
}

static char *ns_path(const char *name, char *out, size_t size)
{
	snprintf(out, size, NETNS_DIR "/%s", name);
	return out;
}

/* ---- the directory --------------------------------------------------------------------------- */

static void dir_record(bool made, bool mounted)
{
	json_t *doc = json_pack("{s:b, s:b}", "made", made, "mounted", mounted);

	state_put("host", "netns-dir", doc, NULL);
	json_decref(doc);
}

static int dir_prepare(struct err *err)
{
	bool made = mkdir(NETNS_DIR, 0755) == 0;

	if (!made && errno != EEXIST)
		return err_sys(err, -errno, "cannot make " NETNS_DIR);
	if (mount("", NETNS_DIR, "none", MS_SHARED | MS_REC, NULL) == 0)
		return 0;
	/* EINVAL: not a mount point yet */
	if (errno != EINVAL || mount(NETNS_DIR, NETNS_DIR, "none", MS_BIND | MS_REC, NULL) < 0 ||
	    mount("", NETNS_DIR, "none", MS_SHARED | MS_REC, NULL) < 0)
		return err_sys(err, -errno, "cannot make " NETNS_DIR " a shared mount point");
	dir_record(made, true);
	return 0;
}

static bool dir_empty(void)
{
	DIR *dir = opendir(NETNS_DIR);
	const struct dirent *e;
	int n = 0;

	if (!dir)
		return false;
	while ((e = readdir(dir)))
		n += e->d_name[0] != '.';
	closedir(dir);
	return n == 0;
}

static void dir_release(void)
{
	json_t *doc = state_get("host", "netns-dir");

	if (json_is_true(json_object_get(doc, "mounted")) && dir_empty()) {
		umount2(NETNS_DIR, MNT_DETACH);
		if (json_is_true(json_object_get(doc, "made")))
			rmdir(NETNS_DIR);
		state_del("host", "netns-dir", NULL);
	}
	json_decref(doc);
}

/* ---- making one ------------------------------------------------------------------------------ */

static int taken(const char *name, const char *path, struct err *err)
{
	return err_set(err, -EEXIST, "a namespace \"%s\" exists already (%s)", name, path);
}

/* The place for the mount, which must not be there yet. */
static int make_place(const char *name, struct err *err)
{
	char path[PATH_MAX];
	int fd, rc = dir_prepare(err);

	if (rc)
		return rc;
	fd = open(ns_path(name, path, sizeof(path)), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0 && errno == EEXIST)
		return taken(name, path, err);
	if (fd < 0)
		return err_sys(err, -errno, "cannot make %s", path);
	close(fd);
	return 0;
}

static int record(const struct netns *ns, struct err *err)
{
	json_t *doc = netns_json(ns);
	int rc;

	json_object_set_new(doc, "init", json_integer(ns->init));
	json_object_set_new(doc, "init_start", json_integer((json_int_t)ns->init_start));
	rc = state_put("netns", ns->name, doc, err);
	json_decref(doc);
	return rc;
}

static struct netns *link_new(struct daemon *d, const char *name, const char *lab)
{
	struct netns *ns = calloc(1, sizeof(*ns));

	if (!ns)
		return NULL;
	ns->d = d;
	snprintf(ns->name, sizeof(ns->name), "%s", name);
	snprintf(ns->lab, sizeof(ns->lab), "%s", lab ? lab : "");
	ns->veths = json_array();
	ns->init = ns->init_fd = -1;
	ns->next = d->netns;
	d->netns = ns;
	return ns;
}

/* Its processes and namespaces, and the mount, in an order that restoring can rely on. */
static int start(struct netns *ns, struct err *err)
{
	char from[64], path[PATH_MAX];
	int rc = netns_init_start(ns, err);

	if (!rc)
		rc = record(ns, err);
	if (rc)
		return rc;
	snprintf(from, sizeof(from), "/proc/%d/ns/net", (int)ns->init);
	if (mount(from, ns_path(ns->name, path, sizeof(path)), "none", MS_BIND, NULL) < 0)
		return err_sys(err, -errno, "cannot mount %s", path);
	return 0;
}

/* The record that it is being made, and its place. */
static int begin(const char *name, const char *lab, struct err *err)
{
	char path[PATH_MAX];
	json_t *doc;
	int rc;

	if (access(ns_path(name, path, sizeof(path)), F_OK) == 0)
		return taken(name, path, err);
	doc = json_pack("{s:s, s:s?, s:[], s:b}", "name", name, "lab", lab, "veths", "making", 1);
	rc = state_put("netns", name, doc, err);
	json_decref(doc);
	if (rc)
		return rc;
	rc = make_place(name, err);
	if (rc)
		state_del("netns", name, NULL);
	return rc;
}

int netns_add(struct daemon *d, const char *name, const char *lab, struct err *err)
{
	struct netns *ns = netns_find(d, name);
	int rc;

	if (ns && ns->failed[0])
		netns_del(ns, true);
	rc = begin(name, lab, err);
	if (rc)
		return rc;
	ns = link_new(d, name, lab);
	rc = ns ? start(ns, err) : err_set(err, -ENOMEM, "memory is short");
	if (rc && ns)
		netns_del(ns, true);
	return rc;
}

/* A plain file is left of a namespace over a reboot; a mount has the type of its own. */
static bool mounted(const char *path)
{
	struct stat a, b;

	return stat(path, &a) == 0 && stat(NETNS_DIR, &b) == 0 && a.st_dev != b.st_dev;
}

/* There is no mount: after a reboot, or when a daemon was killed while it made this one. What that
 * one has not done is not known here, so who asked for it asks again. */
static int start_again(struct netns *ns, const json_t *doc, struct err *err)
{
	char path[PATH_MAX];
	int rc;

	unlink(ns_path(ns->name, path, sizeof(path)));
	if (netns_init_end(doc) || json_is_true(json_object_get(doc, "making")))
		return err_set(err, -EINTR, "vswitchd was killed while it made it");
	rc = make_place(ns->name, err);
	return rc ? rc : start(ns, err);
}

int netns_restore(struct daemon *d, const char *name, const json_t *doc, struct err *err)
{
	const char *lab = json_string_value(json_object_get(doc, "lab"));
	json_t *veths = json_object_get(doc, "veths");
	char path[PATH_MAX];
	struct netns *ns;
	bool there = mounted(ns_path(name, path, sizeof(path)));
	int rc = 0;

	if (there && json_is_true(json_object_get(doc, "making"))) {
		state_del("netns", name, NULL);
		return err_set(err, -EEXIST, "%s is not ours", path);
	}
	ns = link_new(d, name, lab);
	if (!ns)
		return err_set(err, -ENOMEM, "memory is short");
	if (json_is_array(veths))
		json_array_extend(ns->veths, veths);
	if (there)
		netns_init_adopt(ns, doc);
	else
		rc = start_again(ns, doc, err);
	if (rc) {
		netns_init_kill(ns); /* where only the mount failed */
		netns_fail(ns, err->text);
	}
	return rc;
}

/* ---- removing one ---------------------------------------------------------------------------- */

static bool in_namespace(int proc_fd, const char *pid, const struct stat *ns)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof(path), "%s/ns/net", pid);
	return fstatat(proc_fd, path, &st, 0) == 0 && st.st_ino == ns->st_ino &&
	       st.st_dev == ns->st_dev;
}

void netns_each_process(const struct stat *ns, bool (*fn)(pid_t pid, void *ctx), void *ctx)
{
	DIR *proc = opendir("/proc");
	const struct dirent *e;

	while (proc && (e = readdir(proc)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' &&
		    in_namespace(dirfd(proc), e->d_name, ns) && !fn((pid_t)atoi(e->d_name), ctx))
			break;
	if (proc)
		closedir(proc);
}

bool netns_stat(const struct netns *ns, struct stat *st)
{
	char path[PATH_MAX];
	struct stat own;

	return mounted(ns_path(ns->name, path, sizeof(path))) && stat(path, st) == 0 &&
	       stat("/proc/self/ns/net", &own) == 0 &&
	       (st->st_ino != own.st_ino || st->st_dev != own.st_dev);
}

struct signalling {
	int signal;
	pid_t but; /* not this one; -1 */
	unsigned int n;
};

static bool signal_one(pid_t pid, void *ctx)
{
	struct signalling *s = ctx;

	s->n += pid != s->but && kill(pid, s->signal) == 0;
	return true;
}

/* How many processes were in the namespace. */
static unsigned int signal_inside(const struct stat *ns, int signal, pid_t but)
{
	struct signalling s = {.signal = signal, .but = but};

	netns_each_process(ns, signal_one, &s);
	return s.n;
}

unsigned int netns_pause(const struct netns *ns, bool on)
{
	struct stat st;

	return netns_stat(ns, &st) ? signal_inside(&st, on ? SIGSTOP : SIGCONT, ns->init) : 0;
}

static void kill_all(struct netns *ns)
{
	struct stat st;

	netns_init_kill(ns);
	if (!netns_stat(ns, &st))
		return;
	/* Those that came by another way (ip netns exec). Twice at least: a process may have forked
	 * while the list was read. Dying ones are still seen for a moment; a few rounds of 1 ms are
	 * enough for all but the largest. */
	for (int round = 0; round < 20 && signal_inside(&st, SIGKILL, -1); round++)
		usleep(1000);
}

void netns_del(struct netns *ns, bool keep_files)
{
	struct netns **link = &ns->d->netns;
	char path[PATH_MAX];
	json_t *v;
	size_t i;

	while (*link != ns)
		link = &(*link)->next;
	*link = ns->next;
	ns_path(ns->name, path, sizeof(path));
	object_ports_of_netns(ns->d, ns->name);
	kill_all(ns);
	if (!keep_files)
		netns_files_delete(ns->name);
	json_array_foreach (ns->veths, i, v)
		reaper_link_del(json_string_value(v));
	if (umount2(path, MNT_DETACH) < 0 && errno != EINVAL && errno != ENOENT)
		log_warn("cannot unmount %s: %s", path, strerror(errno));
	unlink(path);
	snprintf(path, sizeof(path), "%s/netns-%s.log", state_dir(), ns->name);
	unlink(path);
	state_del("netns", ns->name, NULL);
	json_decref(ns->veths);
	free(ns);
	dir_release();
}

void netns_del_all(struct daemon *d)
{
	for (struct netns *ns = d->netns, *next; ns; ns = next) {
		next = ns->next;
		netns_del(ns, false);
	}
}

/* ---- interfaces ------------------------------------------------------------------------------ */

int netns_veth(struct netns *ns, const char *inside, const char *host, struct err *err)
{
	char port[NAME_MAX_ + IFNAME_MAX + 2];
	int rc;

	if (nl_ifindex(host))
		return err_set(err, -EEXIST, "interface %s exists already", host);
	rc = nl_veth_add(host, ns->name, inside, err);
	if (rc)
		return rc;
	snprintf(port, sizeof(port), "%s.%s", ns->name, inside);
	object_mark_link(host, port);
	json_array_append_new(ns->veths, json_string(host));
	rc = record(ns, err);
	if (rc) {
		json_array_remove(ns->veths, json_array_size(ns->veths) - 1);
		reaper_link_del(host);
	}
	return rc;
}

struct addr_job {
	const char *ifname;
	struct ip4_prefix addr;
};

static int addr_job(void *ctx, struct err *err)
{
	const struct addr_job *job = ctx;

	return nl_addr_add(job->ifname, job->addr, err);
}

int netns_addr(struct netns *ns, const char *ifname, const char *address, struct err *err)
{
	struct addr_job job = {.ifname = ifname};

	if (ip4_prefix_parse(address, &job.addr))
		return err_set(err, -EINVAL, "parameter \"address\" is not ADDRESS/LENGTH");
	return nl_in_netns(ns->name, addr_job, &job, err);
}
