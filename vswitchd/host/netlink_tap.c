/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeping a guest's tap out of the host's stack.
 *
 * The host side of a guest's tap is an interface of the host, and everything that a guest sends
 * there would be the host's to answer: ARP, ping of any address that the host has, IPv6. Frames
 * must be seen by packet sockets (that is how the switch gets them) and by nothing behind them.
 * In the kernel's receive path packet sockets come first and the "clsact" ingress hook second, so
 * a classifier there that says "shot" for every frame is the exact cut. cls_bpf in direct-action
 * mode with a one-instruction classic program needs no bpf(2), no object to pin and no right
 * beyond CAP_NET_ADMIN; where it is missing, matchall with a gact drop does the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_gact.h>
#include <linux/tc_act/tc_mirred.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <netlink/msg.h>
#include <netlink/route/link.h>

#include "lib/wire.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/host/netlink_int.h"

/* A tc request with its kind; NULL when memory is short. */
static struct nl_msg *tc_msg(int type, struct tcmsg *tcm, const char *kind)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_CREATE | NLM_F_REPLACE);

	if (msg && nlmsg_append(msg, tcm, sizeof(*tcm), NLMSG_ALIGNTO) == 0 &&
	    nla_put_string(msg, TCA_KIND, kind) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static int qdisc_add(struct nl_sock *sk, int ifindex, uint32_t parent, uint32_t handle,
		     const char *kind)
{
	struct tcmsg tcm = {.tcm_family = AF_UNSPEC,
			    .tcm_ifindex = ifindex,
			    .tcm_parent = parent,
			    .tcm_handle = handle};
	struct nl_msg *msg = tc_msg(RTM_NEWQDISC, &tcm, kind);

	return msg ? netlink_do(sk, msg) : -ENOMEM;
}

/* What the classifier does with each frame. */
struct verdict {
	int redirect_to; /* ingress of this interface; 0: drop */
};

/* The list of one action that carries the verdict out: attribute @type. */
static int put_action(struct nl_msg *msg, int type, const struct verdict *v)
{
	struct tc_gact drop = {.action = TC_ACT_SHOT};
	struct tc_mirred redirect = {.action = TC_ACT_STOLEN,
				     .eaction = TCA_INGRESS_REDIR,
				     .ifindex = (uint32_t)v->redirect_to};
	struct nlattr *acts, *act, *options;
	int rc;

	acts = nla_nest_start(msg, type);
	act = acts ? nla_nest_start(msg, 1) : NULL;
	if (!act || nla_put_string(msg, TCA_ACT_KIND, v->redirect_to ? "mirred" : "gact") < 0)
		return -ENOMEM;
	options = nla_nest_start(msg, TCA_ACT_OPTIONS);
	if (!options)
		return -ENOMEM;
	rc = v->redirect_to ? nla_put(msg, TCA_MIRRED_PARMS, sizeof(redirect), &redirect)
			    : nla_put(msg, TCA_GACT_PARMS, sizeof(drop), &drop);
	nla_nest_end(msg, options);
	nla_nest_end(msg, act);
	nla_nest_end(msg, acts);
	return rc < 0 ? -ENOMEM : 0;
}

/* Options of cls_bpf: a program that itself returns TC_ACT_SHOT for every frame, or one that
 * matches every frame and leaves it to an action. */
static int put_bpf(struct nl_msg *msg, const struct verdict *v)
{
	const uint32_t match_all = 0xffffffff; /* "the default class" */
	const struct sock_filter prog[] = {
		{BPF_RET | BPF_K, 0, 0, v->redirect_to ? match_all : TC_ACT_SHOT}};

	if (nla_put_u16(msg, TCA_BPF_OPS_LEN, ARRAY_SIZE(prog)) < 0 ||
	    nla_put(msg, TCA_BPF_OPS, sizeof(prog), prog) < 0)
		return -ENOMEM;
	if (v->redirect_to)
		return put_action(msg, TCA_BPF_ACT, v);
	return nla_put_u32(msg, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT) < 0 ? -ENOMEM : 0;
}

static int put_matchall(struct nl_msg *msg, const struct verdict *v)
{
	return put_action(msg, TCA_MATCHALL_ACT, v);
}

static int filter_add(struct nl_sock *sk, int ifindex, const char *kind,
		      int (*put)(struct nl_msg *msg, const struct verdict *v),
		      const struct verdict *v)
{
	struct tcmsg tcm = {.tcm_family = AF_UNSPEC,
			    .tcm_ifindex = ifindex,
			    .tcm_handle = 1,
			    .tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
			    /* priority 1, every protocol */
			    .tcm_info = TC_H_MAKE(1u << 16, htons(0x0003))};
	struct nl_msg *msg = tc_msg(RTM_NEWTFILTER, &tcm, kind);
	struct nlattr *options = msg ? nla_nest_start(msg, TCA_OPTIONS) : NULL;

	if (!options || put(msg, v) < 0) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	nla_nest_end(msg, options);
	return netlink_do(sk, msg);
}

/* Write @value, one digit, to a per-interface switch below /proc/sys/net, which shows the namespace
 * of the thread that opens it. */
static int sysctl_set(const char *family, const char *ifname, const char *key, char value)
{
	char path[96];
	int fd, rc = 0;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, ifname, key);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, &value, 1) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

