/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work in other network namespaces.
 *
 * The calling thread goes there by setns(2), works, and comes back: 2 us, where a thread made for
 * it costs 50 and more. It must never stay there. So it leaves only after it was shown that it may
 * return (the daemon's own namespace can belong to a user namespace in which it has no rights), and
 * where it may not, a thread is made after all. A way back that is then refused all the same would
 * be the kernel's fault, and ends the daemon: its next start finds everything as it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>

#include "vswitchd/host/netlink.h"
#include "vswitchd/host/netlink_int.h"

/* A descriptor of the namespace at /run/netns/@netns. */
static int netns_open(const char *netns, struct err *err)
{
	char path[64];
	int fd;

	if (!name_valid(netns))
		return err_set(err, -EINVAL, "'%.40s' is not a name for a namespace", netns);
	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, -errno, "namespace %s (%s)", netns, path);
	return fd;
}

struct job {
	int nsfd;
	const char *netns;
	int (*fn)(void *ctx, struct err *err);
	void *ctx;
	struct err *err;
	int rc;
};

static void *job_main(void *arg)
{
	struct job *job = arg;

	if (setns(job->nsfd, CLONE_NEWNET) < 0)
		job->rc = err_sys(job->err, -errno, "enter namespace %s", job->netns);
	else
		job->rc = job->fn(job->ctx, job->err);
	netlink_sock_close();
	return NULL;
}

static void job_on_thread(struct job *job)
{
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, job_main, job);

	if (rc == 0)
		pthread_join(thread, NULL);
	else
		job->rc = err_sys(job->err, -rc, "start a thread");
}

/* On the calling thread, whose namespace is @home. */
static void job_here(struct job *job, int home)
{
	struct nl_sock *sk = netlink_sock_swap(NULL);

	job_main(job);
	netlink_sock_swap(sk);
	if (setns(home, CLONE_NEWNET) < 0)
		abort();
}

int nl_in_netns(const char *netns, int (*fn)(void *ctx, struct err *err), void *ctx,
		struct err *err)
{
	struct job job = {.netns = netns, .fn = fn, .ctx = ctx, .err = err};
	int home;

	job.nsfd = netns_open(netns, err);
	if (job.nsfd < 0)
		return job.nsfd;
	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home >= 0 && setns(home, CLONE_NEWNET) == 0)
		job_here(&job, home);
	else
		job_on_thread(&job);
	if (home >= 0)
		close(home);
	close(job.nsfd);
	return job.rc;
}

struct settle {
	const char *ifname, *newname;
	const struct mac *mac;
};

/* In the namespace: give the interface its name there, its MAC, and set it up. */
static int settle(void *ctx, struct err *err)
{
	const struct settle *s = ctx;
	int rc = 0;

	if (s->mac && !mac_is_zero(s->mac))
		rc = nl_link_mac(s->newname, s->mac, err);
	return rc ? rc : nl_link_up(s->newname, true, err);
}

int nl_link_to_netns(const char *ifname, const char *netns, const char *newname,
		     const struct mac *mac, struct err *err)
{
	struct settle s = {ifname, newname, mac};
	struct nl_sock *sk = netlink_sock(err);
	struct rtnl_link *orig = NULL, *change = rtnl_link_alloc();
	int nsfd = netns_open(netns, err), rc = nsfd;

	if (nsfd >= 0 && sk && change) {
		rc = rtnl_link_get_kernel(sk, 0, ifname, &orig);
		rtnl_link_set_ns_fd(change, nsfd);
		rtnl_link_set_name(change, newname);
		if (rc >= 0)
			rc = rtnl_link_change(sk, orig, change, 0);
		if (rc < 0)
			rc = err_sys(err, netlink_errno(rc), "move %s to namespace %s as %s",
				     ifname, netns, newname);
	} else if (nsfd >= 0) {
		rc = err_set(err, -ENOMEM, "out of memory");
	}
	if (nsfd >= 0)
		close(nsfd);
	rtnl_link_put(orig);
	rtnl_link_put(change);
	return rc < 0 ? rc : nl_in_netns(netns, settle, &s, err);
}

int nl_veth_add(const char *host, const char *netns, const char *inside, struct err *err)
{
	struct nl_sock *sk = netlink_sock(err);
	int nsfd = netns_open(netns, err), rc = nsfd;
	struct rtnl_link *link = rtnl_link_veth_alloc();
	struct settle s = {inside, inside, NULL};

	if (nsfd >= 0 && sk && link) {
		struct rtnl_link *peer = rtnl_link_veth_get_peer(link);

		rtnl_link_set_name(link, host);
		rtnl_link_set_name(peer, inside);
		rtnl_link_set_ns_fd(peer, nsfd);
		rc = rtnl_link_add(sk, link, NLM_F_CREATE | NLM_F_EXCL);
		rtnl_link_put(peer);
		if (rc < 0)
			rc = err_sys(err, netlink_errno(rc), "veth pair %s - %s in %s", host,
				     inside, netns);
	} else if (nsfd >= 0) {
		rc = err_set(err, -ENOMEM, "out of memory");
	}
	if (nsfd >= 0)
		close(nsfd);
	rtnl_link_put(link);
	if (rc < 0)
		return rc;
	rc = nl_in_netns(netns, settle, &s, err);
	if (rc == 0)
		rc = nl_link_up(host, true, err);
	if (rc < 0)
		nl_link_del(nl_ifindex(host), NULL);
	return rc;
}
