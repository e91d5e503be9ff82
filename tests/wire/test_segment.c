/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One port that carries several LAN segments: networks of their own, told apart by tags. */
#include <stdio.h>

#include "lib/tag.h"
#include "tests/wire/world.h"
#include "vswitchd/switch/settings.h"
#include "vswitchd/switch/vlan.h"

static struct world w;
static struct net *red, *blue;
static struct port *trunk, *r1, *b1, *b2;

static struct net *segment(const char *name, uint16_t vlan)
{
	struct net_conf conf = {.mode = modes[0], .vlan = vlan};
	struct net *net;

	snprintf(conf.name, sizeof(conf.name), "%s", name);
	net = net_add(&w.runner, &conf, NULL);
	assert_non_null(net);
	return net;
}

static int set(struct port *port, const char *name, const char *value, struct err *err)
{
	const struct port_setting *s = vlan_settings;

	while (strcmp(s->name, name))
		s++;
	return s->set(port, value, err);
}

static int setup(void **state)
{
	(void)state;
	world_init(&w, 0);
	red = segment("red", 10);
	blue = segment("blue", 20);
	trunk = world_port(red, "dummy", "r.eth0");
	r1 = world_port(red, "dummy", "r1");
	b1 = world_port(blue, "dummy", "b1");
	b2 = world_port(blue, "dummy", "b2");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_fini(&w);
	return 0;
}

/* From station @src to @dst with tag @id, 0: none. */
static void in(struct port *port, unsigned int src, unsigned int dst, uint16_t id, uint8_t mark)
{
	struct pkt *p = pkt_alloc(w.runner.pool);
	struct mac from = station(src), to = station(dst);

	p->len = 64;
	memset(p->data, 0, p->len);
	memcpy(p->data, &to, 6);
	memcpy(p->data + 6, &from, 6);
	put16(p->data + 12, 0x88b5);
	p->data[63] = mark;
	if (id)
		assert_true(tag_push(&p, ETHERTYPE_CTAG, id));
	world_input(port, p);
}

static void out(struct port *port, int mark, int id)
{
	struct pkt *p = port_dummy_sent(port);
	int found = p ? p->data[p->len - 1] : -1, has;
	uint16_t tci;

	has = p && tag_get(p, &tci) ? tci : 0;
	pkt_put(p);
	if (found != mark || has != id)
		fail_msg("%s: got %d tag %d, wanted %d tag %d", port->name, found, has, mark, id);
}

enum { NOTHING = -1 };

static void each_segment_has_its_tag(void **state)
{
	(void)state;
	assert_int_equal(set(trunk, "trunk", "red+blue", NULL), 0);
	assert_non_null(port_find("r.eth0.20"));
	in(r1, 1, 0, 0, 'r');
	out(trunk, 'r', 10);
	in(b1, 2, 0, 0, 'b');
	out(trunk, 'b', 20);
	out(b2, 'b', 0);
	in(trunk, 9, 0, 10, 'x');
	out(r1, 'x', 0);
	out(b1, NOTHING, 0);
	in(trunk, 9, 0, 20, 'y');
	out(b1, 'y', 0);
	out(b2, 'y', 0);
	out(r1, NOTHING, 0);
	/* Learnt on both: the router has the same address on all its VLANs. */
	in(b1, 2, 9, 0, 'z');
	out(trunk, 'z', 20);
	out(b2, NOTHING, 0);
	in(trunk, 9, 2, 20, 'u');
	out(b1, 'u', 0);
	out(b2, NOTHING, 0);
	in(trunk, 9, 0, 30, '?');
	assert_int_equal(trunk->stats.drops[DROP_VLAN], 1);
	in(trunk, 9, 0, 0, '?');
	assert_int_equal(trunk->stats.drops[DROP_UNTAGGED], 1);
	/* Tags inside a segment are its own affair. */
	in(b1, 2, 0, 7, 'q');
	out(b2, 'q', 7);
	out(trunk, 'q', 20);
}

