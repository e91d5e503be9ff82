/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/reply.h"

#include <arpa/inet.h>
#include <string.h>

/* RFC 2131 4.4.5: T1 and T2 are half and seven eighths of the lease. */
static void put_times(struct dhcp_writer *w, uint32_t lease_s)
{
	dhcp_put_u32(w, OPT_LEASE, lease_s);
	dhcp_put_u32(w, OPT_T1, lease_s / 2);
	dhcp_put_u32(w, OPT_T2, (uint32_t)((uint64_t)lease_s * 7 / 8));
}

static void put_param(struct dhcp_writer *w, const struct dhcp_conf *conf, uint8_t opt)
{
	be16 mtu = htons(conf->mtu);

	if (opt == OPT_ROUTER && conf->router)
		dhcp_put_be32(w, OPT_ROUTER, conf->router);
	else if (opt == OPT_DNS && conf->dns)
		dhcp_put_be32(w, OPT_DNS, conf->dns);
	else if (opt == OPT_BROADCAST)
		dhcp_put_be32(w, OPT_BROADCAST, ip4_broadcast(conf->subnet));
	else if (opt == OPT_MTU && conf->mtu)
		dhcp_put(w, OPT_MTU, &mtu, sizeof(mtu));
}

/* In the client's order (RFC 2132 9.8), each once; the mask always and before the router (RFC 2132
 * 3.3). A client that does not say gets router and DNS. */
static void put_params(struct dhcp_writer *w, const struct dhcp_conf *conf,
		       const struct dhcp_value *params)
{
	static const struct dhcp_value usual = {.len = 2, .b = {OPT_ROUTER, OPT_DNS}};
	bool done[256] = {false};

	if (!params->len)
		params = &usual;
	dhcp_put_be32(w, OPT_MASK, ip4_mask(conf->subnet.plen));
	for (unsigned int i = 0; i < params->len; i++) {
		if (!done[params->b[i]])
			put_param(w, conf, params->b[i]);
		done[params->b[i]] = true;
	}
}

/* RFC 2131 4.1; RFC 3046 2.1 and RFC 951 8 for the relay, which is reached where its frame came
 * from: no ARP is ever needed. */
static void address(const struct dhcp_msg *msg, const struct mac *src, struct dhcp_reply *out)
{
	be32 yiaddr = ((struct dhcp_hdr *)out->data)->yiaddr;
	bool broadcast = msg->hdr.flags & htons(DHCP_FLAG_BROADCAST);

	out->dport = DHCP_PORT_CLIENT;
	out->mac = msg->mac;
	if (msg->hdr.giaddr) {
		out->dst = msg->hdr.giaddr;
		out->dport = DHCP_PORT_SERVER;
		out->mac = *src;
	} else if (out->type != DHCP_NAK && msg->hdr.ciaddr) {
		out->dst = msg->hdr.ciaddr;
	} else if (out->type != DHCP_NAK && !broadcast) {
		out->dst = yiaddr;
	} else {
		out->dst = htonl(0xffffffff);
		out->mac = MAC_BROADCAST;
	}
}

/* What the client can take: never less than 576 (RFC 2132 9.10). What the relay added, and will
 * take off again, does not count (RFC 3046 2.1). */
static size_t room(const struct dhcp_msg *msg)
{
	size_t max = MAX(msg->max_size, DHCP_SIZE_MIN) - DHCP_IP_UDP;

	if (msg->hdr.giaddr && msg->agent.len)
		max += 2u + msg->agent.len;
	return MIN(max, DHCP_LEN_MAX);
}

void dhcp_compose(const struct dhcp_conf *conf, const struct dhcp_msg *msg, const struct mac *src,
		  enum dhcp_type type, be32 yiaddr, uint32_t lease_s, struct dhcp_reply *out)
{
	struct dhcp_hdr *h = (struct dhcp_hdr *)out->data;
	struct dhcp_writer w;

	out->type = type;
	out->durable = false;
	out->undo.lease = NULL;
	dhcp_reply_start(&w, out->data, room(msg), msg, type);
	h->yiaddr = yiaddr;
	if (type == DHCP_ACK)
		h->ciaddr = msg->hdr.ciaddr;
	/* RFC 2131 4.3.2: the relay must broadcast a NAK, the client has no address. */
	if (type == DHCP_NAK && msg->hdr.giaddr)
		h->flags |= htons(DHCP_FLAG_BROADCAST);
	dhcp_put_be32(&w, OPT_SERVER_ID, conf->server);
	if (msg->client_id.len) /* RFC 6842 3 */
		dhcp_put(&w, OPT_CLIENT_ID, msg->client_id.b, msg->client_id.len);
	if (lease_s)
		put_times(&w, lease_s);
	if (type != DHCP_NAK) /* RFC 2131 table 3 */
		put_params(&w, conf, &msg->params);
	if (msg->agent.len) /* RFC 3046 2.2: whole, and last */
		dhcp_put(&w, OPT_AGENT, msg->agent.b, msg->agent.len);
	out->len = dhcp_reply_end(&w);
	address(msg, src, out);
}
