/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a port may claim to be, and what it may hear. Port p0 is the one that is guarded. */
#include <errno.h>
#include <stdio.h>

#include "tests/unit/build.h"
#include "tests/wire/world.h"
#include "vswitchd/switch/guard.h"

static struct world w;

static int setup(void **state)
{
	(void)state;
	world_init(&w, 4);
	for (unsigned int i = 0; i < 4; i++)
		w.port[i]->mac = station(i + 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_fini(&w);
	return 0;
}

static int try_set(struct port *port, const char *name, const char *value)
{
	struct err err;

	for (const struct port_setting *s = guard_settings; s->name; s++)
		if (!strcmp(s->name, name))
			return s->set(port, value, &err);
	return -ENOENT;
}

static void set(struct port *port, const char *name, const char *value)
{
	if (try_set(port, name, value) < 0)
		fail_msg("%s=%s", name, value);
}

static void get(const struct port *port, const char *name, char text[SETTING_TEXT_MAX])
{
	for (const struct port_setting *s = guard_settings; s->name; s++)
		if (!strcmp(s->name, name))
			s->get(port, text, SETTING_TEXT_MAX);
}

static void flush_all(void)
{
	for (int i = 0; i < 4; i++)
		while (world_take(w.port[i]) >= 0)
			;
}

static void put_in(struct port *port, const struct build *b)
{
	assert_int_equal(port_dummy_receive(port, b->b, b->len, NULL), 0);
}

/* Comes in by p0: does it come out of p1? */
static bool passes(struct build b)
{
	struct pkt *p;

	flush_all();
	put_in(w.port[0], &b);
	p = port_dummy_sent(w.port[1]);
	if (p)
		assert_memory_equal(p->data, b.b, b.len);
	pkt_put(p);
	return p;
}

/* It does not, for @reason. */
static bool dropped(struct build b, enum drop_reason reason)
{
	uint64_t before = world_drops(w.port[0], reason);

	return !passes(b) && world_drops(w.port[0], reason) == before + 1;
}

#define NS(src, ll)                                                                                \
	build_ip6("3a", src, "87 00 0000 00000000 fe800000000000000000000000000009 01 01" ll)
#define NA(target, ll) build_ip6("3a", LL_1, "88 00 0000 60000000" target "02 01" ll)
#define REST_TCP       "0fa0 0050 00000001 00000000 50 02 0400 0000 0000"

static void mac_guard(void **state)
{
	struct build b = build_eth("88b5 00");

	(void)state;
	set(w.port[0], "mac-guard", "on");
	assert_true(passes(b));
	b.b[11] = 2;
	assert_true(dropped(b, DROP_MAC_SPOOFED));
	/* The table has not learnt it. */
	assert_int_equal(fdb_count(w.net->fdb), 1);
	assert_true(passes(build_arp("0001", MAC_1, "0a000005")));
	assert_true(dropped(build_arp("0002", MAC_2, "0a000005"), DROP_MAC_SPOOFED));
	b = build_arp("0002", MAC_2, "0a000005");
	b.len -= 12;
	assert_true(dropped(b, DROP_UNCHECKED));
	assert_true(passes(NS(LL_1, MAC_1)));
	assert_true(dropped(NS(LL_1, MAC_2), DROP_MAC_SPOOFED));
	assert_true(passes(NA(LL_1, MAC_1)));
	assert_true(dropped(NA(LL_1, MAC_2), DROP_MAC_SPOOFED));
	assert_true(dropped(build_ip6("2c", LL_1, "3a 00 0001 00000009 88 00 0000 60000000"),
			    DROP_UNCHECKED));
	/* Behind a tag, and behind too many. */
	assert_true(dropped(build_eth("8100 0005 0806 0001 0800 06 04 0001" MAC_2
				      "0a000005 000000000000 0a000006"),
			    DROP_MAC_SPOOFED));
	assert_true(dropped(build_eth("88a8 0001 8100 0002 8100 0003 88b5"), DROP_UNCHECKED));
	set(w.port[0], "macs-allowed", "52:54:00:00:00:02,52:54:00:00:00:07");
	assert_true(passes(build_arp("0002", MAC_2, "0a000005")));
	set(w.port[0], "macs-allowed", "none");
	set(w.port[0], "mac-guard", "off");
	assert_true(passes(build_arp("0002", MAC_2, "0a000005")));
	assert_int_equal(w.port[0]->features, 0);
}

/* A DHCP request for somebody else's chaddr. */
static void mac_guard_dhcp(void **state)
{
	struct build b = build_ip4("11", "00000000", "0000", "0044 0043 00f4 0000 01 01 06 00");

	(void)state;
	b.len = 42 + 236;
	memcpy(b.b + 42 + 28, "\x52\x54\0\0\0\1", 6);
	build_set16(&b, 16, b.len - 14);
	set(w.port[0], "mac-guard", "on");
	assert_true(passes(b));
	b.b[42 + 33] = 2;
	assert_true(dropped(b, DROP_MAC_SPOOFED));
}

static void address_guard(void **state)
{
	(void)state;
	set(w.port[0], "address-guard", "on");
	/* Nothing given: only what a host says before it has an address. */
	assert_true(dropped(build_arp("0001", MAC_1, "0a000005"), DROP_ADDR_SPOOFED));
	assert_true(passes(build_arp("0001", MAC_1, "00000000")));
	assert_true(dropped(build_arp("0002", MAC_1, "00000000"), DROP_ADDR_SPOOFED));
	assert_true(passes(build_ip4("11", "00000000", "0000", UDP_68)));
	assert_true(dropped(build_ip4("11", "00000000", "0000", UDP_80), DROP_ADDR_SPOOFED));
	assert_true(dropped(build_ip4("06", "0a000005", "0000", REST_TCP), DROP_ADDR_SPOOFED));
	assert_true(passes(NS(LL_1, MAC_1)));
	assert_true(passes(NS(NOBODY6, MAC_1)));
	assert_true(dropped(build_ip6("11", NOBODY6, UDP_80), DROP_ADDR_SPOOFED));
	assert_true(dropped(NS("fe80000000000000505400fffe000002", MAC_1), DROP_ADDR_SPOOFED));
	assert_true(passes(NA(LL_1, MAC_1)));
	assert_true(dropped(NA("fe80000000000000505400fffe000002", MAC_1), DROP_ADDR_SPOOFED));
	set(w.port[0], "addresses", "10.0.0.5,fd00::/64");
	assert_true(passes(build_arp("0001", MAC_1, "0a000005")));
	assert_true(dropped(build_arp("0001", MAC_1, "0a000006"), DROP_ADDR_SPOOFED));
	assert_true(passes(build_ip4("06", "0a000005", "0000", REST_TCP)));
	assert_true(passes(build_ip6("11", "fd000000000000000000000000000077", UDP_80)));
	assert_true(dropped(build_ip6("11", "fd010000000000000000000000000077", UDP_80),
			    DROP_ADDR_SPOOFED));
	/* IPv4 addresses in IPv6: not those of IPv4. */
	assert_true(dropped(build_ip6("11", "00000000000000000000ffff0a000005", UDP_80),
			    DROP_ADDR_SPOOFED));
	assert_true(dropped(NS("00000000000000000000ffff00000000", MAC_1), DROP_ADDR_SPOOFED));
	/* Later fragments name their source too. */
	assert_true(dropped(build_ip4("11", "0a000006", "0007", "00"), DROP_ADDR_SPOOFED));
	assert_true(passes(build_ip4("11", "0a000005", "0007", "00")));
	assert_true(passes(build_eth("88b5 00")));
}

/* A DHCPACK that leaves by p0 for @chaddr, an hour for 10.0.0.9. */
static struct build ack(const char *type, const char *chaddr)
{
	struct build b = build_ip4("11", "0a0000fe", "0000", "0043 0044 0108 0000 02 01 06 00");

	b.len = 42 + 16;
	build_hex(&b, "0a000009");
	b.len = 42 + 28;
	build_hex(&b, chaddr);
	b.len = 42 + 236;
	build_hex(&b, "63825363 35 01");
	build_hex(&b, type);
	build_hex(&b, "33 04 00000e10 ff");
	b.len = 42 + 256;
	build_set16(&b, 16, b.len - 14);
	return b;
}

static void learnt_from_outside(void **state)
{
	struct build from_9 = build_arp("0001", MAC_1, "0a000009");
	struct build b;

	(void)state;
	set(w.port[0], "address-guard", "on");
	assert_true(dropped(from_9, DROP_ADDR_SPOOFED));
	b = ack("02", MAC_1); /* an offer is no lease */
	put_in(w.port[2], &b);
	b = ack("05", MAC_2); /* nor is somebody else's */
	put_in(w.port[2], &b);
	b = ack("05", MAC_1);
	b.b[b.len - 20 + 8] = 200; /* an option that runs over the end */
	put_in(w.port[2], &b);
	assert_true(dropped(from_9, DROP_ADDR_SPOOFED));
	b = ack("05", MAC_1);
	put_in(w.port[2], &b);
	assert_true(passes(from_9));
	runner_step(&w.runner, w.runner.now + 3599000);
	assert_true(passes(from_9));
	runner_step(&w.runner, w.runner.now + 1000);
	assert_true(dropped(from_9, DROP_ADDR_SPOOFED));
	/* Given back, and when the port goes elsewhere. */
	put_in(w.port[2], &b);
	assert_true(passes(from_9));
	b = ack("07", MAC_1);
	memcpy(b.b + 26, "\x0a\0\0\x09", 4);
	memcpy(b.b + 42 + 12, "\x0a\0\0\x09", 4);
	memcpy(b.b + 34, "\0\x44\0\x43", 4);
	assert_true(passes(b));
	assert_true(dropped(from_9, DROP_ADDR_SPOOFED));
}

static struct {
	be32 addr;
	struct mac mac;
	unsigned int port_id;
} lease;

static bool leased(const struct net *net, be32 addr, struct mac *mac, unsigned int *port_id)
{
	(void)net;
	*mac = lease.mac;
	*port_id = lease.port_id;
	return addr == lease.addr;
}

static void leased_by_us(void **state)
{
	struct build b = build_arp("0001", MAC_1, "0a000005");

	(void)state;
	w.net->leased = leased;
	set(w.port[0], "address-guard", "on");
	assert_true(dropped(b, DROP_ADDR_SPOOFED));
	lease.addr = htonl(0x0a000005);
	lease.mac = station(1);
	assert_true(passes(b));
	lease.mac = station(2); /* somebody else's */
	assert_true(dropped(b, DROP_ADDR_SPOOFED));
	/* Nobody knows the MAC address behind the port: what was leased there. */
	memset(&w.port[0]->mac, 0, sizeof(w.port[0]->mac));
	assert_true(dropped(b, DROP_ADDR_SPOOFED));
	lease.port_id = w.port[0]->id + 1;
	assert_true(passes(b));
	lease.port_id = 0;
	lease.mac = station(1);
	assert_true(passes(b));
}

static void dhcp_guard(void **state)
{
	(void)state;
	set(w.port[0], "dhcp-guard", "on");
	assert_true(passes(build_ip4("11", "00000000", "0000", UDP_68)));
	assert_true(passes(build_ip4("11", "0a000005", "0000", UDP_80)));
	assert_true(dropped(build_ip4("11", "0a000005", "0000", UDP_67), DROP_ROGUE_DHCP));
	assert_true(dropped(build_ip4("11", "0a000005", "0000", "0005 0044 000c 0000 61626364"),
			    DROP_ROGUE_DHCP));
	assert_true(dropped(build_ip6("11", LL_1, UDP_547), DROP_ROGUE_DHCP));
	/* In fragments, and with the ports cut off. */
	assert_true(dropped(build_ip4("11", "0a000005", "2000", UDP_67), DROP_ROGUE_DHCP));
	assert_true(dropped(build_ip4("11", "0a000005", "2000", "0043"), DROP_UNCHECKED));
	assert_true(dropped(build_ip6("2c", LL_1, "11 00 0001 00000001" UDP_547), DROP_ROGUE_DHCP));
	assert_true(dropped(build_ip6("2c", LL_1, "3c 00 0001 00000001"), DROP_UNCHECKED));
	assert_true(passes(build_ip4("06", "0a000005", "2000", REST_TCP)));
	assert_true(dropped(build_eth("8100 0005 0800 4500"), DROP_UNCHECKED));
}

static void router_guard(void **state)
{
	(void)state;
	set(w.port[0], "router-guard", "on");
	assert_true(passes(build_ip6("3a", LL_1, "85 00 0000 00000000")));
	assert_true(dropped(build_ip6("3a", LL_1, RA), DROP_ROGUE_RA));
	assert_true(dropped(build_ip6("3a", LL_1, RA "01 00" MAC_1), DROP_ROGUE_RA));
	assert_true(dropped(build_ip6("3a", LL_1, "89 00 0000 00000000" LL_1 LL_1), DROP_ROGUE_RA));
	assert_true(dropped(build_ip6("00", LL_1, "3a 00 0104 00000000" RA), DROP_ROGUE_RA));
	assert_true(dropped(build_ip6("2c", LL_1, "3a 00 0001 00000009" RA), DROP_ROGUE_RA));
	/* RFC 7113 2.2: the first fragment ends inside the chain. */
	assert_true(dropped(build_ip6("2c", LL_1, "3c 00 0001 00000009 3a 01 0104 00000000"),
			    DROP_UNCHECKED));
	assert_true(dropped(build_ip6("2c", LL_1, "3a 00 0001 00000009 87 00 0000 00000000" LL_1),
			    DROP_UNCHECKED)); /* RFC 6980 */
	assert_true(passes(build_ip6("2c", LL_1, "3a 00 0009 00000009" RA)));
	assert_true(
		dropped(build_ip4("01", "0a000005", "0000", "05 00 0000 0a000001"), DROP_ROGUE_RA));
	assert_true(passes(build_ip4("01", "0a000005", "0000", "08 00 0000 00010001")));
	assert_true(dropped(build_eth("8100 0005 88a8 0001 8100 0001 86dd"), DROP_UNCHECKED));
}

static void isolated(void **state)
{
	(void)state;
	set(w.port[0], "isolated", "on");
	set(w.port[1], "isolated", "on");
	for (unsigned int i = 0; i < 4; i++)
		world_send(w.port[i], i + 1, 0, 60, (uint8_t)i);
	assert_int_equal(world_take(w.port[1]), 2);
	assert_int_equal(world_take(w.port[1]), 3);
	assert_int_equal(world_take(w.port[1]), -1);
	flush_all();
	world_send(w.port[0], 1, 2, 60, 'x');
	assert_int_equal(world_take(w.port[1]), -1);
	assert_int_equal(world_drops(w.port[1], DROP_ISOLATED), 1);
	assert_true(world_event(&w, "guard.hit {\"guard\": \"isolated\""));
	world_send(w.port[0], 1, 3, 60, 'y');
	assert_int_equal(world_take(w.port[2]), 'y');
	world_send(w.port[2], 3, 1, 60, 'z');
	assert_int_equal(world_take(w.port[0]), 'z');
	set(w.port[1], "isolated", "off");
	world_send(w.port[0], 1, 2, 60, 'x');
	assert_int_equal(world_take(w.port[1]), 'x');
}

static void local_input(void *ctx, struct pkt *p)
{
	(void)ctx;
	pkt_put(p);
}

static void promiscuous(void **state)
{
	struct mac mac = station(9);
	struct port *host = port_local_add(w.net, "host", &mac, local_input, NULL, NULL);

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		world_send(w.port[i], i + 1, 0, 60, 0);
	flush_all();
	world_send(w.port[1], 2, 3, 60, 'a');
	assert_int_equal(world_take(w.port[0]), -1);
	world_send(w.port[1], 2, 77, 60, 'b'); /* unknown: flooded, as switches do */
	assert_int_equal(world_take(w.port[0]), 'b');
	set(w.port[0], "promiscuous", "deny");
	world_send(w.port[1], 2, 77, 60, 'c');
	assert_int_equal(world_take(w.port[0]), -1);
	world_send(w.port[1], 2, 1, 60, 'd');
	assert_int_equal(world_take(w.port[0]), 'd');
	world_send(w.port[1], 2, 0, 60, 'e');
	assert_int_equal(world_take(w.port[0]), 'e');
	assert_int_equal(w.net->listeners, 0);

	set(w.port[0], "promiscuous", "guests");
	flush_all();
	world_send(w.port[1], 2, 3, 60, 'f');
	assert_int_equal(world_take(w.port[0]), 'f');
	assert_int_equal(world_take(w.port[2]), 'f');
	assert_int_equal(world_take(w.port[3]), -1);
	world_send(w.port[1], 2, 9, 60, 'g'); /* to the host: not for this level */
	assert_int_equal(world_take(w.port[0]), -1);
	world_input(host, frame_make(w.runner.pool, &(struct frame_spec){.payload = 10}));
	assert_int_equal(world_take(w.port[0]), -1);

	set(w.port[0], "promiscuous", "all");
	world_send(w.port[1], 2, 9, 60, 'h');
	assert_int_equal(world_take(w.port[0]), 'h');
	world_send(w.port[0], 1, 3, 60, 'i'); /* no copy of its own */
	assert_int_equal(world_take(w.port[0]), -1);
	assert_int_equal(w.net->listeners, 1);
	port_del(w.port[0], true);
	assert_int_equal(w.net->listeners, 0);
	world_send(w.port[1], 2, 3, 60, 'j');
}

static void listeners_move(void **state)
{
	struct net *other = world_net(&w, "other");

	(void)state;
	set(w.port[0], "promiscuous", "all");
	assert_int_equal(port_move(w.port[0], other, NULL), 0);
	assert_int_equal(w.net->listeners, 0);
	assert_int_equal(other->listeners, 1);
	set(w.port[0], "promiscuous", "normal");
	assert_int_equal(other->listeners, 0);
}

/* Six events a minute, however many hits; all are counted. */
static void told_but_not_flooded(void **state)
{
	json_t *json;

	(void)state;
	set(w.port[0], "mac-guard", "on");
	for (int i = 0; i < 1000; i++)
		world_send(w.port[0], 50, 0, 60, 0);
	assert_int_equal(w.n_events, GUARD_EVENTS_PER_MIN);
	assert_true(world_event(&w, "guard.hit {\"guard\": \"mac-guard\", \"hits\": 1, \"net\": "
				    "\"n\", \"port\": \"p0\", \"seen\": \"source "
				    "52:54:00:00:00:32 is not this port's 52:54:00:00:00:01\"}"));
	runner_step(&w.runner, w.runner.now + 60000);
	world_send(w.port[0], 50, 0, 60, 0);
	assert_int_equal(w.n_events, GUARD_EVENTS_PER_MIN + 1);
	json = guard_json(w.port[0]);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(json, "hits"), "mac-guard")),
		1001);
	json_decref(json);
}

