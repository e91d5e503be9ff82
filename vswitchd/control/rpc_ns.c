/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_ns.c - ns.*: for root only, as its commands are root's.
 */
#include <errno.h>
#include <string.h>

#include "lib/addr.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/control/netns_int.h"
#include "vswitchd/control/rpc.h"
#include "vswitchd/control/shortname.h"

static int rpc_netns(const struct rpc *rpc, const char *key, struct netns **out, struct err *err)
{
	const char *name = rpc_str(rpc, key);
	struct short_name s = {.name = name, .kind = "namespace"};
	char shown[80];

	*out = netns_find(rpc->d, name);
	for (struct netns *ns = *out ? NULL : rpc->d->netns; ns; ns = ns->next)
		short_name_look(&s, ns->lab, ns->name, ns);
	if (s.n)
		return short_name_end(&s, (void **)out, err);
	if (*out)
		return 0;
	return err_set(err, -ENOENT, "there is no namespace \"%s\" made by vswitchd",
		       str_escape(name, strlen(name), shown, sizeof(shown)));
}

static int rpc_ifname(const struct rpc *rpc, const char *key, const char **out, struct err *err)
{
	*out = rpc_str(rpc, key);
	if (name_valid(*out) && strlen(*out) <= IFNAME_MAX)
		return 0;
	return err_set(err, -EINVAL, "parameter \"%s\" is not an interface name (at most %d bytes)",
		       key, IFNAME_MAX);
}

static int ns_list_m(struct rpc *rpc, json_t **result, struct err *err)
{
	(void)err;
	*result = netns_list_json(rpc->d);
	return 0;
}

static int ns_add_m(struct rpc *rpc, json_t **result, struct err *err)
{
	const char *name, *lab = rpc_str(rpc, "lab");
	int rc = rpc_name(rpc, "name", &name, err);

	if (!rc && lab && !name_valid(lab))
		rc = err_set(err, -EINVAL, "parameter \"lab\" is not a name");
	if (!rc)
		rc = netns_add(rpc->d, name, lab, err);
	if (rc)
		return rc;
	*result = netns_json(netns_find(rpc->d, name));
	return 0;
}

static int ns_del_m(struct rpc *rpc, json_t **result, struct err *err)
{
	const char *files = rpc_str(rpc, "files");
	struct netns *ns;
	int rc = rpc_netns(rpc, "name", &ns, err);

	if (rc)
		return rc;
	netns_del(ns, files && !strcmp(files, "keep"));
	*result = json_object();
	return 0;
}

static int ns_pause_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct netns *ns;
	int rc = rpc_netns(rpc, "name", &ns, err);

	if (rc)
		return rc;
	*result = json_pack("{s:i}", "processes",
			    (int)netns_pause(ns, !strcmp(rpc->method, "ns.pause")));
	return 0;
}

static int ns_veth_m(struct rpc *rpc, json_t **result, struct err *err)
{
	const char *inside, *host;
	struct netns *ns;
	int rc = rpc_netns(rpc, "netns", &ns, err);

	if (!rc)
		rc = rpc_ifname(rpc, "ifname", &inside, err);
	if (!rc)
		rc = rpc_ifname(rpc, "host", &host, err);
	if (!rc)
		rc = netns_veth(ns, inside, host, err);
	*result = rc ? NULL : json_object();
	return rc;
}

/* An address for an interface of the daemon's own namespace, if it is one that we made. */
static int own_addr(const struct rpc *rpc, const char *ifname, const char *address, struct err *err)
{
	struct ip4_prefix p;

	if (!netns_owns_link(rpc->d, ifname))
		return err_set(err, -EPERM, "interface %s was not made by ns.veth", ifname);
	if (ip4_prefix_parse(address, &p))
		return err_set(err, -EINVAL, "parameter \"address\" is not ADDRESS/LENGTH");
	return nl_addr_add(ifname, p, err);
}

static int ns_addr_m(struct rpc *rpc, json_t **result, struct err *err)
{
	const char *ifname, *address = rpc_str(rpc, "address");
	struct netns *ns;
	int rc = rpc_ifname(rpc, "ifname", &ifname, err);

	if (!rc && !rpc_str(rpc, "netns")[0])
		rc = own_addr(rpc, ifname, address, err);
	else if (!rc) {
		rc = rpc_netns(rpc, "netns", &ns, err);
		if (!rc)
			rc = netns_addr(ns, ifname, address, err);
	}
	*result = rc ? NULL : json_object();
	return rc;
}

static int ns_exec_m(struct rpc *rpc, json_t **result, struct err *err)
{
	unsigned int timeout_ms;
	uint8_t *input = NULL;
	struct netns *ns;
	size_t len = 0;
	int rc = rpc_netns(rpc, "name", &ns, err);

	(void)result;
	if (!rc)
		rc = rpc_exec_timeout(rpc, &timeout_ms, err);
	if (!rc)
		rc = rpc_exec_input(rpc, &input, &len, err);
	if (!rc)
		rc = undo_set(rpc, netns_name(ns), false, err);
	if (!rc)
		rc = netns_exec(ns, rpc, input, len, timeout_ms, err);
	free(input);
	return rc;
}

static int ns_spawn_m(struct rpc *rpc, json_t **result, struct err *err)
{
	struct netns *ns;
	int rc = rpc_netns(rpc, "name", &ns, err);

	if (!rc)
		rc = netns_spawn(ns, rpc_str(rpc, "command"), err);
	if (rc < 0)
		return rc;
	*result = json_pack("{s:i}", "pid", rc);
	return 0;
}

static int ns_console_m(struct rpc *rpc, json_t **result, struct err *err)
{
	const char *prompt = rpc_str(rpc, "prompt");
	struct netns *ns;
	int rc = rpc_netns(rpc, "name", &ns, err);

	if (rc)
		return rc;
	if (prompt && !name_valid(prompt))
		return err_set(err, -EINVAL, "parameter \"prompt\" is not a name");
	rpc->fd = netns_console(ns, prompt ? prompt : netns_name(ns), err);
	if (rpc->fd < 0)
		return rpc->fd;
	*result = json_object();
	return 0;
}

const struct rpc_method rpc_ns_methods[] = {
	{"ns.list", ns_list_m, "", true},
	{"ns.add", ns_add_m, "name! lab", true},
	{"ns.del", ns_del_m, "name! files", true},
	{"ns.pause", ns_pause_m, "name!", true},
	{"ns.resume", ns_pause_m, "name!", true},
	{"ns.veth", ns_veth_m, "netns! ifname! host!", true},
	{"ns.addr", ns_addr_m, "netns! ifname! address!", true},
	{"ns.exec", ns_exec_m, "name! command! timeout_s:i input undo", true},
	{"ns.console", ns_console_m, "name! prompt", true},
	{"ns.spawn", ns_spawn_m, "name! command!", true},
	{0},
};
