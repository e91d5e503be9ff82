/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IGMP and MLD snooping: what is learnt, from what not, and that nothing is lost for want of room.
 */
#include "tests/wire/world.h"
#include "vswitchd/switch/snoop.h"

enum { MEMBER, ROUTER, OTHER, SENDER };

static struct world w;

static int setup(void **state)
{
	(void)state;
	world_init(&w, 4);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_fini(&w);
	return 0;
}

/* An IPv4 packet of @proto to 239.0.@hi.@lo or what @dst says, in a frame; the caller's to change.
 */
static size_t ip4(uint8_t *frame, uint32_t src, uint32_t dst, uint8_t proto, const void *body,
		  size_t len)
{
	uint8_t *ip = frame + 14;

	memset(frame, 0, 60);
	memcpy(frame, (uint8_t[]){1, 0, 0x5e, (uint8_t)(dst >> 16 & 0x7f)}, 4);
	put16(frame + 4, dst & 0xffff);
	memcpy(frame + 6, (uint8_t[]){0x52, 0x54, 0, 0, 1, (uint8_t)src}, 6);
	put16(frame + 12, 0x0800);
	ip[0] = 0x45;
	put16(ip + 2, (unsigned int)(20 + len));
	ip[8] = 1;
	ip[9] = proto;
	put16(ip + 12, src >> 16);
	put16(ip + 14, src & 0xffff);
	put16(ip + 16, dst >> 16);
	put16(ip + 18, dst & 0xffff);
	put16(ip + 10, (uint16_t)~ref_sum(ip, 20, 0));
	memcpy(ip + 20, body, len);
	return MAX(34 + len, (size_t)60);
}

static void put(struct port *port, const uint8_t *frame, size_t len)
{
	port_dummy_receive(port, frame, len, NULL);
}

enum { HOST = 0x0a000001, QUERY = 0x11, V2_REPORT = 0x16, LEAVE = 0x17 };
#define GROUP 0xef010203u /* 239.1.2.3 */

static size_t igmp(uint8_t *frame, uint8_t type, uint8_t code, uint32_t dst, uint32_t group,
		   uint32_t src)
{
	uint8_t m[8] = {type, code};

	put16(m + 4, group >> 16);
	put16(m + 6, group & 0xffff);
	put16(m + 2, (uint16_t)~ref_sum(m, 8, 0));
	return ip4(frame, src, dst, 2, m, sizeof(m));
}

static void query(struct port *port, uint32_t src)
{
	uint8_t frame[100];

	put(port, frame, igmp(frame, QUERY, 10, 0xe0000001, 0, src));
}

static void join(struct port *port, uint32_t group)
{
	uint8_t frame[100];

	put(port, frame, igmp(frame, V2_REPORT, 0, group, group, HOST));
}

static void drain(void)
{
	for (int i = 0; i < 4; i++)
		while (world_take(w.port[i]) >= 0)
			;
}

static void seconds(unsigned int n)
{
	while (n--)
		runner_step(&w.runner, w.runner.now + 1000);
}

/* Which ports get a datagram to @group? Bits by number. */
static unsigned int reach(uint32_t group)
{
	uint8_t frame[100], body[20] = {0};
	unsigned int bits = 0;

	drain();
	put(w.port[SENDER], frame, ip4(frame, HOST + 9, group, 17, body, sizeof(body)));
	for (unsigned int i = 0; i < 4; i++)
		bits |= (world_take(w.port[i]) >= 0) << i;
	return bits;
}

static void settled(void)
{
	query(w.port[ROUTER], HOST + 1);
	seconds(3);
}

enum { ALL = 1 << MEMBER | 1 << ROUTER | 1 << OTHER };

