/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What watchers are told of a frame, and that asking what would happen changes nothing and is true.
 */
#include <arpa/inet.h>
#include <errno.h>

#include "lib/csum.h"
#include "tests/wire/world.h"
#include "vswitchd/control/explain.h"
#include "vswitchd/switch/settings.h"
#include "vswitchd/switch/watch.h"

enum { PORTS = 5, RANDOM_FRAMES = 20000 };

static struct world w;

struct watcher {
	struct frame_hook hook;
	bool narrate;
	unsigned int n, out, gone;
	char verdict[WALK_TEXT];
	char port[PORT_NAME_MAX + 1];
	enum drop_reason dropped;
	unsigned int copies;
	char steps[1024];
};

static bool wants(struct frame_hook *hook, const struct walk *walk)
{
	(void)walk;
	return CONTAINER_OF(hook, struct watcher, hook)->narrate;
}

static void see(struct frame_hook *hook, const struct sighting *s)
{
	struct watcher *me = CONTAINER_OF(hook, struct watcher, hook);

	me->n++;
	me->out += s->out;
	snprintf(me->port, sizeof(me->port), "%s", s->port->name);
	if (s->out) {
		walk_origin(s->walk, me->verdict, sizeof(me->verdict));
		return;
	}
	walk_verdict(s->walk, me->verdict, sizeof(me->verdict));
	me->dropped = s->walk->dropped;
	me->copies = s->walk->copies;
	me->steps[0] = '\0';
	for (unsigned int i = 0; s->told && i < s->told->n; i++)
		snprintf(me->steps + strlen(me->steps), sizeof(me->steps) - strlen(me->steps),
			 "%s\n", narration_step(s->told, i));
}

static void gone(struct frame_hook *hook)
{
	CONTAINER_OF(hook, struct watcher, hook)->gone++;
}

static struct watcher watcher;

static void watch(struct net *net, struct port *port)
{
	struct frame_hook hook = {.narrate = wants, .frame = see, .gone = gone};

	memset(&watcher, 0, sizeof(watcher));
	watcher.hook = hook;
	frame_hook_add(&watcher.hook, &w.runner, net, port);
}

static int setup(void **state)
{
	(void)state;
	world_init(&w, PORTS);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	frame_hook_del(&watcher.hook);
	world_fini(&w);
	return 0;
}

static void verdicts_in_words(void **state)
{
	(void)state;
	watch(w.net, NULL);
	world_send(w.port[0], 1, 2, 60, 'a');
	assert_string_equal(watcher.verdict, "learnt 52:54:00:00:00:01 on p0; flooded to 4 ports");
	assert_string_equal(watcher.port, "p0");
	world_send(w.port[1], 2, 1, 60, 'a');
	assert_string_equal(watcher.verdict, "learnt 52:54:00:00:00:02 on p1; delivered to p0");
	world_send(w.port[0], 1, 2, 60, 'a');
	assert_string_equal(watcher.verdict, "delivered to p1");
	world_send(w.port[2], 1, 2, 60, 'a');
	assert_string_equal(watcher.verdict, "moved 52:54:00:00:00:01 to p2; delivered to p1");
	world_send(w.port[0], 3, 0, 2000, 'a');
	assert_string_equal(watcher.verdict,
			    "dropped: too-big: longer than the network's MTU allows");
	world_send(w.port[2], 1, 1, 60, 'a');
	assert_string_equal(watcher.verdict,
			    "dropped: hairpin: the destination is behind the port it came from");
	assert_int_equal(watcher.n, 6);
	assert_int_equal(watcher.out, 0);
}

static void a_port_shows_both_directions(void **state)
{
	(void)state;
	watch(NULL, w.port[1]);
	world_send(w.port[0], 1, 0, 60, 'a');
	assert_int_equal(watcher.out, 1);
	assert_string_equal(watcher.verdict, "from p0, flooded");
	world_send(w.port[1], 2, 1, 60, 'b');
	assert_int_equal(watcher.n, 2);
	assert_int_equal(watcher.out, 1);
	world_send(w.port[0], 1, 2, 60, 'c');
	assert_string_equal(watcher.verdict, "from p0");
	world_send(w.port[0], 1, 4, 60, 'd');
	world_send(w.port[2], 3, 1, 60, 'e'); /* passes it by */
	assert_int_equal(watcher.n, 4);
}

