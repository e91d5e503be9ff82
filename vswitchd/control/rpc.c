/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc.c - finds the method, checks rights and parameters, calls it, sends the reply.
 *
 * A deferred call (rpc_later) is on the daemon's list until it is finished. When its client hangs
 * up before, it stays there without a client: what was started goes on to its end and the reply
 * goes nowhere.
 */
#include "vswitchd/control/rpc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/addr.h"
#include "vswitchd/control/ctl.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/control/shortname.h"

static const struct rpc_method *const tables[] = {
	rpc_daemon_methods, rpc_net_methods,   rpc_port_methods,    rpc_vm_methods,
	rpc_ns_methods,	    rpc_lab_methods,   rpc_capture_methods, rpc_explain_methods,
	rpc_dns_methods,    rpc_probe_methods, rpc_undo_methods,
};

struct rpc_later {
	struct rpc_later *next;
	struct daemon *d;
	struct client *client; /* NULL: gone */
	json_t *id;
};

/* ---- replies --------------------------------------------------------------------------------- */

static void reply_result(struct client *c, json_t *id, json_t *result, int fd)
{
	json_t *msg = json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result", result);

	client_send(c, msg, fd);
	json_decref(msg);
}

static void reply_error(struct client *c, json_t *id, int code, const struct err *err)
{
	const char *name = strerrorname_np(-err->code);
	json_t *msg = json_pack("{s:s, s:O?, s:{s:i, s:s, s:{s:s}}}", "jsonrpc", "2.0", "id",
				id ? id : json_null(), "error", "code", code, "message", err->text,
				"data", "errno", name ? name : "EIO");

	client_send(c, msg, -1);
	json_decref(msg);
}

/* ---- deferred calls -------------------------------------------------------------------------- */

struct rpc_later *rpc_defer(struct rpc *rpc)
{
	struct rpc_later *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->d = rpc->d;
	l->client = rpc->id ? rpc->client : NULL;
	l->id = json_incref(rpc->id);
	l->next = rpc->d->laters;
	rpc->d->laters = l;
	return l;
}

void rpc_finish(struct rpc_later *later, json_t *result, const struct err *err)
{
	struct rpc_later **link = &later->d->laters;
	static const struct err no_memory = {.code = -ENOMEM, .text = "not enough memory"};

	while (*link != later)
		link = &(*link)->next;
	*link = later->next;
	if (later->client && result)
		reply_result(later->client, later->id, json_incref(result), -1);
	else if (later->client)
		reply_error(later->client, later->id, RPC_FAILED, err ? err : &no_memory);
	json_decref(result);
	json_decref(later->id);
	free(later);
}

void rpc_client_gone(struct daemon *d, struct client *client)
{
	lab_client_gone(d, client);
	undo_client_gone(d, client);
	for (struct rpc_later *l = d->laters; l; l = l->next)
		if (l->client == client)
			l->client = NULL;
}

/* ---- serving --------------------------------------------------------------------------------- */

static const struct rpc_method *method_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct rpc_method *m = tables[i]; m->name; m++)
			if (!strcmp(m->name, name))
				return m;
	return NULL;
}

/* Run the method. 0, RPC_LATER or a JSON-RPC error code. */
static int rpc_call(struct rpc *rpc, json_t **result, struct err *err)
{
	const struct rpc_method *m = method_find(rpc->method);
	char shown[80];
	int rc;

	if (!m) {
		err_set(err, -ENOSYS, "there is no method \"%s\"",
			str_escape(rpc->method, strlen(rpc->method), shown, sizeof(shown)));
		return RPC_NO_METHOD;
	}
	if (m->needs_root && !client_is_root(rpc->client)) {
		err_set(err, -EPERM, "%s is for root only", m->name);
		return RPC_FAILED;
	}
	rc = rpc_check_params(m->params, rpc->params, err);
	if (rc)
		return rc;
	/* The loop may have slept for long, and ages and rates are asked for. */
	runner_clock(&rpc->d->runner);
	rc = m->fn(rpc, result, err);
	if (rc == 0 && !*result)
		rc = err_set(err, -ENOMEM, "memory is short");
	return rc < 0 ? RPC_FAILED : rc;
}

static void serve_request(struct daemon *d, struct client *c, json_t *req)
{
	json_t *empty = json_object(), *params = json_object_get(req, "params"), *result = NULL;
	struct rpc rpc = {
		.d = d,
		.client = c,
		.method = json_string_value(json_object_get(req, "method")),
		.id = json_object_get(req, "id"),
		.params = params ? params : empty,
		.fd = -1,
	};
	struct err err = {0};
	int rc = rpc_call(&rpc, &result, &err);

	if (rc == 0 && rpc.id) {
		reply_result(c, rpc.id, result, rpc.fd);
	} else {
		if (rc < 0 && rpc.id)
			reply_error(c, rpc.id, rc, &err);
		if (rpc.fd >= 0)
			close(rpc.fd);
		json_decref(result);
	}
	json_decref(empty);
}

bool rpc_serve(struct daemon *d, struct client *c, const char *line, size_t len)
{
	struct err err = {0};
	json_t *req, *id;
	int rc = rpc_parse(line, len, &req, &err);

	if (rc == 0) {
		serve_request(d, c, req);
	} else {
		id = json_object_get(req, "id");
		reply_error(c, json_is_string(id) || json_is_integer(id) ? id : NULL, rc, &err);
	}
	json_decref(req);
	return rc != RPC_PARSE_ERROR;
}

/* ---- parameters that name objects ------------------------------------------------------------ */

int rpc_net(const struct rpc *rpc, struct net **out, struct err *err)
{
	const char *name = rpc_str(rpc, "net");
	struct short_name s = {.name = name, .kind = "network"};
	char shown[80];

	*out = net_find(&rpc->d->runner, name);
	for (struct net *n = *out ? NULL : rpc->d->runner.nets; n; n = n->next)
		short_name_look(&s, n->conf.lab, n->conf.name, n);
	if (s.n)
		return short_name_end(&s, (void **)out, err);
	if (*out)
		return 0;
	return err_set(err, -ENOENT, "there is no network \"%s\" (see: vnetctl net list)",
		       str_escape(name, strlen(name), shown, sizeof(shown)));
}

int rpc_port(const struct rpc *rpc, struct port **out, struct err *err)
{
	const char *name = rpc_str(rpc, "port");
	struct short_name s = {.name = name, .kind = "port"};
	char shown[80];

	*out = port_find(name);
	for (struct net *n = *out ? NULL : rpc->d->runner.nets; n; n = n->next)
		for (struct port *p = n->ports; p; p = p->next)
			short_name_look(&s, n->conf.lab, p->name, p);
	if (s.n)
		return short_name_end(&s, (void **)out, err);
	if (*out)
		return 0;
	return err_set(err, -ENOENT, "there is no port \"%s\" (see: vnetctl port list)",
		       str_escape(name, strlen(name), shown, sizeof(shown)));
}
