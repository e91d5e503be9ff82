/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The DHCP server as a port: what frames it takes, what frames it sends, what people see of it. */
#include <arpa/inet.h>
#include <errno.h>

#include "lib/csum.h"
#include "tests/unit/dhcp_bench.h"
#include "tests/unit/tight_disk.h"
#include "tests/wire/world.h"
#include "vswitchd/netdhcp.h"
#include "tests/wire/ear.h"
#include "tests/wire/lease_file.h"

static struct world w;

static int setup(void **state)
{
	struct net_conf *c;
	struct err err;

	(void)state;
	world_init(&w, 2);
	c = &w.net->conf;
	c->subnet = (struct ip4_prefix){ip("10.0.2.0"), 24};
	c->dhcp_server = ip("10.0.2.254");
	c->gateway = ip("10.0.2.2");
	c->dhcp_first = ip("10.0.2.128");
	c->dhcp_last = ip("10.0.2.253");
	c->dhcp = true;
	if (netdhcp_start(w.net, &err))
		fail_msg("%s", err.text);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	netdhcp_stop(w.net);
	netdhcp_forget(w.net->conf.name);
	world_fini(&w);
	netdhcp_close_store();
	return 0;
}

static struct port *server_port(void)
{
	return port_find("n.dhcp");
}

static void step(msec ms)
{
	runner_step(&w.runner, w.runner.now + ms);
	netdhcp_tick(w.net, w.runner.now);
}

/* ---- frames ---------------------------------------------------------------------------------- */

struct frame {
	uint8_t b[2048];
	size_t len;
};

static struct ip4_hdr *frame_ip(struct frame *f)
{
	return (struct ip4_hdr *)(f->b + 14);
}

static struct udp_hdr *frame_udp(struct frame *f)
{
	return (struct udp_hdr *)(f->b + 34);
}

/* @m as a UDP message to port 67, checksums right. */
static struct frame wrap(const struct cmsg *m, be32 src, be32 dst)
{
	struct frame f = {.len = 42 + m->len};
	struct eth_hdr *eth = (void *)f.b;
	uint32_t sum;

	*eth = (struct eth_hdr){.dst = MAC_BROADCAST, .type = htons(ETHERTYPE_IP4)};
	memcpy(&eth->src, m->b + offsetof(struct dhcp_hdr, chaddr), 6);
	*frame_ip(&f) = (struct ip4_hdr){.ver_ihl = 0x45,
					 .tot_len = htons((uint16_t)(28 + m->len)),
					 .ttl = 64,
					 .proto = 17,
					 .src = src,
					 .dst = dst};
	frame_ip(&f)->csum = csum_ip4(frame_ip(&f), 20);
	*frame_udp(&f) = (struct udp_hdr){htons(68), htons(67), htons((uint16_t)(8 + m->len)), 0};
	memcpy(f.b + 42, m->b, m->len);
	sum = csum_pseudo4(src, dst, 17, (uint32_t)(8 + m->len));
	frame_udp(&f)->csum = csum_fold(csum_add(sum, frame_udp(&f), 8 + m->len));
	return f;
}

static void put_in(unsigned int port, const struct frame *f)
{
	assert_int_equal(port_dummy_receive(w.port[port], f->b, f->len, NULL), 0);
}

/* The next frame that came out of @port; false when there is none. */
static bool take(unsigned int port, struct frame *f)
{
	struct pkt *p = port_dummy_sent(w.port[port]);

	if (!p)
		return false;
	assert_true(p->len <= sizeof(f->b));
	memcpy(f->b, p->data, p->len);
	f->len = p->len;
	pkt_put(p);
	return true;
}

static void drain(void)
{
	struct frame f = {.len = 0};

	for (unsigned int i = 0; i < 2; i++)
		while (take(i, &f))
			;
}

