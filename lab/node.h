/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * node.h - running commands in the nodes of a running lab, and finding their addresses.
 */
#ifndef LAB_NODE_H
#define LAB_NODE_H

#include "client/shell.h"
#include "lab/local.h"
#include "lab/run.h"

/* Run shell text in @node, or as a process of ours on the host when @node is NULL. 0 when it ran
 * (whatever its status); a negative errno when it could not. */
int node_exec(struct lab_run *r, const struct lab_node *node, const char *command,
	      unsigned int timeout_s, struct exec_result *res, struct err *err);
/* The same for work rather than a question: a guest that was slow to boot is given longer than
 * @timeout_s (vnet-control(7), vm.exec). */
int node_work(struct lab_run *r, const struct lab_node *node, const char *command,
	      unsigned int timeout_s, struct exec_result *res, struct err *err);
/* What vm.exec or ns.exec is asked for @command in @node; NULL: out of memory. */
json_t *node_exec_params(const struct lab_node *node, const char *command, unsigned int timeout_s,
			 bool work);
/* Write @len bytes to the file @path in @node, with the folders that lead there. */
int node_write(struct lab_run *r, const struct lab_node *node, const char *path, const void *data,
	       size_t len, struct err *err);

/* What our DHCP server has leased interface @index, whose network is one of its; -ENOENT: nothing.
 */
int node_lease(struct lab_run *r, const struct lab_node *node, size_t index, be32 *out,
	       struct err *err);
/* The address of @node's NIC @index now: from the file, from our DHCP server's leases, else from
 * the node itself. -ENOENT while it has none. */
int node_address(struct lab_run *r, const struct lab_node *node, size_t index, be32 *out,
		 struct err *err);
/* The same, and always from the node itself. Of several the first, or with @in (plen not 0) the
 * first in that subnet, else the first of all. */
int node_has_address(struct lab_run *r, const struct lab_node *node, size_t index,
		     struct ip4_prefix in, be32 *out, struct err *err);
/* The address that @from (NULL: the host) should use for "NODE", "NODE.ethN" or "ADDR": for a node,
 * the NIC that shares a network with @from, else the first that has an address. */
int node_target(struct lab_run *r, const struct lab_node *from, const char *to, be32 *out,
		struct err *err);

/* The state word of a node: of a guest vm.show's, of a namespace "up" or "failed" (its first
 * process has ended); "missing" when the daemon has none. Into @buf; returned. */
const char *node_state(struct lab_run *r, const struct lab_node *node, char *buf, size_t size);

#endif
