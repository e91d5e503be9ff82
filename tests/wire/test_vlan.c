/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access and trunk ports: who hears whom, with which tag. */
#include <stdio.h>

#include "lib/tag.h"
#include "tests/wire/world.h"
#include "vswitchd/switch/vlan.h"

static struct world w;

static int setup(void **state)
{
	(void)state;
	world_init(&w, 5);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_fini(&w);
	return 0;
}

static const struct port_setting *row(const char *name)
{
	const struct port_setting *s = vlan_settings;

	while (strcmp(s->name, name))
		s++;
	return s;
}

static void set(struct port *port, const char *name, const char *value)
{
	struct err err = {0};

	if (row(name)->set(port, value, &err))
		fail_msg("%s=%s: %s", name, value, err.text);
}

static void refuse(struct port *port, const char *name, const char *value, const char *why)
{
	struct err err = {0};

	assert_true(row(name)->set(port, value, &err) < 0);
	if (!strstr(err.text, why))
		fail_msg("%s=%s: %s", name, value, err.text);
}

static void shown(const struct port *port, const char *name, const char *value, bool given)
{
	char text[SETTING_TEXT_MAX];

	assert_int_equal(row(name)->get(port, text, sizeof(text)), given);
	assert_string_equal(text, value);
}

enum { NO_TAG = -1 };

/* A frame from station @src to @dst with the tag @tci, or none, and another one behind it. */
static void send_tagged(struct port *port, unsigned int src, unsigned int dst, int tci, int inner,
			uint8_t mark)
{
	uint8_t frame[80] = {0};
	struct mac from = station(src), to = station(dst);
	size_t at = 12;

	memcpy(frame, &to, 6);
	memcpy(frame + 6, &from, 6);
	for (int i = 0; i < 2; i++) {
		int tag = i ? inner : tci;

		if (tag == NO_TAG)
			continue;
		put16(frame + at, 0x8100);
		put16(frame + at + 2, (unsigned int)tag);
		at += 4;
	}
	put16(frame + at, 0x88b5);
	frame[sizeof(frame) - 1] = mark;
	assert_int_equal(port_dummy_receive(port, frame, sizeof(frame), NULL), 0);
}

/* The next frame that left by @port: its mark, and its outermost tag or NO_TAG. -1: none. */
static int take(struct port *port, int *tag)
{
	struct pkt *p = port_dummy_sent(port);
	int mark = p ? p->data[p->len - 1] : -1;
	uint16_t tci;

	*tag = p && tag_get(p, &tci) ? tci : NO_TAG;
	pkt_put(p);
	return mark;
}

static void got(struct port *port, int mark, int tag)
{
	int has, found = take(port, &has);

	if (found != mark || has != tag)
		fail_msg("%s: got %d tag %d, wanted %d tag %d", port->name, found, has, mark, tag);
}

static void nothing(struct port *port)
{
	assert_int_equal(world_take(port), -1);
}

/* ---- without VLANs --------------------------------------------------------------------------- */

static void without_vlans_tags_are_payload(void **state)
{
	(void)state;
	send_tagged(w.port[0], 1, 0, 0x2000 | 10, 20, 'a');
	got(w.port[1], 'a', 0x2000 | 10);
	send_tagged(w.port[1], 2, 1, NO_TAG, NO_TAG, 'b');
	got(w.port[0], 'b', NO_TAG);
	assert_int_equal(w.port[0]->features, 0);
}

/* ---- access ports ---------------------------------------------------------------------------- */

static void access_ports_hear_their_vlan_only(void **state)
{
	(void)state;
	set(w.port[0], "vlan", "10");
	set(w.port[1], "vlan", "10");
	set(w.port[2], "vlan", "20");
	/* p3 and p4 asked for nothing. */
	send_tagged(w.port[0], 1, 0, NO_TAG, NO_TAG, 'a');
	got(w.port[1], 'a', NO_TAG);
	nothing(w.port[2]);
	nothing(w.port[3]);
	send_tagged(w.port[3], 4, 0, NO_TAG, NO_TAG, 'b');
	got(w.port[4], 'b', NO_TAG);
	nothing(w.port[0]);
	nothing(w.port[2]);
	/* Unknown unicast, and what is known in another VLAN. */
	send_tagged(w.port[2], 3, 1, NO_TAG, NO_TAG, 'c');
	for (int i = 0; i < 5; i++)
		nothing(w.port[i]);
	send_tagged(w.port[1], 2, 1, NO_TAG, NO_TAG, 'd');
	got(w.port[0], 'd', NO_TAG);
}

