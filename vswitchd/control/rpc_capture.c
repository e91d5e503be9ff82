/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_capture.c - capture.start, capture.stop
 */
#include <errno.h>
#include <string.h>

#include "vswitchd/control/capture.h"
#include "vswitchd/control/rpc.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/net.h"

static int parse_format(const struct rpc *rpc, bool *classic, struct err *err)
{
	const char *format = rpc_str(rpc, "format");

	*classic = format && !strcmp(format, "pcap");
	if (!format || *classic || !strcmp(format, "pcapng"))
		return 0;
	return err_set(err, -EINVAL, "parameter \"format\" must be \"pcapng\" or \"pcap\"");
}

static int parse_what(struct rpc *rpc, struct capture_conf *conf, struct err *err)
{
	if (rpc_str(rpc, "port") && rpc_str(rpc, "net"))
		return err_set(err, -EINVAL, "give \"port\" or \"net\", or neither for everything");
	if (rpc_str(rpc, "port"))
		return rpc_port(rpc, &conf->port, err);
	return rpc_str(rpc, "net") ? rpc_net(rpc, &conf->net, err) : 0;
}

static int parse_pairs(const struct rpc *rpc, struct capture_conf *conf, struct err *err)
{
	conf->pairs = json_is_true(json_object_get(rpc->params, "pairs"));
	if (!conf->pairs)
		return 0;
	if (conf->classic || conf->steps_per_s)
		return err_set(err, -EINVAL, "pairs are told in pcapng, and without steps");
	if (!conf->net)
		return err_set(err, -EINVAL, "pairs are of a network that translates (NAT)");
	if (!conf->net->conf.mode->translates)
		return err_set(err, -EINVAL, "network \"%s\" is %s, which translates nothing",
			       conf->net->conf.name, conf->net->conf.mode->name);
	return 0;
}

static int parse(struct rpc *rpc, struct capture_conf *conf, struct err *err)
{
	int64_t snaplen, steps;
	int rc = rpc_int(rpc, "snaplen", 64, CAPTURE_SNAPLEN_MAX, CAPTURE_SNAPLEN_MAX, &snaplen,
			 err);

	if (!rc)
		rc = rpc_int(rpc, "steps", 0, CAPTURE_STEPS_MAX, 0, &steps, err);
	if (!rc)
		rc = parse_format(rpc, &conf->classic, err);
	if (!rc)
		rc = parse_what(rpc, conf, err);
	if (rc)
		return rc;
	conf->snaplen = (unsigned int)snaplen;
	conf->steps_per_s = (unsigned int)steps;
	conf->filter = rpc_str(rpc, "filter");
	if (conf->classic && steps)
		return err_set(err, -EINVAL, "pcap has no place for steps: use pcapng");
	return parse_pairs(rpc, conf, err);
}

static int capture_start_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct capture_conf conf = {0};
	unsigned int id;
	int rc = parse(rpc, &conf, err);

	if (rc)
		return rc;
	rpc->fd = capture_open(rpc->d, &conf, &id, err);
	if (rpc->fd < 0)
		return rpc->fd;
	*result = json_pack("{s:i, s:i, s:s}", "linktype", 1, "id", (int)id, "format",
			    conf.classic ? "pcap" : "pcapng");
	return 0;
}

static int capture_stop_m(struct rpc *rpc, json_t **result, struct err *err)
{
	int64_t id;
	int rc = rpc_int(rpc, "id", 1, INT32_MAX, 0, &id, err);

	if (!rc)
		rc = capture_stop(rpc->d, (unsigned int)id, err);
	*result = rc ? NULL : json_object();
	return rc;
}

const struct rpc_method rpc_capture_methods[] = {
	{"capture.start", capture_start_m, "port net filter format snaplen:i steps:i pairs:b",
	 false},
	{"capture.stop", capture_stop_m, "id:i!", false},
	{0},
};
