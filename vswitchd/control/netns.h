/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netns.h - namespace nodes: processes with a network, mounts and ids of their own, and a name.
 *
 * Namespaces are mounted at /run/netns/NAME, as `ip netns` does, so that the usual tools see them.
 * Each is recorded (kind "netns"); it outlives the daemon's death but not its clean stop. What its
 * commands write to some folders stays in the namespace (nsinit/).
 */
#ifndef VSWITCHD_NETNS_H
#define VSWITCHD_NETNS_H

#include <jansson.h>

#include "lib/err.h"

struct daemon;
struct netns;
struct rpc;

/* Make namespace @name with its loopback up. One of this name whose first process was killed is
 * removed first, but for its files. */
int netns_add(struct daemon *d, const char *name, const char *lab, struct err *err);
/* Kill every process in it and remove it with its ports and veth pairs; what was written in its
 * folders too unless @keep_files: then the next of this name finds it. Can't fail half-way. */
void netns_del(struct netns *ns, bool keep_files);
/* Stop, or go on with, the processes in it (its kernel is the host's, and still answers pings). How
 * many there are. */
unsigned int netns_pause(const struct netns *ns, bool on);
void netns_del_all(struct daemon *d);
struct netns *netns_find(struct daemon *d, const char *name);
/* From its record. */
int netns_restore(struct daemon *d, const char *name, const json_t *doc, struct err *err);
json_t *netns_json(const struct netns *ns);
json_t *netns_list_json(const struct daemon *d);

/* A veth pair: @inside in the namespace, @host in ours, both up. */
int netns_veth(struct netns *ns, const char *inside, const char *host, struct err *err);
/* The name of a namespace that belongs to lab @lab; NULL when there is none. */
const char *netns_of_lab(const struct daemon *d, const char *lab);
/* Is @ifname the host end of a veth pair of ours? */
bool netns_owns_link(const struct daemon *d, const char *ifname);
/* Give interface @ifname of the namespace an address. */
int netns_addr(struct netns *ns, const char *ifname, const char *address, struct err *err);

const char *netns_name(const struct netns *ns);
struct daemon *netns_daemon(const struct netns *ns);

/* ---- netns_run.c ---- */

/* Run the "command" of @rpc with sh in the namespace, with @len bytes of @input (NULL: none) as its
 * standard input; the reply of @rpc follows. RPC_LATER or an error. */
int netns_exec(struct netns *ns, struct rpc *rpc, const uint8_t *input, size_t len,
	       unsigned int timeout_ms, struct err *err);
/* Start @command in the background, output to DIR/netns-NAME.log. Its pid, or an error. */
int netns_spawn(struct netns *ns, const char *command, struct err *err);
/* A shell in the namespace on a terminal of its own, which ends when the descriptor that is
 * returned is closed. @prompt is a name (name_valid()). Negative errno. */
int netns_console(struct netns *ns, const char *prompt, struct err *err);

#endif