static void the_same_address_in_two_vlans(void **state)
{
	(void)state;
	set(w.port[0], "vlan", "10");
	set(w.port[1], "vlan", "10");
	set(w.port[2], "vlan", "20");
	set(w.port[3], "vlan", "20");
	send_tagged(w.port[0], 1, 0, NO_TAG, NO_TAG, 'a');
	send_tagged(w.port[2], 1, 0, NO_TAG, NO_TAG, 'b');
	got(w.port[1], 'a', NO_TAG);
	got(w.port[3], 'b', NO_TAG);
	send_tagged(w.port[1], 2, 1, NO_TAG, NO_TAG, 'c');
	send_tagged(w.port[3], 2, 1, NO_TAG, NO_TAG, 'd');
	got(w.port[0], 'c', NO_TAG);
	got(w.port[2], 'd', NO_TAG);
	assert_int_equal(w.n_events, 0); /* nothing moved */
}

static void what_an_access_port_takes(void **state)
{
	uint8_t cut[] = {0x52, 0x54, 0, 0, 0, 2, 0x52, 0x54, 0, 0, 0, 1, 0x81, 0, 0};

	(void)state;
	set(w.port[0], "vlan", "10");
	set(w.port[1], "vlan", "10");
	send_tagged(w.port[0], 1, 0, 10, NO_TAG, 'a');
	got(w.port[1], 'a', NO_TAG);
	send_tagged(w.port[0], 1, 0, 0xe000, NO_TAG, 'b'); /* a priority and nothing else */
	got(w.port[1], 'b', NO_TAG);
	send_tagged(w.port[0], 1, 0, 10, 20, 'c'); /* the inner one is payload */
	got(w.port[1], 'c', 20);
	assert_int_equal(world_drops(w.port[0], DROP_VLAN), 0);
	send_tagged(w.port[0], 1, 0, 20, NO_TAG, 'd');
	send_tagged(w.port[0], 1, 0, 1, NO_TAG, 'd');
	send_tagged(w.port[0], 1, 0, 4095, NO_TAG, 'd');
	assert_int_equal(world_drops(w.port[0], DROP_VLAN), 3);
	port_dummy_receive(w.port[0], cut, sizeof(cut), NULL);
	assert_int_equal(world_drops(w.port[0], DROP_RUNT), 1);
	nothing(w.port[1]);
}

/* A service tag is not one of ours: such a frame is untagged. */
static void service_tags_pass(void **state)
{
	uint8_t frame[64] = {0x52, 0x54, 0, 0, 0, 9, 0x52, 0x54, 0, 0, 0, 1, 0x88, 0xa8, 0, 20};
	struct pkt *p;

	(void)state;
	set(w.port[0], "vlan", "10");
	set(w.port[1], "trunk", "10");
	port_dummy_receive(w.port[0], frame, sizeof(frame), NULL);
	p = port_dummy_sent(w.port[1]);
	assert_memory_equal(p->data + 12, "\x81\x00\x00\x0a\x88\xa8\x00\x14", 8);
	pkt_put(p);
}

/* ---- trunks ---------------------------------------------------------------------------------- */

static void a_trunk_tags(void **state)
{
	(void)state;
	set(w.port[0], "trunk", "10,20");
	set(w.port[1], "vlan", "10");
	set(w.port[2], "vlan", "20");
	set(w.port[3], "vlan", "30");
	/* p4 is plain: VLAN 1. */
	for (int i = 1; i <= 4; i++)
		send_tagged(w.port[i], (unsigned int)i, 0, NO_TAG, NO_TAG, (uint8_t)('0' + i));
	got(w.port[0], '1', 10);
	got(w.port[0], '2', 20);
	nothing(w.port[0]);
	send_tagged(w.port[0], 9, 1, 10, NO_TAG, 'a');
	got(w.port[1], 'a', NO_TAG);
	send_tagged(w.port[0], 9, 0, 0xa000 | 20, NO_TAG, 'b');
	got(w.port[2], 'b', NO_TAG);
	nothing(w.port[1]);
	nothing(w.port[4]);
	send_tagged(w.port[2], 2, 9, NO_TAG, NO_TAG, 'c');
	got(w.port[0], 'c', 20);
	send_tagged(w.port[0], 9, 0, 30, NO_TAG, 'd');
	assert_int_equal(world_drops(w.port[0], DROP_VLAN), 1);
	send_tagged(w.port[0], 9, 0, NO_TAG, NO_TAG, 'e');
	send_tagged(w.port[0], 9, 0, 0x8000, NO_TAG, 'e');
	assert_int_equal(world_drops(w.port[0], DROP_UNTAGGED), 2);
	nothing(w.port[3]);
	nothing(w.port[4]);
}