struct listener {
	struct trace t;
	char last[256];
};

static void note(struct trace *t, const char *step, const char *text)
{
	struct listener *l = CONTAINER_OF(t, struct listener, t);

	snprintf(l->last, sizeof(l->last), "%s: %s", step, text);
}

/* Asked only: the same verdict, said in words, and nothing counted, told or learnt. */
static void asked_only(void **state)
{
	struct listener l = {.t = {note}};
	struct build b = build_arp("0001", MAC_1, "0a000005");
	struct walk walk = {.net = w.net, .from = w.port[0], .trace = &l.t, .dry = true};

	(void)state;
	set(w.port[0], "address-guard", "on");
	walk.p = pkt_from(w.runner.pool, b.b, b.len);
	assert_int_equal(guard_ingress(&walk), DROP_ADDR_SPOOFED);
	assert_string_equal(l.last, "guard: address-guard: ARP sender 10.0.0.5 was neither leased "
				    "nor given to this port");
	assert_int_equal(w.n_events, 0);
	set(w.port[0], "addresses", "10.0.0.5");
	assert_int_equal(guard_ingress(&walk), DROP_NONE);
	pkt_put(walk.p);
	b = ack("05", MAC_1);
	walk.from = w.port[1];
	walk.p = pkt_from(w.runner.pool, b.b, b.len);
	assert_int_equal(guard_egress(&walk, w.port[0]), DROP_NONE);
	pkt_put(walk.p);
	assert_true(dropped(build_arp("0001", MAC_1, "0a000009"), DROP_ADDR_SPOOFED));
}

