/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Broadcasts that are brought to the host come by again, and are known then. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "vswitchd/carrier/nichost.h"
#include "vswitchd/carrier/tap.h"
#include "vswitchd/host/reaper.h"

enum { LEN = 60 };

/* A tap that takes everything. */
int tap_open_redirected(const char *ifname, const char *what, int to_ifindex,
			const struct mac *to_mac, struct err *err)
{
	(void)ifname;
	(void)what;
	(void)to_ifindex;
	(void)to_mac;
	(void)err;
	return open("/dev/null", O_WRONLY | O_CLOEXEC);
}

void reaper_close(int fd)
{
	close(fd);
}

static struct nichost host;
static struct pkt_pool *pool;

static int setup(void **state)
{
	static const struct mac mac = {{2, 0, 0, 0, 0, 1}};

	(void)state;
	pool = pkt_pool_create(4);
	return nichost_open(&host, "vs-br-nic", "br.nic", 2, &mac, NULL);
}

static int teardown(void **state)
{
	(void)state;
	nichost_close(&host);
	pkt_pool_destroy(pool);
	return 0;
}

static struct pkt *broadcast(uint8_t nr)
{
	uint8_t frame[LEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, [LEN - 1] = nr};

	return pkt_from(pool, frame, sizeof(frame));
}

static void write_one(uint8_t nr, msec now)
{
	struct pkt *p = broadcast(nr);

	assert_int_equal(nichost_write(&host, p, now), DROP_NONE);
	pkt_put(p);
}

static bool is_echo(uint8_t nr, msec now)
{
	struct pkt *p = broadcast(nr);
	bool is = nichost_is_echo(&host, p, now);

	pkt_put(p);
	return is;
}

static void an_echo_is_known_once(void **state)
{
	(void)state;
	write_one(1, 1000);
	write_one(2, 1000);
	assert_false(is_echo(3, 1001));
	assert_true(is_echo(2, 1001));
	assert_true(is_echo(1, 1001));
	assert_false(is_echo(1, 1001));
}

/* As long as it may still be in the socket it is awaited, however late it is. */
static void an_echo_may_be_late(void **state)
{
	(void)state;
	nichost_drained(&host, 1000);
	write_one(1, 1000);
	assert_true(is_echo(1, 60000));
}

static void what_does_not_come_is_forgotten(void **state)
{
	(void)state;
	write_one(1, 1000);
	nichost_drained(&host, 1500);
	assert_true(is_echo(1, 1501)); /* not everything is in the socket at once */
	write_one(1, 2000);
	nichost_drained(&host, 4000);
	assert_false(is_echo(1, 4001));
	assert_int_equal(host.head, host.tail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_echo_is_known_once, setup, teardown),
		cmocka_unit_test_setup_teardown(an_echo_may_be_late, setup, teardown),
		cmocka_unit_test_setup_teardown(what_does_not_come_is_forgotten, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