static void native_goes_untagged(void **state)
{
	(void)state;
	set(w.port[0], "trunk", "10,20");
	set(w.port[0], "native", "5");
	set(w.port[1], "vlan", "5");
	set(w.port[2], "trunk", "all");
	send_tagged(w.port[0], 9, 0, NO_TAG, NO_TAG, 'a');
	got(w.port[1], 'a', NO_TAG);
	got(w.port[2], 'a', 5);
	/* VLAN 1 is the native one of a trunk of all. */
	send_tagged(w.port[3], 4, 0, NO_TAG, NO_TAG, 'b');
	got(w.port[2], 'b', NO_TAG);
	nothing(w.port[0]);
	got(w.port[4], 'b', NO_TAG);
	send_tagged(w.port[2], 3, 0, 5, NO_TAG, 'c');
	got(w.port[0], 'c', NO_TAG);
	got(w.port[1], 'c', NO_TAG);
	set(w.port[2], "native", "none");
	send_tagged(w.port[2], 3, 0, NO_TAG, NO_TAG, 'd');
	assert_int_equal(world_drops(w.port[2], DROP_UNTAGGED), 1);
	send_tagged(w.port[3], 4, 3, NO_TAG, NO_TAG, 'e');
	got(w.port[2], 'e', 1);
}

static void priority_and_inner_tags_cross_from_trunk_to_trunk(void **state)
{
	(void)state;
	set(w.port[0], "trunk", "all");
	set(w.port[1], "trunk", "10");
	set(w.port[2], "trunk", "10");
	send_tagged(w.port[0], 1, 0, 0xb000 | 10, 0x2000 | 10, 'a');
	got(w.port[1], 'a', 0xb000 | 10);
	got(w.port[2], 'a', 0xb000 | 10);
	send_tagged(w.port[1], 2, 1, 0x3000 | 10, 10, 'b');
	got(w.port[0], 'b', 0x3000 | 10);
}

static struct pkt *tagged_packet(unsigned int src, unsigned int dst, uint16_t tci)
{
	struct pkt *p = pkt_alloc(w.runner.pool);
	struct mac from = station(src), to = station(dst);

	p->len = 64;
	memset(p->data, 0, p->len);
	memcpy(p->data, &to, 6);
	memcpy(p->data + 6, &from, 6);
	put16(p->data + 12, 0x88b5);
	if (tci)
		assert_true(tag_push(&p, ETHERTYPE_CTAG, tci));
	return p;
}

/* A frame to a trunk goes out of the buffer it came in; flooded to many, it is copied once. */
static void tagging_costs_at_most_one_copy(void **state)
{
	struct port *trunk[4];
	char name[] = "t0";
	struct pkt *p;
	uint16_t tci;

	(void)state;
	set(w.port[0], "vlan", "10");
	for (int i = 0; i < 4; i++, name[1]++) {
		trunk[i] = world_port(w.net, "fake", name);
		set(trunk[i], "trunk", "10");
	}
	fake_of(trunk[0])->keep = fake_of(trunk[1])->keep = true;
	send_tagged(w.port[0], 1, 0, NO_TAG, NO_TAG, 'a');
	assert_ptr_equal(fake_of(trunk[0])->kept, fake_of(trunk[1])->kept);
	assert_int_equal(pkt_pool_free(w.runner.pool), RUNNER_POOL - 1);
	pkt_put(fake_of(trunk[0])->kept);
	pkt_put(fake_of(trunk[1])->kept);
	fake_of(trunk[0])->kept = fake_of(trunk[1])->kept = NULL;
	/* To one that is known there is no copy at all. */
	world_input(trunk[1], tagged_packet(2, 0, 10));
	p = tagged_packet(1, 2, 0);
	world_input(w.port[0], p);
	assert_ptr_equal(fake_of(trunk[1])->kept, p);
	assert_true(tag_get(p, &tci) && tci == 10);
	for (int i = 0; i < 2; i++)
		pkt_put(fake_of(trunk[i])->kept);
}

/* A TCP super-frame crosses whole, and is right when it is cut behind the trunk. */
static void super_frames_cross_trunks(void **state)
{
	struct frame_spec spec = {.payload = 20000, .gso_size = 1000}, tagged = spec;
	struct pkt *p, *seg;
	uint16_t tci;

	(void)state;
	set(w.port[0], "vlan", "10");
	set(w.port[1], "trunk", "10");
	set(w.port[2], "trunk", "10");
	w.port[1]->offloads = OFFLOAD_ALL;
	tagged.tags = 1;
	world_input(w.port[0], frame_make(w.runner.pool, &spec));
	p = port_dummy_sent(w.port[1]);
	assert_true(tag_get(p, &tci));
	assert_int_equal(tci, 10);
	assert_int_equal(p->len, 14 + 4 + 40 + 20000);
	assert_int_equal(gso_check(p), DROP_NONE);
	assert_int_equal(w.port[1]->stats.tx_gso, 1);
	pkt_put(p);
	for (int n = 0; n < 20; n++) {
		seg = port_dummy_sent(w.port[2]);
		assert_int_equal(seg->len, 14 + 4 + 40 + 1000);
		assert_true(tag_get(seg, &tci) && tci == 10);
		assert_true(frame_sums_ok(seg, &tagged));
		pkt_put(seg);
	}
	nothing(w.port[2]);
}

