/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * up_network.c - a lab's networks, and the forwards into them.
 */
#include "lab/guest.h"
#include "lab/up.h"

static void set_addr(json_t *params, const char *key, const struct lab_addr *a)
{
	char text[IP4_STR];

	if (a->given)
		json_object_set_new(params, key, json_string(ip4_format(a->a, text)));
}

static void set_dhcp(json_t *params, const struct lab_dhcp *dhcp)
{
	char first[IP4_STR], last[IP4_STR];

	if (!dhcp->given)
		return;
	if (dhcp->first.given)
		json_object_set_new(params, "dhcp",
				    json_sprintf("%s-%s", ip4_format(dhcp->first.a, first),
						 ip4_format(dhcp->last.a, last)));
	else
		json_object_set_new(params, "dhcp", json_string(dhcp->on ? "on" : "off"));
	set_addr(params, "router", &dhcp->router);
	set_addr(params, "dns", &dhcp->dns);
	if (dhcp->lease_s.given)
		json_object_set_new(params, "lease", json_sprintf("%us", dhcp->lease_s.v));
}

static json_t *net_params(const struct lab *lab, const struct lab_net *net)
{
	json_t *params = json_pack("{s:s, s:s, s:s}", "name", net->name.s, "mode",
				   lab_mode_word(net->mode), "lab", lab->name.s);
	char text[IP4_PREFIX_STR];

	if (net->subnet.given)
		json_object_set_new(params, "subnet",
				    json_string(ip4_prefix_format(net->subnet.p, text)));
	set_addr(params, "gateway", &net->gateway);
	set_dhcp(params, &net->dhcp);
	if (net->nic.s)
		json_object_set_new(params, "nic", json_string(net->nic.s));
	else if (net->mode == LAB_BRIDGE && !net->via.s)
		json_object_set_new(params, "nic", json_string("auto"));
	if (net->subnet6.s)
		json_object_set_new(params, "subnet6", json_string(net->subnet6.s));
	if (net->ipv6.s)
		json_object_set_new(params, "ipv6", json_string(net->ipv6.s));
	if (net->via.s)
		json_object_set_new(params, "via", json_string(net->via.s));
	if (net->uplink.s)
		json_object_set_new(params, "uplink", json_string(net->uplink.s));
	if (net->mtu.given)
		json_object_set_new(params, "mtu", json_integer(net->mtu.v));
	if (net->vlan.given)
		json_object_set_new(params, "vlan", json_integer(net->vlan.v));
	settings_put(&net->settings, params);
	return params;
}

int up_networks(struct lab_run *r, struct err *err)
{
	for (size_t i = 0; i < r->lab->n_nets; i++) {
		const struct lab_net *net = &r->lab->nets[i];
		int rc = up_call(r, "net.add", net_params(r->lab, net), err);

		if (rc)
			return rc;
		progress_line(&r->progress, "network   %s up (%s)", net->name.s,
			      lab_mode_word(net->mode));
	}
	return 0;
}

/* A forward's target is a guest's name for the daemon, or an address. */
int up_forwards(struct lab_run *r, struct err *err)
{
	for (size_t i = 0; i < r->lab->n_nets; i++) {
		const struct lab_net *net = &r->lab->nets[i];

		for (size_t k = 0; k < net->n_forwards; k++) {
			const struct lab_forward *f = &net->forwards[k];
			int rc = up_call(r, "nat.forward.add",
					 json_pack("{s:s, s:s, s:s, s:o}", "net", net->name.s,
						   "proto", f->proto, "bind", f->bind, "to",
						   json_sprintf("%s:%u", f->to, f->port)),
					 err);

			if (rc)
				return rc;
		}
	}
	return 0;
}