/* Is @f an answer of the server to client @n of this type? Checks every header on the way. */
static be32 expect_reply(struct frame *f, unsigned int n, enum dhcp_type type)
{
	const struct eth_hdr *eth = (void *)f->b;
	const struct dhcp_hdr *h = (void *)(f->b + 42);
	struct mac mac = client_mac(n);
	size_t len, udp_len = ntohs(frame_udp(f)->len);
	const uint8_t *t = dhcp_find(h, f->len - 42, OPT_TYPE, &len);

	assert_true(mac_equal(&eth->dst, &mac));
	assert_true(mac_equal(&eth->src, &server_port()->mac));
	assert_int_equal(ref_sum(f->b + 14, 20, 0), 0xffff);
	assert_int_equal(ntohs(frame_ip(f)->tot_len), f->len - 14);
	assert_int_equal(udp_len, f->len - 34);
	assert_int_equal(
		ref_sum(f->b + 34, udp_len, ref_pseudo(f->b + 14, false, 17, (uint32_t)udp_len)),
		0xffff);
	assert_int_equal(frame_ip(f)->src, ip("10.0.2.254"));
	assert_int_equal(ntohs(frame_udp(f)->sport), 67);
	assert_int_equal(ntohs(frame_udp(f)->dport), 68);
	assert_non_null(t);
	assert_int_equal(*t, type);
	return h->yiaddr;
}

static bool is_probe_for(const struct frame *f, be32 addr)
{
	const struct arp_hdr *arp = (const void *)(f->b + 14);

	return f->len == 42 && arp->op == htons(ARP_REQUEST) && arp->spa == 0 && arp->tpa == addr;
}

static void discover(unsigned int n)
{
	struct cmsg m;
	struct frame f = {.len = 0};

	cmsg_start(&m, DHCP_DISCOVER, n);
	f = wrap(&m, 0, ip("255.255.255.255"));
	put_in(0, &f);
}

