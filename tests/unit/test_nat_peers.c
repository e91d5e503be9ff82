/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mappings that depend on the peer, and whom they let in. */
#include "tests/unit/nat_world.h"
#include "tests/unit/unit.h"

/* Mapping by the peer, and filtering that lets others in by it: the mapping stays the first peer's,
 * and ends with all of its sessions in whatever order they do. */
static void u3_a_mapping_by_peer_may_have_other_sessions(void **state)
{
	(void)state;
	for (int kind = NAT_ADDRESS; kind <= NAT_ADDRESS_PORT; kind++) {
		struct nat_settings set = NAT_SETTINGS_DEFAULT;
		struct world w;
		uint16_t port;

		set.mapping = (enum nat_kind)kind;
		set.filter = NAT_ENDPOINT;
		world_init(&w, &set);
		port = udp_out(&w, a_to(PEER_1, 5000, 7));
		assert_int_equal(world_receive(&w, make_udp(&w, back(PEER_2, 9, port), 5)),
				 DROP_NONE);
		assert_int_equal(world_receive(&w, make_udp(&w, back(PEER_1, 9, port), 5)),
				 DROP_NONE);
		assert_int_equal(w.nat->table.n_sessions, 3);
		assert_int_equal(udp_out(&w, a_to(PEER_1, 5000, 7)), port);
		assert_int_not_equal(udp_out(&w, a_to(PEER_2, 5000, 9)), port);
		world_step(&w, 299000);
		assert_int_equal(udp_out(&w, a_to(PEER_1, 5000, 7)), port);
		world_step(&w, 301000);
		assert_int_equal(w.nat->table.n_mappings, 0);
		world_fini(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u3_a_mapping_by_peer_may_have_other_sessions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