static void steps_in_order(void **state)
{
	(void)state;
	watch(w.net, NULL);
	watcher.narrate = true;
	world_send(w.port[1], 2, 0, 60, 'a');
	port_set_admin(w.port[3], false);
	runner_step(&w.runner, w.runner.now + 5000);
	world_send(w.port[1], 2, 9, 60, 'a');
	assert_string_equal(watcher.steps,
			    "ingress: by p1 of network n (lan-segment), 60 bytes\n"
			    "learn: 52:54:00:00:00:02 is behind p1, last heard 5 s ago\n"
			    "table: nobody has heard of 52:54:00:00:00:09: to all ports, to find "
			    "it\n"
			    "sent: by p0\n"
			    "sent: by p2\n"
			    "filter: not to p3: the port is set down\n"
			    "sent: by p4\n");
	assert_string_equal(watcher.verdict, "flooded to 3 ports");
	world_send(w.port[0], 2, 0, 15, 'a');
	assert_non_null(strstr(watcher.steps, "was behind p1 0 s ago: moved to p0\n"));
	world_send(w.port[0], 2, 0, 3000, 'a');
	assert_non_null(strstr(watcher.steps, "drop: too-big: longer than"));
	world_send(w.port[0], 5, 2, 60, 'a');
	assert_non_null(strstr(watcher.steps, "learn: 52:54:00:00:00:05 is new: learnt, it is "
					      "behind p0\n"));
	assert_string_equal(watcher.verdict,
			    "learnt 52:54:00:00:00:05 on p0; dropped: hairpin: the destination is "
			    "behind the port it came from");
}

/* A story has an end, however many ports there are. */
static void a_long_story_is_cut(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		char name[16];

		snprintf(name, sizeof(name), "x%d", i);
		world_port(w.net, "dummy", name);
	}
	watch(w.net, NULL);
	watcher.narrate = true;
	world_send(w.port[0], 1, 0, 60, 'a');
	assert_non_null(strstr(watcher.steps, "sent: by 192 more ports\n"));
	assert_string_equal(watcher.verdict,
			    "learnt 52:54:00:00:00:01 on p0; flooded to 204 ports");
}

static void who_watches_hears_of_the_end(void **state)
{
	struct net *other = world_net(&w, "other");
	struct port *port = world_port(other, "dummy", "o1");

	(void)state;
	watch(NULL, port);
	assert_true(port->features & PORT_WATCHED);
	assert_false(w.port[0]->features & PORT_WATCHED);
	port_del(port, true);
	assert_int_equal(watcher.gone, 1);
	watch(other, NULL);
	port = world_port(other, "dummy", "o2"); /* comes later, is watched too */
	assert_true(port->features & PORT_WATCHED);
	net_del(other, true);
	assert_int_equal(watcher.gone, 1);
	watch(NULL, NULL);
	assert_true(w.port[0]->features & PORT_WATCHED);
	frame_hook_del(&watcher.hook);
	assert_false(w.port[0]->features & PORT_WATCHED);
}