/* The netlink way to the same end, for containers in which /proc/sys is read only: no link-local
 * address is made, so that the host never speaks IPv6 there. */
static int addr_gen_none(const char *ifname)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC, .ifi_index = nl_ifindex(ifname)};
	struct nl_sock *sk = netlink_sock(NULL);
	struct nl_msg *msg = sk ? nlmsg_alloc_simple(RTM_NEWLINK, 0) : NULL;
	struct nlattr *spec = NULL, *inet6 = NULL;

	if (msg && nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO) == 0)
		spec = nla_nest_start(msg, IFLA_AF_SPEC);
	if (spec)
		inet6 = nla_nest_start(msg, AF_INET6);
	if (!inet6 || nla_put_u8(msg, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE) < 0) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	nla_nest_end(msg, inet6);
	nla_nest_end(msg, spec);
	return netlink_do(sk, msg);
}

int nl_link_no_ipv6(const char *ifname, struct err *err)
{
	int rc = sysctl_set("ipv6", ifname, "disable_ipv6", '1');

	/* No IPv6 in this kernel at all is as good. */
	if (rc == -ENOENT && access("/proc/sys/net/ipv6", F_OK) < 0)
		return 0;
	if (rc < 0)
		rc = addr_gen_none(ifname);
	return rc < 0 ? err_sys(err, rc, "interface %s: switch IPv6 off", ifname) : 0;
}

static int addr6_add(const char *ifname, const uint8_t addr[16])
{
	/* No duplicate address detection: the leg is there before any guest. */
	struct ifaddrmsg ifa = {.ifa_family = AF_INET6,
				.ifa_prefixlen = 64,
				.ifa_flags = IFA_F_NODAD,
				.ifa_scope = RT_SCOPE_UNIVERSE,
				.ifa_index = (uint32_t)nl_ifindex(ifname)};
	struct nl_sock *sk = netlink_sock(NULL);
	struct nl_msg *msg =
		sk ? nlmsg_alloc_simple(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE) : NULL;

	if (!msg || nlmsg_append(msg, &ifa, sizeof(ifa), NLMSG_ALIGNTO) < 0 ||
	    nla_put(msg, IFA_LOCAL, 16, addr) < 0 || nla_put(msg, IFA_ADDRESS, 16, addr) < 0) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	return netlink_do(sk, msg);
}

int nl_link_ipv6(const char *ifname, const uint8_t addr[16], struct err *err)
{
	/* Before IPv6 is on: an advertisement must find nobody that believes it. */
	int rc = sysctl_set("ipv6", ifname, "accept_ra", '0');

	if (rc == 0)
		rc = sysctl_set("ipv6", ifname, "accept_redirects", '0');
	if (rc == 0)
		rc = sysctl_set("ipv6", ifname, "disable_ipv6", '0');
	if (rc == 0)
		rc = addr6_add(ifname, addr);
	return rc < 0 ? err_sys(err, rc, "interface %s: IPv6", ifname) : 0;
}

/* @purpose is for the error: what for, and what the kernel must have. */
static int ingress_verdict(const char *ifname, int ifindex, const struct verdict *v,
			   const char *purpose, struct err *err)
{
	struct nl_sock *sk = netlink_sock(err);
	int rc;

	if (!sk || !ifindex)
		return err_set(err, -ENODEV, "interface %s: no such interface", ifname);
	rc = nl_link_no_ipv6(ifname, err);
	if (rc < 0)
		return rc;
	rc = qdisc_add(sk, ifindex, TC_H_CLSACT, TC_H_MAKE(TC_H_CLSACT, 0), "clsact");
	if (rc < 0)
		return err_sys(err, rc, "interface %s: ingress hook (CONFIG_NET_SCH_INGRESS)",
			       ifname);
	rc = filter_add(sk, ifindex, "bpf", put_bpf, v);
	if (rc < 0)
		rc = filter_add(sk, ifindex, "matchall", put_matchall, v);
	return rc < 0 ? err_sys(err, rc, "interface %s: %s", ifname, purpose) : 0;
}

int nl_tap_isolate(const char *ifname, int ifindex, struct err *err)
{
	const struct verdict drop = {0};

	return ingress_verdict(ifname, ifindex, &drop,
			       "keep frames from the host's stack (needs the kernel's cls_bpf, or "
			       "cls_matchall with act_gact)",
			       err);
}

int nl_tap_redirect(const char *ifname, int ifindex, int to, struct err *err)
{
	const struct verdict redirect = {.redirect_to = to};

	return ingress_verdict(ifname, ifindex, &redirect,
			       "bring frames to the host (needs the kernel's act_mirred, and "
			       "cls_bpf or cls_matchall)",
			       err);
}

int nl_link_arp_strict(const char *ifname)
{
	/* arp_ignore 1: reply only if the target address is one of the incoming interface. */
	return sysctl_set("ipv4", ifname, "arp_ignore", '1');
}

int nl_link_route_localnet(const char *ifname, bool on)
{
	return sysctl_set("ipv4", ifname, "route_localnet", on ? '1' : '0');
}

int nl_link_noqueue(int ifindex)
{
	struct nl_sock *sk = netlink_sock(NULL);

	return sk ? qdisc_add(sk, ifindex, TC_H_ROOT, 0, "noqueue") : -ENOMEM;
}