static be32 get_lease(unsigned int n)
{
	struct cmsg m;
	struct frame f = {.len = 0};
	be32 addr;

	discover(n);
	step(1000);
	do
		assert_true(take(0, &f));
	while (f.len == 42);
	addr = expect_reply(&f, n, DHCP_OFFER);
	cmsg_start(&m, DHCP_REQUEST, n);
	cmsg_addr(&m, OPT_REQUESTED, addr);
	cmsg_addr(&m, OPT_SERVER_ID, ip("10.0.2.254"));
	f = wrap(&m, 0, ip("255.255.255.255"));
	put_in(0, &f);
	assert_true(take(0, &f));
	assert_int_equal(expect_reply(&f, n, DHCP_ACK), addr);
	assert_int_equal(frame_ip(&f)->dst, addr);
	drain();
	return addr;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void dora(void **state)
{
	struct mac mac = client_mac(1);
	struct frame f = {.len = 0};

	(void)state;
	discover(1);
	assert_true(take(0, &f)); /* D17: everybody is asked first */
	assert_true(is_probe_for(&f, ip("10.0.2.128")));
	drain();
	step(200);
	assert_false(take(0, &f));
	step(100);
	assert_true(take(0, &f));
	assert_int_equal(expect_reply(&f, 1, DHCP_OFFER), ip("10.0.2.128"));
	assert_int_equal(get_lease(1), ip("10.0.2.128"));
	assert_int_equal(netdhcp_addr_of(w.net, &mac), ip("10.0.2.128"));
	assert_true(world_event(&w, "dhcp.lease {\"address\": \"10.0.2.128\""));
}

static struct frame arp(unsigned int n, uint16_t op, be32 spa, be32 tpa)
{
	struct frame f = {.len = 42};
	struct eth_hdr *eth = (void *)f.b;
	struct arp_hdr *a = (void *)(f.b + 14);

	*eth = (struct eth_hdr){MAC_BROADCAST, client_mac(n), htons(ETHERTYPE_ARP_)};
	*a = (struct arp_hdr){.htype = htons(1),
			      .ptype = htons(ETHERTYPE_IP4),
			      .hlen = 6,
			      .plen = 4,
			      .op = htons(op),
			      .sha = client_mac(n),
			      .spa = spa,
			      .tpa = tpa};
	return f;
}

/* A stranger with a fixed address answers the probe: the client gets the next one. */
static void stranger_keeps_its_address(void **state)
{
	struct frame f = arp(9, ARP_REPLY, ip("10.0.2.128"), 0);

	(void)state;
	discover(1);
	drain();
	put_in(1, &f);
	assert_true(take(0, &f)); /* (the stranger's broadcast) */
	assert_true(take(0, &f));
	assert_true(is_probe_for(&f, ip("10.0.2.129")));
	drain();
	step(300);
	assert_true(take(0, &f));
	assert_int_equal(expect_reply(&f, 1, DHCP_OFFER), ip("10.0.2.129"));
}

static void answers_arp_for_itself_only(void **state)
{
	struct frame f = arp(1, ARP_REQUEST, ip("10.0.2.50"), ip("10.0.2.254"));
	const struct arp_hdr *a = (void *)(f.b + 14);

	(void)state;
	put_in(0, &f);
	assert_true(take(0, &f));
	assert_int_equal(ntohs(a->op), ARP_REPLY);
	assert_int_equal(a->spa, ip("10.0.2.254"));
	assert_true(mac_equal(&a->sha, &server_port()->mac));
	f = arp(1, ARP_REQUEST, ip("10.0.2.50"), ip("10.0.2.253"));
	put_in(0, &f);
	assert_false(take(0, &f));
	f = arp(1, ARP_REQUEST, ip("10.0.2.50"), ip("10.0.2.254"));
	f.b[18] = 8; /* hlen */
	put_in(0, &f);
	assert_false(take(0, &f));
	assert_int_equal(world_drops(server_port(), DROP_BAD_ARP), 1);
}

static void answers_ping(void **state)
{
	struct frame f = {.len = 14 + 20 + 8 + 5};
	struct icmp_hdr *icmp = (void *)(f.b + 34);

	(void)state;
	*(struct eth_hdr *)f.b =
		(struct eth_hdr){server_port()->mac, client_mac(1), htons(ETHERTYPE_IP4)};
	*frame_ip(&f) = (struct ip4_hdr){.ver_ihl = 0x45,
					 .tot_len = htons(33),
					 .ttl = 1,
					 .proto = 1,
					 .src = ip("10.0.2.50"),
					 .dst = ip("10.0.2.254")};
	frame_ip(&f)->csum = csum_ip4(frame_ip(&f), 20);
	icmp->type = ICMP_ECHO_;
	icmp->echo.seq = htons(7);
	memcpy(f.b + 42, "hello", 5);
	icmp->csum = csum_fold(csum_add(0, icmp, 13));
	put_in(0, &f);
	assert_true(take(0, &f));
	assert_int_equal(icmp->type, ICMP_ECHOREPLY_);
	assert_int_equal(ref_sum(f.b + 34, 13, 0), 0xffff);
	assert_memory_equal(f.b + 42, "hello", 5);
	assert_int_equal(frame_ip(&f)->dst, ip("10.0.2.50"));
	f.b[42] ^= 1;
	frame_ip(&f)->src = ip("10.0.2.50");
	frame_ip(&f)->dst = ip("10.0.2.254");
	*(struct eth_hdr *)f.b =
		(struct eth_hdr){server_port()->mac, client_mac(1), htons(ETHERTYPE_IP4)};
	icmp->type = ICMP_ECHO_;
	frame_ip(&f)->csum = 0;
	frame_ip(&f)->csum = csum_ip4(frame_ip(&f), 20);
	put_in(0, &f);
	assert_false(take(0, &f));
	assert_int_equal(world_drops(server_port(), DROP_BAD_CSUM), 1);
}

static void bad_frames_are_counted(void **state)
{
	struct frame good, f;
	struct cmsg m;
	struct virtio_net_hdr partial = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 6};

	(void)state;
	get_lease(1); /* so that answers come at once */
	cmsg_start(&m, DHCP_DISCOVER, 1);
	good = wrap(&m, 0, ip("255.255.255.255"));
	f = good;
	frame_udp(&f)->csum ^= 0x1111;
	put_in(0, &f);
	assert_false(take(0, &f));
	assert_int_equal(world_drops(server_port(), DROP_BAD_CSUM), 1);
	/* unfinished, as a veth or a guest leaves it: valid */
	f = good;
	frame_udp(&f)->csum ^= 0x1111;
	assert_int_equal(port_dummy_receive(w.port[0], f.b, f.len, &partial), 0);
	assert_true(take(0, &f));
	f = good;
	frame_udp(&f)->csum = 0; /* none: valid */
	put_in(0, &f);
	assert_true(take(0, &f));
	f = good;
	frame_udp(&f)->len = htons(5);
	put_in(0, &f);
	frame_udp(&f)->len = htons(2000);
	put_in(0, &f);
	assert_int_equal(world_drops(server_port(), DROP_BAD_L4), 2);
	f = good;
	frame_ip(&f)->csum ^= 1;
	put_in(0, &f);
	f = good;
	f.len = 200; /* tot_len runs over the end */
	put_in(0, &f);
	assert_int_equal(world_drops(server_port(), DROP_BAD_IP), 2);
	f = good;
	frame_ip(&f)->frag_off = htons(IP4_MF);
	frame_ip(&f)->csum = 0;
	frame_ip(&f)->csum = csum_ip4(frame_ip(&f), 20);
	put_in(0, &f);
	assert_int_equal(world_drops(server_port(), DROP_FRAGMENT), 1);
	assert_false(take(0, &f));
	for (size_t len = 14; len < good.len; len++) { /* cut at every byte */
		f = good;
		f.len = len;
		put_in(0, &f);
		assert_false(take(0, &f));
	}
}