static void settings_text(void **state)
{
	char text[SETTING_TEXT_MAX];

	(void)state;
	for (const struct port_setting *s = guard_settings; s->name; s++)
		assert_false(s->get(w.port[0], text, sizeof(text)));
	set(w.port[0], "addresses", "10.0.0.5/32,fd00:0::5,10.1.0.0/16");
	get(w.port[0], "addresses", text);
	assert_string_equal(text, "10.0.0.5,fd00::5,10.1.0.0/16");
	assert_int_equal(try_set(w.port[0], "addresses", "10.0.0.5,,"), -EINVAL);
	assert_int_equal(try_set(w.port[0], "addresses", "1,2"), -EINVAL);
	get(w.port[0], "addresses", text);
	assert_string_equal(text, "10.0.0.5,fd00::5,10.1.0.0/16");
	assert_int_equal(try_set(w.port[0], "macs-allowed", "ff:ff:ff:ff:ff:ff"), -EINVAL);
	assert_int_equal(try_set(w.port[0], "promiscuous", "yes"), -EINVAL);
	assert_int_equal(try_set(w.port[0], "isolated", "yes"), -EINVAL);
	/* A port of which nobody knows the address. */
	memset(&w.port[1]->mac, 0, sizeof(w.port[1]->mac));
	assert_int_equal(try_set(w.port[1], "mac-guard", "on"), -EINVAL);
	assert_int_equal(try_set(w.port[1], "promiscuous", "deny"), -EINVAL);
	set(w.port[1], "macs-allowed", "52:54:00:00:00:07");
	set(w.port[1], "mac-guard", "on");
	assert_int_equal(try_set(w.port[1], "macs-allowed", "none"), -EINVAL);
}

#define GUARD_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUARD_TEST(mac_guard),	   GUARD_TEST(mac_guard_dhcp),
		GUARD_TEST(address_guard), GUARD_TEST(learnt_from_outside),
		GUARD_TEST(leased_by_us),  GUARD_TEST(dhcp_guard),
		GUARD_TEST(router_guard),  GUARD_TEST(isolated),
		GUARD_TEST(promiscuous),   GUARD_TEST(listeners_move),
		GUARD_TEST(asked_only),	   GUARD_TEST(told_but_not_flooded),
		GUARD_TEST(settings_text),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