static void members_and_routers_only(void **state)
{
	(void)state;
	join(w.port[MEMBER], GROUP);
	assert_int_equal(reach(GROUP), ALL); /* nobody asks: flooded */
	query(w.port[ROUTER], HOST + 1);
	assert_int_equal(reach(GROUP), ALL); /* not everybody can have answered */
	seconds(3);
	assert_int_equal(reach(GROUP), 1 << MEMBER | 1 << ROUTER);
	assert_int_equal(reach(GROUP + 1), 1 << ROUTER);
	assert_int_equal(reach(0xe00000fb), ALL); /* 224.0.0.251: of the link */
	/* The querier falls silent. */
	seconds(256);
	assert_int_equal(reach(GROUP + 1), ALL);
}

static void reports_are_for_routers(void **state)
{
	(void)state;
	settled();
	drain();
	join(w.port[MEMBER], GROUP);
	assert_int_equal(world_take(w.port[OTHER]), -1);
	assert_true(world_take(w.port[ROUTER]) >= 0);
}

static void leaving_takes_two_seconds(void **state)
{
	uint8_t frame[100];

	(void)state;
	settled();
	join(w.port[MEMBER], GROUP);
	put(w.port[MEMBER], frame, igmp(frame, LEAVE, 0, 0xe0000002, GROUP, HOST));
	seconds(1);
	assert_int_equal(reach(GROUP), 1 << MEMBER | 1 << ROUTER);
	seconds(1);
	assert_int_equal(reach(GROUP), 1 << ROUTER);
	/* Somebody else there answers the router in time. */
	join(w.port[MEMBER], GROUP);
	put(w.port[MEMBER], frame, igmp(frame, LEAVE, 0, 0xe0000002, GROUP, HOST));
	join(w.port[MEMBER], GROUP);
	seconds(5);
	assert_int_equal(reach(GROUP), 1 << MEMBER | 1 << ROUTER);
	/* A membership that nobody renews ends by itself. */
	for (int i = 0; i < 26; i++) {
		seconds(10);
		query(w.port[ROUTER], HOST + 1);
	}
	assert_int_equal(reach(GROUP), 1 << ROUTER);
}

static void a_bridges_query_makes_no_router(void **state)
{
	(void)state;
	query(w.port[ROUTER], 0);
	seconds(3);
	assert_int_equal(reach(GROUP), 0);
	assert_int_equal(world_drops(w.port[SENDER], DROP_NO_MEMBER), 1);
	drain();
	join(w.port[MEMBER], GROUP);
	assert_true(world_take(w.port[ROUTER]) >= 0); /* but it hears reports */
}

static void version_3_records(void **state)
{
	/* to-exclude nothing, allow one source, to-include nothing, a record that is cut short */
	static const uint8_t one[] = {4, 0, 0, 0, 239, 1, 2, 3},
			     two[] = {5, 0, 0, 1, 239, 1, 2, 4, 10, 0, 0, 9},
			     none[] = {3, 0, 0, 0, 239, 1, 2, 3};
	uint8_t m[64] = {0x22}, frame[120];
	size_t len = 8;

	(void)state;
	settled();
	m[7] = 2;
	memcpy(m + len, one, sizeof(one));
	len += sizeof(one);
	memcpy(m + len, two, sizeof(two));
	len += sizeof(two);
	put16(m + 2, (uint16_t)~ref_sum(m, len, 0));
	put(w.port[MEMBER], frame, ip4(frame, HOST, 0xe0000016, 2, m, len));
	assert_int_equal(reach(GROUP), 1 << MEMBER | 1 << ROUTER);
	assert_int_equal(reach(GROUP + 1), 1 << MEMBER | 1 << ROUTER);
	memset(m + 2, 0, 6);
	m[7] = 1;
	memcpy(m + 8, none, sizeof(none));
	put16(m + 2, (uint16_t)~ref_sum(m, 16, 0));
	put(w.port[MEMBER], frame, ip4(frame, HOST, 0xe0000016, 2, m, 16));
	seconds(2);
	assert_int_equal(reach(GROUP), 1 << ROUTER);
	/* One record more than there is: all of it is nothing. */
	memset(m + 2, 0, 6);
	m[7] = 2;
	m[8] = 4;
	put16(m + 2, (uint16_t)~ref_sum(m, 16, 0));
	put(w.port[MEMBER], frame, ip4(frame, HOST, 0xe0000016, 2, m, 16));
	assert_int_equal(reach(GROUP), 1 << ROUTER);
}