static void the_own_network_is_native_unless_it_is_named(void **state)
{
	(void)state;
	assert_int_equal(set(trunk, "trunk", "blue", NULL), 0);
	in(r1, 1, 0, 0, 'r');
	out(trunk, 'r', 0);
	in(trunk, 9, 0, 0, 'x');
	out(r1, 'x', 0);
	out(b1, NOTHING, 0);
	in(trunk, 9, 0, 20, 'y');
	out(b1, 'y', 0);
	/* Named, and another one native. */
	assert_int_equal(set(trunk, "trunk", "red,blue", NULL), 0);
	assert_int_equal(set(trunk, "native", "blue", NULL), 0);
	in(trunk, 9, 0, 0, 'z');
	out(b1, 'z', 0);
	in(b1, 2, 0, 0, 'b');
	out(trunk, 'b', 0);
	in(r1, 1, 0, 0, 'r');
	out(trunk, 'r', 10);
}

static void segments_come_and_go(void **state)
{
	struct port *m;

	(void)state;
	assert_int_equal(set(trunk, "trunk", "red,blue", NULL), 0);
	net_del(blue, true);
	assert_null(port_find("r.eth0.20"));
	in(trunk, 9, 0, 20, 'x');
	assert_int_equal(trunk->stats.drops[DROP_VLAN], 1);
	in(r1, 1, 0, 0, 'r');
	out(trunk, 'r', 10);
	/* Back, with another id. */
	blue = segment("blue", 21);
	m = port_find("r.eth0.21");
	assert_non_null(m);
	assert_ptr_equal(vlan_trunk_of(m), trunk);
	b1 = world_port(blue, "dummy", "b1");
	in(trunk, 9, 0, 21, 'y');
	out(b1, 'y', 0);
	in(b1, 2, 9, 0, 'z');
	out(trunk, 'z', 21);
	/* One that comes with an id that is taken is not carried. */
	net_del(blue, true);
	blue = segment("blue", 10);
	assert_null(port_find("r.eth0.10"));
	in(trunk, 9, 0, 10, 'r');
	out(r1, 'r', 0);
	port_del(trunk, true);
	assert_int_equal(blue->n_ports, 0);
}

static void a_trunk_moves_and_ends(void **state)
{
	struct net *green = segment("green", 30);
	struct err err = {0};

	(void)state;
	assert_int_equal(set(trunk, "trunk", "red,blue", NULL), 0);
	assert_int_equal(port_move(trunk, blue, NULL), 0);
	assert_null(port_find("r.eth0.20"));
	assert_non_null(port_find("r.eth0.10"));
	in(trunk, 9, 0, 10, 'x');
	out(r1, 'x', 0);
	in(trunk, 9, 0, 20, 'y');
	out(b1, 'y', 0);
	assert_int_equal(port_move(trunk, green, NULL), 0);
	in(trunk, 9, 0, 20, 'z');
	out(b2, 'y', 0);
	out(b2, 'z', 0);
	assert_int_equal(set(trunk, "trunk", "red,green", NULL), 0);
	assert_int_equal(set(trunk, "native", "red", NULL), 0);
	assert_true(port_move(trunk, blue, &err) < 0);
	assert_non_null(strstr(err.text, "does not carry network \"blue\""));
	assert_int_equal(set(trunk, "vlan", "5", NULL), 0);
	assert_int_equal(red->n_ports, 1);
	assert_int_equal(green->n_vlan, 1);
	net_del(green, true);
}

static void down_is_down_on_all(void **state)
{
	(void)state;
	assert_int_equal(set(trunk, "trunk", "red,blue", NULL), 0);
	in(trunk, 9, 0, 20, 'x');
	out(b1, 'x', 0);
	out(b2, 'x', 0);
	port_set_admin(trunk, false);
	in(trunk, 9, 0, 20, 'y');
	assert_int_equal(trunk->stats.drops[DROP_PORT_DOWN], 1);
	out(b1, NOTHING, 0);
	in(b1, 2, 9, 0, 'z'); /* forgotten, so flooded */
	out(b2, 'z', 0);
	assert_int_equal(trunk->stats.drops[DROP_PORT_DOWN], 2);
	port_set_admin(trunk, true);
	in(b1, 2, 9, 0, 'z');
	out(trunk, 'z', 20);
}