static json_t *call(const char *method, const char *params, int want)
{
	json_t *in = json_loads(params, 0, NULL), *out = NULL;
	struct err err = {0};
	int rc = netdhcp_call(w.net, method, in, &out, &err);

	json_decref(in);
	if (rc != want)
		fail_msg("%s: %d %s", method, rc, err.text);
	return out;
}

static void seen_by_people(void **state)
{
	json_t *list, *lease;
	const char *text;

	(void)state;
	get_lease(1);
	json_decref(call("dhcp.reserve",
			 "{\"who\":\"52:54:00:00:00:05\",\"address\":\"10.0.2.40\"}", 0));
	list = call("dhcp.list", "{}", 0);
	assert_int_equal(json_array_size(json_object_get(list, "leases")), 2);
	lease = json_array_get(json_object_get(list, "leases"), 0);
	assert_int_equal(json_unpack(lease, "{s:s}", "state", &text), 0);
	assert_string_equal(text, "reserved");
	lease = json_array_get(json_object_get(list, "leases"), 1);
	assert_int_equal(json_unpack(lease, "{s:s}", "state", &text), 0);
	assert_string_equal(text, "bound");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(list, "pool"), "size")),
			 126);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(list, "pool"), "free")),
			 125);
	json_decref(list);
	assert_int_equal(get_lease(5), ip("10.0.2.40"));
	call("dhcp.reserve", "{\"who\":\"52:54:00:00:00:06\",\"address\":\"10.0.2.40\"}",
	     -EADDRINUSE);
	call("dhcp.reserve", "{\"who\":\"52:54:00:00:00:06\",\"address\":\"10.0.2.254\"}",
	     -EADDRNOTAVAIL);
	call("dhcp.reserve", "{\"who\":\"ff:ff:ff:ff:ff:ff\",\"address\":\"10.0.2.41\"}", -EINVAL);
	call("dhcp.reserve", "{\"who\":\"52:54:00:00:00:06\",\"address\":\"10.0.2\"}", -EINVAL);
	json_decref(call("dhcp.release", "{\"address\":\"10.0.2.40\"}", 0));
	call("dhcp.release", "{\"address\":\"10.0.2.40\"}", -ENOENT);
}

