/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netlink_int.h - what the netlink_*.c files share.
 */
#ifndef VSWITCHD_NETLINK_INT_H
#define VSWITCHD_NETLINK_INT_H

#include <netlink/netlink.h>

#include "lib/err.h"

/*
 * The request socket of the calling thread, opened at its first use in the network namespace that
 * the thread is then in. A thread that has moved to another namespace must not have used it
 * before. NULL with @err filled when it can't be opened. Owned by the thread.
 */
struct nl_sock *netlink_sock(struct err *err);
/* Close it; called before a thread that used it ends. */
void netlink_sock_close(void);
/* Give the calling thread another request socket (NULL: opened at the next use), for the time that
 * it spends in another namespace. Returns the one that it had. */
struct nl_sock *netlink_sock_swap(struct nl_sock *sk);

/* Send @msg (takes it), wait for the kernel's answer. 0 or a negative errno. */
int netlink_do(struct nl_sock *sk, struct nl_msg *msg);
/* As netlink_do() for a request that is answered by messages: @cb is called for each. */
int netlink_ask(struct nl_sock *sk, struct nl_msg *msg, int (*cb)(struct nl_msg *msg, void *ctx),
		void *ctx);
/* libnl's error number (of either sign) as a negative errno. */
int netlink_errno(int nle);

#endif
