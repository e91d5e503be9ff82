/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/ctl.h"

const char *probe_port(const struct lab_net *net, char buf[static 2 * NAME_MAX_])
{
	snprintf(buf, 2 * NAME_MAX_, "%s.probe", net->id);
	return buf;
}

int probe_address(struct lab_run *r, const struct lab_net *net, be32 *out, struct err *err)
{
	json_t *obj = client_call(r->client, "net.show", json_pack("{s:s}", "net", net->id), err);
	const char *text = jstr(json_object_get(obj, "settings"), "probe");
	struct ip4_prefix p;
	char addr[IP4_PREFIX_STR];
	int rc;

	if (!obj)
		return err->code;
	snprintf(addr, sizeof(addr), "%.*s", (int)strcspn(text, ","), text);
	rc = ip4_prefix_parse(addr, &p);
	json_decref(obj);
	if (rc)
		return err_set(err, -ENOENT, "network %s has no probe now", net->name.s);
	*out = p.addr;
	return 0;
}