/* Each exchange is told as it was, and why. */
static void told_in_words(void **state)
{
	struct frame f = arp(9, ARP_REPLY, ip("10.0.2.128"), 0);
	struct cmsg m;

	(void)state;
	discover(1);
	assert_true(world_event(&w, "dhcp.exchange {\"address\": \"10.0.2.128\", \"answer\": "
				    "\"probe\", \"asked\": \"discover\""));
	drain();
	put_in(1, &f);
	assert_true(world_event(&w, "dhcp.exchange {\"address\": \"10.0.2.128\", \"answer\": "
				    "\"conflict\", \"asked\": \"probe\""));
	step(300);
	assert_true(world_event(
		&w, "dhcp.exchange {\"address\": \"10.0.2.129\", \"answer\": "
		    "\"offer\", \"asked\": \"probe\", \"family\": 4, \"lease_s\": 3600"));
	drain();
	get_lease(1);
	assert_true(world_event(&w, "dhcp.exchange {\"address\": \"10.0.2.129\", \"answer\": "
				    "\"ack\", \"asked\": \"request\""));
	cmsg_start(&m, DHCP_REQUEST, 2); /* as if from another network */
	cmsg_addr(&m, OPT_REQUESTED, ip("192.168.7.7"));
	f = wrap(&m, 0, ip("255.255.255.255"));
	put_in(0, &f);
	assert_true(world_event(&w, "dhcp.exchange {\"address\": null, \"answer\": \"nak\", "
				    "\"asked\": \"request\""));
	f.len -= 100; /* cut: nothing to read in it */
	frame_ip(&f)->tot_len = htons((uint16_t)(f.len - 14));
	f.b[14 + 20 + 4] = (uint8_t)((f.len - 34) >> 8);
	f.b[14 + 20 + 5] = (uint8_t)(f.len - 34);
	f.b[14 + 20 + 6] = f.b[14 + 20 + 7] = 0;
	frame_ip(&f)->csum = 0;
	frame_ip(&f)->csum = csum_ip4(frame_ip(&f), 20);
	put_in(0, &f);
	assert_true(world_event(&w, "dhcp.exchange {\"address\": null, \"answer\": \"none\", "
				    "\"asked\": \"unknown\""));
}

/* ---- captures -------------------------------------------------------------------------------- */

/* Who captures reads what each message says, and why the server answered so. */
static void said_in_captures(void **state)
{
	static struct ear e;
	struct frame f = {.len = 0};
	struct cmsg m;

	(void)state;
	ear_open(&e, &w.runner, w.port[0]);
	get_lease(1);
	ear_heard(&e, "dhcp: DISCOVER: 52:54:00:00:00:01 looks for an address");
	ear_heard(&e,
		  "dhcp: OFFER of 10.0.2.128 to 52:54:00:00:00:01 for 3600 s by 10.0.2.254: nobody "
		  "answered the probe");
	ear_heard(&e,
		  "dhcp: REQUEST: 52:54:00:00:00:01 takes 10.0.2.128, which 10.0.2.254 offered");
	ear_heard(&e,
		  "dhcp: ACK of 10.0.2.128 to 52:54:00:00:00:01 for 3600 s by 10.0.2.254: it takes "
		  "what was offered");
	e.n = 0;
	cmsg_start(&m, DHCP_REQUEST, 2);
	cmsg_opt(&m, OPT_HOSTNAME, "p\nc", 3);
	cmsg_addr(&m, OPT_REQUESTED, ip("192.168.7.7"));
	f = wrap(&m, 0, ip("255.255.255.255"));
	put_in(0, &f);
	ear_heard(&e,
		  "dhcp: REQUEST: 52:54:00:00:00:02 (p\\x0ac) is back and asks whether it may keep "
		  "192.168.7.7");
	ear_heard(&e, "dhcp: NAK to 52:54:00:00:00:02: that is no address of this network");
	ear_close(&e);
	drain();
	get_lease(1);
	assert_int_equal(e.n, 0);
}

/* A pool that is used up is told to everybody, once. */
static void used_up_is_told(void **state)
{
	unsigned int told = 0;

	(void)state;
	netdhcp_stop(w.net);
	w.net->conf.dhcp_last = w.net->conf.dhcp_first;
	assert_int_equal(netdhcp_start(w.net, NULL), 0);
	get_lease(1);
	for (unsigned int n = 2; n < 12; n++)
		discover(n);
	for (unsigned int i = 0; i < MIN(w.n_events, (unsigned int)EVENTS_MAX); i++)
		told += strstr(w.events[i], "dhcp.refused") != NULL;
	assert_int_equal(told, 1);
	assert_true(world_event(&w, "dhcp.refused {\"count\": 1, \"net\": \"n\", \"port\": "
				    "\"p0\", \"reason\": \"pool-exhausted\""));
	step(61000);
	discover(12);
	assert_true(world_event(&w, "dhcp.refused {\"count\": 10,"));
}

