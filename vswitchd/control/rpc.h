/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc.h - JSON-RPC 2.0 over the control socket: one table of methods.
 *
 * A handler gets parameters that have the shape its row promises, and either returns 0 with a
 * result, a negative errno with an error text, or RPC_LATER after having taken the call over with
 * rpc_defer(). doc/vnet-control.7 describes every method.
 */
#ifndef VSWITCHD_RPC_H
#define VSWITCHD_RPC_H

#include <jansson.h>

#include "lib/err.h"

struct client;
struct daemon;
struct net;
struct port;

enum { RPC_LATER = 1 };
enum { RPC_TIMEOUT_MAX_S = 86400 };
enum {
	RPC_PARSE_ERROR = -32700,
	RPC_INVALID_REQUEST = -32600,
	RPC_NO_METHOD = -32601,
	RPC_INVALID_PARAMS = -32602,
	RPC_FAILED = -32000,
};

/* A request while its handler runs. */
struct rpc {
	struct daemon *d;
	struct client *client;
	const char *method;
	json_t *id;	/* borrowed; NULL for a notification, which gets no reply */
	json_t *params; /* borrowed; always an object */
	int fd;		/* descriptor that goes with the reply, given by the handler; -1: none */
};

typedef int rpc_fn(struct rpc *rpc, json_t **result, struct err *err);

struct rpc_method {
	const char *name;
	rpc_fn *fn;
	/* Parameters by name, separated by spaces: "net! filter snaplen:i nics:a!". A '!' means
	 * required; ":i" integer, ":a" array, ":o" object, else string. A last "*" leaves the ones
	 * that are not named to the handler. */
	const char *params;
	bool needs_root; /* only for uid 0 and the daemon's own uid */
};

/* A call whose reply comes later. */
struct rpc_later;
/* Take the call over. NULL when memory is short. */
struct rpc_later *rpc_defer(struct rpc *rpc);
/* Reply and free. Takes @result; NULL: fail with @err, or for want of memory when that is NULL too.
 * Harmless when the client has gone. */
void rpc_finish(struct rpc_later *later, json_t *result, const struct err *err);
/* The client has gone: forget it in all calls that it waits for. */
void rpc_client_gone(struct daemon *d, struct client *client);

/* Serve one line of a client. False when the line was not JSON: the connection can't be trusted
 * to be in step any more and should be closed once the reply has left. */
bool rpc_serve(struct daemon *d, struct client *client, const char *line, size_t len);

/* ---- rpc_parse.c: pure ---- */

/* Take a request line apart. 0 and a new reference in *@req, or a JSON-RPC error code with @err
 * filled (*@req may be set then too, for its id; else NULL). */
int rpc_parse(const char *line, size_t len, json_t **req, struct err *err);
/* Check the shape of @params against a row's text. 0 or RPC_INVALID_PARAMS. */
int rpc_check_params(const char *spec, const json_t *params, struct err *err);

/* A string parameter; NULL when it was not given. Borrowed. */
const char *rpc_str(const struct rpc *rpc, const char *key);
/* An integer parameter in [@min, @max]; @fallback when it was not given. */
int rpc_int(const struct rpc *rpc, const char *key, int64_t min, int64_t max, int64_t fallback,
	    int64_t *out, struct err *err);
/* How long a command of vm.exec or ns.exec may take: "timeout_s", else 30 s. */
int rpc_exec_timeout(const struct rpc *rpc, unsigned int *out_ms, struct err *err);
/* The standard input of a command of theirs: the bytes of "input", which the caller frees. NULL
 * when it was not given. */
int rpc_exec_input(const struct rpc *rpc, uint8_t **out, size_t *len, struct err *err);
/* A parameter that must be a name for an object: checked by name_valid(). */
int rpc_name(const struct rpc *rpc, const char *key, const char **out, struct err *err);
/* The existing network or port named by parameter "net" or "port". -ENOENT tells which is not
 * there. */
int rpc_net(const struct rpc *rpc, struct net **out, struct err *err);
int rpc_port(const struct rpc *rpc, struct port **out, struct err *err);

/* ---- undo.c ---- */

/* By the parameter "undo" of the request: when its client's connection ends, this command is run in
 * the guest (@vm) or namespace @name. A client has one such command; "", a later one and undo.drop
 * replace it. */
int undo_set(const struct rpc *rpc, const char *name, bool vm, struct err *err);
/* The client has gone: run its command. */
void undo_client_gone(struct daemon *d, struct client *client);
/* Forget all, without running them. */
void undo_fini(struct daemon *d);

/* The client has gone: what it was doing to labs will not be finished (rpc_lab.c). */
void lab_client_gone(struct daemon *d, struct client *client);

/* One table a noun, each ended by an empty row. */
extern const struct rpc_method rpc_daemon_methods[], rpc_net_methods[], rpc_port_methods[],
	rpc_vm_methods[], rpc_ns_methods[], rpc_lab_methods[], rpc_capture_methods[],
	rpc_explain_methods[], rpc_dns_methods[], rpc_probe_methods[], rpc_undo_methods[];

#endif
