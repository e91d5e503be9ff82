/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keeps a flow alive and what does not (RFC 4787 REQ-6, RFC 7857 7.1). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/nat_world.h"

static void u6a_inbound_refreshes_when_asked(void **state)
{
	struct nat_settings set = NAT_SETTINGS_DEFAULT;

	(void)state;
	for (int both = 0; both <= 1; both++) {
		struct world w;
		struct flow back = {PEER_1, OUTSIDE, 7, 0};

		set.refresh_in = both;
		world_init(&w, &set);
		world_send(&w, make_udp(&w, (struct flow){GUEST_A, PEER_1, 5000, 7}, 3));
		back.dport = port_of(w.out[0], 0);
		for (int i = 0; i < 2; i++) {
			world_step(&w, 200000);
			/* The second is 400 s after what went out. */
			assert_int_equal(world_receive(&w, make_udp(&w, back, 3)),
					 i && !both ? DROP_NO_MAPPING : DROP_NONE);
		}
		world_fini(&w);
	}
}

static void t71_resets_out_refresh_nothing(void **state)
{
	struct flow there = {GUEST_A, PEER_1, 5000, 80}, back = {PEER_1, OUTSIDE, 80, 0};
	struct world w;

	(void)state;
	world_init(&w, NULL);
	world_send(&w, make_tcp(&w, there, TCP_SYN, 0));
	back.dport = port_of(w.out[0], 0);
	world_receive(&w, make_tcp(&w, back, TCP_SYN | TCP_ACK, 0));
	world_send(&w, make_tcp(&w, there, TCP_ACK, 0));
	world_send(&w, make_tcp(&w, there, TCP_RST, 0));
	/* The session is kept for 4 min, and RSTs do not make it longer. */
	world_step(&w, 230000);
	assert_int_equal(world_send(&w, make_tcp(&w, there, TCP_RST, 0)), DROP_NONE);
	world_step(&w, 11000);
	assert_int_equal(w.nat->table.n_sessions, 0);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u6a_inbound_refreshes_when_asked),
		cmocka_unit_test(t71_resets_out_refresh_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