/* A network with spanning tree greets a port while that is still being made. */
static void a_segment_with_spanning_tree(void **state)
{
	json_t *on = json_pack("{s:s}", "stp", "on");
	struct pkt *p;
	uint16_t tci;

	(void)state;
	assert_int_equal(net_settings_apply(blue, on, NULL), 0);
	json_decref(on);
	assert_int_equal(set(trunk, "trunk", "red+blue", NULL), 0);
	net_flush(blue);
	net_flush(red);
	p = port_dummy_sent(trunk);
	assert_non_null(p);
	assert_true(tag_get(p, &tci) && tci == 20);
	assert_int_equal(p->data[0], 0x01); /* 01:80:c2:00:00:00 */
	pkt_put(p);
}

static void refused(const char *value, const char *why)
{
	struct err err = {0};

	assert_true(set(trunk, "trunk", value, &err) < 0);
	if (!strstr(err.text, why))
		fail_msg("trunk=%s: %s", value, err.text);
	assert_null(trunk->vlan);
}

static void what_is_no_list_of_segments(void **state)
{
	struct err err = {0};

	(void)state;
	segment("also10", 10);
	segment("plain", 0);
	refused("red,green", "there is no network \"green\"");
	refused("red,plain", "\"plain\" has no VLAN id");
	refused("red,also10", "\"red\" and \"also10\" both have VLAN id 10");
	refused("red,,blue", "\"\" is neither");
	refused("red,20", "there is no network \"20\"");
	assert_int_equal(set(trunk, "trunk", "blue", NULL), 0);
	assert_true(set(trunk, "native", "blue", &err) < 0);
	assert_non_null(strstr(err.text, "would not carry its own network \"red\""));
	assert_true(set(port_find("r.eth0.20"), "vlan", "7", &err) < 0);
	assert_non_null(strstr(err.text, "part of trunk \"r.eth0\""));
	/* A store that is read again may name what is not there. */
	w.runner.restoring = true;
	assert_int_equal(set(trunk, "trunk", "red,later", NULL), 0);
	w.runner.restoring = false;
	segment("later", 99);
	assert_non_null(port_find("r.eth0.99"));
}

/* Both networks of a super-frame's way take it whole; a hostile one does not get far. */
static void super_frames_and_lies(void **state)
{
	struct frame_spec spec = {.payload = 30000, .gso_size = 1448}, tagged = spec;
	struct pkt *p;
	uint16_t tci;

	(void)state;
	tagged.tags = 1;
	assert_int_equal(set(trunk, "trunk", "red,blue", NULL), 0);
	trunk->offloads = b1->offloads = OFFLOAD_ALL;
	port_set_admin(b2, false);
	world_input(b1, frame_make(w.runner.pool, &spec));
	p = port_dummy_sent(trunk);
	assert_true(tag_get(p, &tci) && tci == 20);
	assert_int_equal(gso_check(p), DROP_NONE);
	assert_int_equal(p->len, 14 + 4 + 40 + 30000);
	pkt_put(p);
	p = frame_make(w.runner.pool, &tagged);
	put16(p->data + 14, 20);
	memcpy(p->data + 6, "\x52\x54\x00\x00\x00\x77", 6);
	memset(p->data, 0xff, 6);
	world_input(trunk, p);
	p = port_dummy_sent(b1);
	assert_int_equal(p->len, 14 + 40 + 30000);
	assert_int_equal(gso_check(p), DROP_NONE);
	pkt_put(p);
	for (uint16_t start = 0; start < 18; start++) {
		p = frame_make(w.runner.pool, &tagged);
		put16(p->data + 14, 20);
		p->vnet.gso_type = 0;
		p->vnet.csum_start = htole16(start);
		world_input(trunk, p);
	}
	assert_null(port_dummy_sent(b1));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(each_segment_has_its_tag),	 T(the_own_network_is_native_unless_it_is_named),
		T(segments_come_and_go),	 T(a_trunk_moves_and_ends),
		T(a_segment_with_spanning_tree), T(down_is_down_on_all),
		T(what_is_no_list_of_segments),	 T(super_frames_and_lies),
	};

	return cmocka_run_group_tests_name("segment", tests, NULL, NULL);
}
