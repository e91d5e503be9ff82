/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_probe.c - net.probe: what the probe of a network is answered.
 */
#include <errno.h>
#include <string.h>

#include "vswitchd/control/rpc.h"
#include "vswitchd/netprobe.h"

enum { PING_BYTES = 56, TIMEOUT_MS = 2000 };

static void done(void *who, const struct probe_answer *a)
{
	static const struct err gone = {.code = -ENODEV, .text = "the probe was taken away"};
	json_t *result;

	if (!a) {
		rpc_finish(who, NULL, &gone);
		return;
	}
	result = json_pack("{s:b, s:s, s:i}", "answered", a->result == PROBE_ANSWERED, "result",
			   probe_result_words[a->result], "ms", (int)a->ms);
	if (a->page) {
		json_t *page = json_string(a->page);

		json_object_set_new(result, "status", json_integer(a->status));
		/* What is no UTF-8 is no text of a page that could be shown. */
		json_object_set_new(result, "page", page ? page : json_string(""));
	}
	rpc_finish(who, result, NULL);
}

static int kind_of(const char *word, enum probe_kind *out, struct err *err)
{
	for (unsigned int i = 0; probe_kind_words[i]; i++)
		if (!strcmp(probe_kind_words[i], word)) {
			*out = (enum probe_kind)i;
			return 0;
		}
	return err_set(err, -EINVAL, "kind: ping, udp, tcp or http");
}

static int question(struct rpc *rpc, struct probe_question *q, struct err *err)
{
	int64_t port, bytes, ms;
	int rc = kind_of(rpc_str(rpc, "kind"), &q->kind, err);

	if (!rc && ip4_parse(rpc_str(rpc, "to"), &q->to))
		rc = err_set(err, -EINVAL, "to: an IPv4 address");
	if (!rc)
		rc = rpc_int(rpc, "port", 1, UINT16_MAX, q->kind == PROBE_HTTP ? 80 : 0, &port,
			     err);
	if (!rc)
		rc = rpc_int(rpc, "bytes", 8, PROBE_PING_MAX, PING_BYTES, &bytes, err);
	if (!rc)
		rc = rpc_int(rpc, "timeout_ms", 1, PROBE_TIMEOUT_MAX_MS, TIMEOUT_MS, &ms, err);
	if (rc)
		return rc;
	q->port = (uint16_t)port;
	q->bytes = (uint16_t)bytes;
	q->timeout_ms = (unsigned int)ms;
	q->text = rpc_str(rpc, "text");
	if (!q->text)
		q->text = q->kind == PROBE_HTTP ? "/" : "probe";
	return 0;
}

static int probe_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct probe_question q = {0};
	struct rpc_later *later;
	struct net *net;
	int rc = rpc_net(rpc, &net, err);

	(void)result;
	if (!rc)
		rc = question(rpc, &q, err);
	if (rc)
		return rc;
	later = rpc_defer(rpc);
	if (!later)
		return err_set(err, -ENOMEM, "memory is short");
	q.who = later;
	rc = netprobe_ask(net, &q, done, err);
	if (rc)
		rpc_finish(later, NULL, err);
	return RPC_LATER;
}

const struct rpc_method rpc_probe_methods[] = {
	{"net.probe", probe_m, "net! kind! to! port:i bytes:i text timeout_ms:i", false},
	{0},
};