/* Each of these is wrong in one way and must teach nothing. */
static void malformed_reports_teach_nothing(void **state)
{
	uint8_t frame[100];
	size_t len;

	(void)state;
	settled();
	for (int fault = 0; fault < 7; fault++) {
		len = igmp(frame, V2_REPORT, 0, GROUP, GROUP, HOST);
		switch (fault) {
		case 0: /* IGMP checksum */
			frame[36] ^= 1;
			break;
		case 1: /* header checksum */
			frame[24] ^= 1;
			break;
		case 2: /* longer than the frame */
			put16(frame + 16, 500);
			break;
		case 3: /* header shorter than a header */
			frame[14] = 0x44;
			break;
		case 4: /* a fragment */
			frame[20] = 0x20;
			break;
		case 5: /* from beyond the link */
			frame[22] = 2;
			break;
		case 6: /* to one group, about another */
			len = igmp(frame, V2_REPORT, 0, GROUP + 1, GROUP, HOST);
		}
		if (fault == 2 || fault == 4 || fault == 5) {
			put16(frame + 24, 0);
			put16(frame + 24, (uint16_t)~ref_sum(frame + 14, 20, 0));
		}
		put(w.port[MEMBER], frame, len);
		if (reach(GROUP) != 1 << ROUTER)
			fail_msg("fault %d", fault);
	}
}

static void too_many_groups_cost_only_the_port(void **state)
{
	(void)state;
	settled();
	join(w.port[OTHER], GROUP);
	for (unsigned int i = 1; i <= 5000; i++) {
		join(w.port[MEMBER], GROUP + i);
		drain();
	}
	/* It gets everything; the others what they joined. */
	assert_int_equal(w.port[MEMBER]->n_groups, SNOOP_PORT_MAX);
	assert_int_equal(reach(GROUP + 4000), 1 << MEMBER | 1 << ROUTER);
	assert_int_equal(reach(GROUP), ALL);
	join(w.port[OTHER], GROUP + 9000);
	assert_int_equal(w.port[OTHER]->n_groups, 2);
}

static void ports_go_and_networks_change(void **state)
{
	struct err err;

	(void)state;
	settled();
	join(w.port[MEMBER], GROUP);
	assert_int_equal(port_move(w.port[MEMBER], world_net(&w, "other"), &err), 0);
	assert_int_equal(w.port[MEMBER]->n_groups, 0);
	assert_int_equal(reach(GROUP), 1 << ROUTER);
	/* Where members are is not known any more. */
	snoop_topology_changed(w.net);
	assert_int_equal(reach(GROUP), 1 << ROUTER | 1 << OTHER);
	query(w.port[ROUTER], HOST + 1);
	query(w.port[ROUTER], HOST + 1);
	assert_int_equal(reach(GROUP), 1 << ROUTER);
	port_del(w.port[ROUTER], true);
	w.port[ROUTER] = world_port(w.net, "dummy", "again");
	assert_int_equal(reach(GROUP), 1 << ROUTER | 1 << OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(members_and_routers_only, setup, teardown),
		cmocka_unit_test_setup_teardown(reports_are_for_routers, setup, teardown),
		cmocka_unit_test_setup_teardown(leaving_takes_two_seconds, setup, teardown),
		cmocka_unit_test_setup_teardown(a_bridges_query_makes_no_router, setup, teardown),
		cmocka_unit_test_setup_teardown(version_3_records, setup, teardown),
		cmocka_unit_test_setup_teardown(malformed_reports_teach_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many_groups_cost_only_the_port, setup,
						teardown),
		cmocka_unit_test_setup_teardown(ports_go_and_networks_change, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