/* ---- settings -------------------------------------------------------------------------------- */

static void words_and_back(void **state)
{
	struct port *p = w.port[0];

	(void)state;
	shown(p, "vlan", "none", false);
	shown(p, "trunk", "none", false);
	shown(p, "native", "none", false);
	set(p, "vlan", "10");
	shown(p, "vlan", "10", true);
	set(p, "trunk", "10+30-39"); /* no access port any more */
	shown(p, "vlan", "none", false);
	shown(p, "trunk", "10,30-39", true);
	shown(p, "native", "none", false);
	set(p, "native", "7");
	set(p, "trunk", "40");
	shown(p, "native", "7", true);
	set(p, "native", "none");
	shown(p, "native", "none", true);
	set(p, "trunk", "none");
	shown(p, "trunk", "none", false);
	set(p, "trunk", "all");
	shown(p, "native", "1", false);
	set(p, "vlan", "none"); /* it has none */
	shown(p, "trunk", "all", true);
	set(p, "vlan", "3");
	set(p, "trunk", "none"); /* it is none */
	shown(p, "vlan", "3", true);
	set(p, "vlan", "none");
	assert_null(p->vlan);
	assert_int_equal(p->features, 0);
	assert_int_equal(w.net->n_vlan, 0);
}

static void wrong_words_change_nothing(void **state)
{
	struct mac mac = {{2, 0, 0, 0, 0, 1}};
	struct port *own = port_local_add(w.net, "own", &mac, NULL, NULL, NULL);

	(void)state;
	set(w.port[0], "trunk", "10");
	refuse(w.port[0], "vlan", "4095", "1 to 4094");
	refuse(w.port[0], "trunk", "10,5000", "1 to 4094");
	refuse(w.port[0], "trunk", "red", "there is no network \"red\"");
	refuse(w.port[0], "trunk", "n", "no VLAN id");
	refuse(w.port[0], "trunk", "a b", "neither");
	refuse(w.port[0], "native", "red", "1 to 4094");
	refuse(w.port[1], "native", "7", "no trunk");
	refuse(own, "vlan", "7", "own");
	shown(w.port[0], "trunk", "10", true);
	assert_null(w.port[1]->vlan);
}

/* What was known before there were VLANs stays known, and is in VLAN 1. */
static void vlans_come_and_go(void **state)
{
	struct net *other = world_net(&w, "other");

	(void)state;
	send_tagged(w.port[0], 1, 0, NO_TAG, NO_TAG, 'a');
	got(w.port[1], 'a', NO_TAG);
	set(w.port[2], "vlan", "10");
	assert_int_equal(vlan_shown(w.net, 0), 1);
	send_tagged(w.port[3], 4, 1, NO_TAG, NO_TAG, 'b');
	got(w.port[0], 'b', NO_TAG);
	nothing(w.port[1]);
	/* A port that comes and one that moves in are plain ones of it. */
	assert_int_equal(world_port(w.net, "dummy", "late")->features, PORT_VLAN);
	assert_int_equal(port_move(w.port[2], other, NULL), 0);
	assert_int_equal(w.port[0]->features, 0);
	assert_int_equal(w.port[2]->features, PORT_VLAN);
	assert_int_equal(other->n_vlan, 1);
	assert_int_equal(vlan_shown(w.net, 0), 0);
	port_del(w.port[2], true);
	assert_int_equal(other->n_vlan, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(without_vlans_tags_are_payload),
		T(access_ports_hear_their_vlan_only),
		T(the_same_address_in_two_vlans),
		T(what_an_access_port_takes),
		T(service_tags_pass),
		T(a_trunk_tags),
		T(native_goes_untagged),
		T(priority_and_inner_tags_cross_from_trunk_to_trunk),
		T(tagging_costs_at_most_one_copy),
		T(super_frames_cross_trunks),
		T(words_and_back),
		T(wrong_words_change_nothing),
		T(vlans_come_and_go),
	};

	return cmocka_run_group_tests_name("vlan", tests, NULL, NULL);
}