static void a_moved_port_is_watched_where_it_is(void **state)
{
	struct net *other = world_net(&w, "other");

	(void)state;
	watch(other, NULL);
	assert_int_equal(port_move(w.port[0], other, NULL), 0);
	world_send(w.port[0], 1, 0, 60, 'a');
	assert_int_equal(watcher.n, 1);
	assert_int_equal(port_move(w.port[0], w.net, NULL), 0);
	assert_false(w.port[0]->features & PORT_WATCHED);
	world_send(w.port[0], 1, 0, 60, 'a');
	assert_int_equal(watcher.n, 1);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static uint32_t seed;

static uint32_t roll(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* Everything that a frame could change. */
struct snapshot {
	struct port_stats stats[PORTS];
	uint64_t floods;
	unsigned int macs, n_events, pool;
	be32 said[PORTS];
};

static struct snapshot snapshot(void)
{
	struct snapshot s;

	memset(&s, 0, sizeof(s)); /* snapshots are compared byte by byte */
	s.floods = w.net->floods;
	s.macs = fdb_count(w.net->fdb);
	s.n_events = w.n_events;
	s.pool = pkt_pool_free(w.runner.pool);
	for (int i = 0; i < PORTS; i++) {
		s.stats[i] = w.port[i]->stats;
		s.said[i] = w.port[i]->said_addr;
	}
	return s;
}

static struct described random_frame(void)
{
	struct described d = {.proto = (enum explain_proto)roll(5),
			      .src = station(1 + roll(8)),
			      .dst = station(roll(9)),
			      .src_ip = roll(9),
			      .dst_ip = roll(9),
			      .len = roll(4) ? 0 : 60 + roll(1500)};

	if (!roll(4)) {
		d.src6 = (struct ip_addr){{0xfd, [15] = (uint8_t)roll(9)}};
		d.dst6 = (struct ip_addr){{roll(2) ? 0xfd : 0xff, 2, [15] = (uint8_t)roll(9)}};
	}
	if (!roll(4))
		d.vlan = roll(2) ? 10 : 20;
	if (!roll(50))
		d.src = MAC_BROADCAST;
	if (!roll(50))
		d.dst = (struct mac){{0x01, 0x80, 0xc2, 0, 0, (uint8_t)roll(32)}};
	return d;
}

static void drain(void)
{
	for (int i = 0; i < PORTS; i++)
		while (world_take(w.port[i]) >= 0)
			;
}

/* The verdict without learnt and moved, which only what really happens has. */
static const char *outcome(const char *verdict)
{
	const char *at = strstr(verdict, "; ");

	return at ? at + 2 : verdict;
}

static void change_something(void)
{
	uint32_t what = roll(40);

	if (what == 0)
		port_set_admin(w.port[roll(PORTS)], roll(2));
	else if (what == 1)
		fdb_flush(w.net->fdb, w.port[roll(PORTS)]);
	else if (what == 2)
		w.net->hub = !roll(4);
	else if (what == 3)
		runner_step(&w.runner, w.runner.now + roll(200000));
}

static int set(struct port *port, const char *key, const char *value)
{
	json_t *values = json_pack("{s:s}", key, value);
	int rc = port_settings_apply(port, values, NULL);

	json_decref(values);
	return rc;
}

static void set_net(const char *key, const char *value)
{
	json_t *values = json_pack("{s:s}", key, value);

	assert_int_equal(net_settings_apply(w.net, values, NULL), 0);
	json_decref(values);
}

/* As at the beginning. */
static void set_nothing(void)
{
	static const char *const plain[][2] = {
		{"vlan", "none"},	  {"trunk", "none"},	     {"native", "none"},
		{"mac-guard", "off"},	  {"address-guard", "off"},  {"addresses", "none"},
		{"isolated", "off"},	  {"promiscuous", "normal"}, {"storm-broadcast", "off"},
		{"storm-unknown", "off"}, {"macs", "off"},	     {"mirror", "none"},
		{"dhcp-guard", "off"},	  {"router-guard", "off"},
	};

	for (int i = 0; i < PORTS; i++) {
		for (size_t n = 0; n < ARRAY_SIZE(plain); n++)
			assert_int_equal(set(w.port[i], plain[n][0], plain[n][1]), 0);
		port_set_admin(w.port[i], true);
	}
	set_net("stp", "off");
}

/* ... with VLANs, guards, limits, spanning tree and mirrors. */
static void set_something(void)
{
	static const char *const settings[][2] = {
		{"vlan", "10"},
		{"vlan", "none"},
		{"trunk", "10,20"},
		{"trunk", "none"},
		{"native", "20"},
		{"native", "none"},
		{"mac-guard", "on"},
		{"mac-guard", "off"},
		{"address-guard", "on"},
		{"address-guard", "off"},
		{"addresses", "0.0.0.3"},
		{"isolated", "on"},
		{"isolated", "off"},
		{"promiscuous", "all"},
		{"promiscuous", "deny"},
		{"promiscuous", "guests"},
		{"promiscuous", "normal"},
		{"storm-broadcast", "2"},
		{"storm-broadcast", "off"},
		{"storm-unknown", "2"},
		{"storm-unknown", "off"},
		{"macs", "2"},
		{"macs", "off"},
		{"mirror", "p2"},
		{"mirror", "n"},
		{"mirror", "none"},
		{"mirror-only", "off"},
		{"mirror-only", "on"},
		{"dhcp-guard", "on"},
		{"router-guard", "on"},
	};
	const char *const *s = settings[roll(ARRAY_SIZE(settings))];
	uint32_t what = roll(60);

	if (what < 4)
		set(w.port[roll(PORTS)], s[0], s[1]); /* some are refused */
	else if (what == 4)
		set_net("stp", roll(3) ? "off" : "on");
	else if (what == 5)
		set_net("snooping", roll(2) ? "off" : "on");
	else if (what == 6)
		set_nothing();
	else
		change_something();
}

static void rehearse(void (*change)(void), unsigned int delivered_min)
{
	static struct explanation e;
	unsigned int delivered = 0, dropped = 0;

	watch(w.net, NULL);
	fdb_pin(w.net->fdb, &(struct mac){{0x52, 0x54, 0, 0, 0, 8}}, w.port[4]);
	seed = 4711;
	for (int i = 0; i < RANDOM_FRAMES; i++) {
		struct port *from = w.port[roll(PORTS)];
		struct described d = random_frame();
		struct pkt *p = explain_build(w.runner.pool, &d);
		struct snapshot before, after;

		change();
		before = snapshot();
		explain_walk(from, pkt_get(p), &e);
		after = snapshot();
		assert_memory_equal(&before, &after, sizeof(before));

		world_input(from, p);
		if (strcmp(outcome(watcher.verdict), e.verdict) != 0)
			fail_msg("frame %d: told '%s', happened '%s'", i, e.verdict,
				 watcher.verdict);
		assert_int_equal(e.dropped, watcher.dropped);
		assert_int_equal(e.copies, watcher.copies);
		delivered += e.copies > 0;
		dropped += e.dropped != DROP_NONE;
		drain();
	}
	assert_true(delivered > delivered_min && dropped > RANDOM_FRAMES / 20);
}

static void what_is_told_is_what_happens(void **state)
{
	(void)state;
	rehearse(change_something, RANDOM_FRAMES / 4);
}

static void told_is_what_happens_with_all_settings(void **state)
{
	(void)state;
	rehearse(set_something, RANDOM_FRAMES / 20);
}

static unsigned int be16_at(const struct pkt *p, size_t off)
{
	return (unsigned int)p->data[off] << 8 | p->data[off + 1];
}

static void frames_as_described(void **state)
{
	struct described d = {.proto = EXPLAIN_TCP,
			      .src = station(1),
			      .dst = station(2),
			      .src_ip = htonl(0x0a000001),
			      .dst_ip = htonl(0x0a000002),
			      .port = 443,
			      .vlan = 7,
			      .len = 1500};
	struct pkt *p = explain_build(w.runner.pool, &d);
	const struct ip4_hdr *ip = pkt_at(p, 18, sizeof(*ip));
	const struct tcp_hdr *tcp = pkt_at(p, 38, sizeof(*tcp));

	(void)state;
	assert_int_equal(p->len, 1500);
	assert_int_equal(be16_at(p, 12), 0x8100);
	assert_int_equal(be16_at(p, 14), 7);
	assert_int_equal(be16_at(p, 16), 0x0800);
	assert_int_equal(ntohs(ip->tot_len), 1482);
	assert_int_equal(ntohs(tcp->dport), 443);
	assert_int_equal(csum_fold(csum_add(csum_pseudo4(ip->src, ip->dst, 6, 1462), tcp, 1462)),
			 0);
	pkt_put(p);
	for (int proto = EXPLAIN_ETHER; proto <= EXPLAIN_IP; proto++) {
		d = (struct described){.proto = (enum explain_proto)proto};
		p = explain_build(w.runner.pool, &d);
		assert_int_equal(p->len, 60);
		pkt_put(p);
	}
}

static void who_has_an_address(void **state)
{
	struct mac mac;
	char how[64];

	(void)state;
	w.port[2]->mac = station(3);
	assert_false(explain_resolve(w.net, htonl(0x0a000003), NULL, &mac, how, sizeof(how)));
	w.port[2]->said_addr = htonl(0x0a000003);
	assert_true(explain_resolve(w.net, htonl(0x0a000003), NULL, &mac, how, sizeof(how)));
	assert_memory_equal(&mac, &w.port[2]->mac, 6);
	assert_string_equal(how, "p2 has said so");
}

/* ---- mirrors --------------------------------------------------------------------------------- */

static void assert_gets(int port, const char *marks)
{
	for (; *marks; marks++)
		assert_int_equal(world_take(w.port[port]), *marks);
	assert_int_equal(world_take(w.port[port]), -1);
}

static void a_monitor_gets_both_directions_and_no_more(void **state)
{
	(void)state;
	assert_int_equal(set(w.port[4], "mirror", "p1"), 0);
	world_send(w.port[0], 1, 0, 60, 'a'); /* out of p1 */
	world_send(w.port[1], 2, 1, 60, 'b'); /* in by p1 */
	world_send(w.port[2], 3, 1, 60, 'c'); /* passes p1 by */
	world_send(w.port[0], 1, 0, 60, 'd');
	assert_gets(4, "abd");
	world_send(w.port[4], 9, 1, 60, 'x');
	assert_int_equal(world_drops(w.port[4], DROP_MONITOR), 1);
	assert_int_equal(set(w.port[4], "mirror-dir", "in"), 0);
	world_send(w.port[0], 1, 0, 60, 'e');
	world_send(w.port[1], 2, 0, 60, 'f');
	assert_gets(4, "f");
	assert_int_equal(set(w.port[4], "mirror-only", "off"), 0);
	world_send(w.port[4], 9, 0, 60, 'y');
	assert_int_equal(set(w.port[4], "mirror", "none"), 0);
	assert_false(w.port[1]->features & PORT_MIRROR);
	drain();
	world_send(w.port[0], 1, 9, 60, 'g');
	assert_gets(4, "g");
}

static void a_whole_network_once_each(void **state)
{
	(void)state;
	assert_int_equal(set(w.port[4], "mirror", "n"), 0);
	world_send(w.port[0], 1, 0, 60, 'a');
	world_send(w.port[1], 2, 1, 60, 'b');
	assert_gets(4, "ab");
}

/* Two that mirror each other and a third that mirrors both: finite. */
static void mirrors_of_mirrors_make_no_loop(void **state)
{
	(void)state;
	for (int i = 2; i < PORTS; i++)
		assert_int_equal(set(w.port[i], "mirror-only", "off"), 0);
	assert_int_equal(set(w.port[2], "mirror", "p3,p0"), 0);
	assert_int_equal(set(w.port[3], "mirror", "p2"), 0);
	assert_int_equal(set(w.port[4], "mirror", "p2,p3"), 0);
	world_send(w.port[0], 1, 0, 60, 'a');
	/* The frame itself; from p0 and out of p3. */
	assert_gets(2, "aaa");
	assert_gets(3, "aa");
	assert_gets(4, "aaa");
	assert_gets(1, "a");
}

static void mirrors_go_and_come_with_their_ports(void **state)
{
	struct net *other = world_net(&w, "other");

	(void)state;
	assert_int_equal(set(w.port[4], "mirror", "p1,p2,later"), 0);
	port_del(w.port[1], true);
	world_send(w.port[2], 3, 0, 60, 'a');
	assert_gets(4, "a");
	world_port(w.net, "dummy", "p1");
	world_send(w.port[2], 3, 0, 60, 'b'); /* in by p2, out of p1 */
	assert_gets(4, "bb");
	assert_int_equal(port_move(w.port[2], other, NULL), 0);
	world_send(w.port[2], 3, 0, 60, 'c');
	assert_gets(4, "");
	assert_int_equal(port_move(w.port[2], w.net, NULL), 0);
	world_send(w.port[2], 3, 0, 60, 'd');
	assert_gets(4, "dd");
	port_del(w.port[4], true);
	assert_false(w.port[2]->features & PORT_MIRROR);
	world_send(w.port[2], 3, 0, 60, 'e');
	w.port[4] = world_port(w.net, "dummy", "later");
}

static void mirror_settings_in_words(void **state)
{
	json_t *got;

	(void)state;
	assert_int_equal(set(w.port[4], "mirror", "p4"), -EINVAL);
	assert_int_equal(set(w.port[4], "mirror", "p1,,p2"), -EINVAL);
	assert_int_equal(set(w.port[4], "mirror", "a b"), -EINVAL);
	assert_int_equal(set(w.port[4], "mirror-dir", "up"), -EINVAL);
	got = port_settings_json(w.port[4]);
	assert_int_equal(json_object_size(got), 0);
	json_decref(got);
	assert_int_equal(set(w.port[4], "mirror", "p1,p2"), 0);
	got = port_settings_json(w.port[4]);
	assert_string_equal(json_string_value(json_object_get(got, "mirror")), "p1,p2");
	json_decref(got);
}

/* ---- rates ----------------------------------------------------------------------------------- */

static json_int_t rate(int port, const char *key)
{
	json_t *all = rates_json(w.port[port]);
	json_int_t n = json_integer_value(json_object_get(all, key));

	json_decref(all);
	return n;
}

static void rates_come_and_go(void **state)
{
	(void)state;
	runner_step(&w.runner, w.runner.now + 1000);
	for (int second = 0; second < 10; second++) {
		for (int i = 0; i < 100; i++) {
			world_send(w.port[0], 1, 0, 1000, 'a');
			drain();
		}
		runner_step(&w.runner, w.runner.now + 1000);
	}
	assert_in_range(rate(0, "rx_bps"), 780000, 800000);
	assert_in_range(rate(0, "rx_fps"), 98, 100);
	assert_in_range(rate(1, "tx_bps"), 780000, 800000);
	assert_int_equal(rate(0, "tx_fps"), 0);
	for (int second = 0; second < 20; second++)
		runner_step(&w.runner, w.runner.now + 1000);
	assert_int_equal(rate(0, "rx_bps"), 0);
	assert_int_equal(rate(1, "tx_fps"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(verdicts_in_words, setup, teardown),
		cmocka_unit_test_setup_teardown(a_port_shows_both_directions, setup, teardown),
		cmocka_unit_test_setup_teardown(steps_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(a_long_story_is_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(who_watches_hears_of_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(a_moved_port_is_watched_where_it_is, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_told_is_what_happens, setup, teardown),
		cmocka_unit_test_setup_teardown(told_is_what_happens_with_all_settings, setup,
						teardown),
		cmocka_unit_test_setup_teardown(frames_as_described, setup, teardown),
		cmocka_unit_test_setup_teardown(who_has_an_address, setup, teardown),
		cmocka_unit_test_setup_teardown(a_monitor_gets_both_directions_and_no_more, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_whole_network_once_each, setup, teardown),
		cmocka_unit_test_setup_teardown(mirrors_of_mirrors_make_no_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(mirrors_go_and_come_with_their_ports, setup,
						teardown),
		cmocka_unit_test_setup_teardown(rates_come_and_go, setup, teardown),
		cmocka_unit_test_setup_teardown(mirror_settings_in_words, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