/* Stopped and started again, the network has its leases; forgotten, it has not. */
static void leases_outlive_the_network(void **state)
{
	struct mac mac = client_mac(1);
	struct err err;

	(void)state;
	get_lease(1);
	netdhcp_stop(w.net);
	assert_int_equal(netdhcp_start(w.net, &err), 0);
	assert_int_equal(netdhcp_addr_of(w.net, &mac), ip("10.0.2.128"));
	netdhcp_stop(w.net);
	netdhcp_forget("n");
	assert_int_equal(netdhcp_start(w.net, &err), 0);
	assert_int_equal(netdhcp_addr_of(w.net, &mac), 0);
}

/* What nobody else on the wire may choose, of every subnet. */
static void claimed(void **state)
{
	(void)state;
	json_decref(call("dhcp.subnet.add",
			 "{\"subnet\": \"10.0.9.0/24\", \"range\": \"10.0.9.10-10.0.9.20\", "
			 "\"server\": \"10.0.9.1\"}",
			 0));
	assert_null(w.net->claims(w.net, ip("10.0.2.77")));
	assert_null(w.net->claims(w.net, ip("10.0.9.9")));
	assert_null(w.net->claims(w.net, ip("10.0.9.21")));
	assert_null(w.net->claims(w.net, ip("10.0.8.1")));
	assert_non_null(strstr(w.net->claims(w.net, ip("10.0.9.1")), "own"));
	assert_non_null(strstr(w.net->claims(w.net, ip("10.0.9.255")), "own"));
	assert_non_null(strstr(w.net->claims(w.net, ip("10.0.2.2")), "own"));
	assert_non_null(strstr(w.net->claims(w.net, ip("10.0.9.10")), "range"));
	assert_non_null(strstr(w.net->claims(w.net, ip("10.0.9.20")), "range"));
	assert_non_null(strstr(w.net->claims(w.net, ip("10.0.2.253")), "range"));
}

/* What the file lacks must not be read from it: subnets stay as they are while the disk refuses. */
static void full_disk(void **state)
{
	static const char add[] = "{\"subnet\": \"10.0.9.0/24\", \"range\": "
				  "\"10.0.9.10-10.0.9.20\", \"server\": \"10.0.9.1\"}";
	json_t *params = json_loads(add, 0, NULL), *out = NULL;
	struct mac mac = client_mac(1);
	struct cmsg m;
	struct frame f = {.len = 0};
	struct err err;

	(void)state;
	netdhcp_stop(w.net);
	lease_file_open();
	assert_int_equal(netdhcp_start(w.net, NULL), 0);
	get_lease(1);
	discover(2);
	step(1000);
	drain();
	tighten(true);
	cmsg_start(&m, DHCP_REQUEST, 2);
	cmsg_addr(&m, OPT_REQUESTED, ip("10.0.2.129"));
	cmsg_addr(&m, OPT_SERVER_ID, ip("10.0.2.254"));
	f = wrap(&m, 0, ip("255.255.255.255"));
	w.n_events = 0;
	put_in(0, &f);
	assert_false(take(0, &f));
	assert_true(world_event(
		&w, "dhcp.exchange {\"address\": \"10.0.2.129\", \"answer\": \"none\", "
		    "\"asked\": \"request\", \"family\": 4, \"mac\": \"52:54:00:00:00:02\", "
		    "\"net\": \"n\", \"port\": \"p0\", \"reason\": \"store-failed\""));
	assert_true(netdhcp_call(w.net, "dhcp.subnet.add", params, &out, &err) < 0);
	assert_non_null(strstr(err.text, "the lease file can't be written"));
	tighten(false);
	assert_int_equal(get_lease(2), ip("10.0.2.129"));
	json_decref(call("dhcp.subnet.add", add, 0));
	assert_int_equal(netdhcp_addr_of(w.net, &mac), ip("10.0.2.128"));
	json_decref(params);
	netdhcp_stop(w.net);
	lease_file_close();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dora),
		TEST(stranger_keeps_its_address),
		TEST(answers_arp_for_itself_only),
		TEST(answers_ping),
		TEST(bad_frames_are_counted),
		TEST(seen_by_people),
		TEST(leases_outlive_the_network),
		TEST(told_in_words),
		TEST(said_in_captures),
		TEST(used_up_is_told),
		TEST(full_disk),
		TEST(claimed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
