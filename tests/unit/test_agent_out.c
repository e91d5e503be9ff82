/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_agent_out.c - what is said to a guest's agent: in order, and never more at once than its
 * terminal holds, whatever it tells of what it has read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "vswitchd/guest/agent_out.h"

enum { SENT_MAX = 1 << 17 };

static struct world {
	struct vmsock sock;
	struct agent_out out;
	uint8_t sent[SENT_MAX];
	size_t n_sent, n_read;
	bool broken;
} w;

int vmsock_write(struct vmsock *s, const void *data, size_t len)
{
	assert_ptr_equal(s, &w.sock);
	if (w.broken)
		return -ENOTCONN;
	assert_in_range(w.n_sent + len, 0, SENT_MAX);
	memcpy(w.sent + w.n_sent, data, len);
	w.n_sent += len;
	assert_in_range(w.n_sent - w.n_read, 0, AGENT_UNDER_WAY_MAX);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	w.sock.fd = 7;
	agent_out_init(&w.out, &w.sock, ev_default_loop(0));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	agent_out_fini(&w.out);
	return 0;
}

static uint8_t nth(size_t i)
{
	return (uint8_t)(i * 7 + i / 251);
}

/* Write the bytes from @from to @to of the sequence of nth(). */
static void say(size_t from, size_t to)
{
	uint8_t *b = malloc(to - from + 1);

	for (size_t i = from; i < to; i++)
		b[i - from] = nth(i);
	assert_int_equal(agent_out_write(&w.out, b, to - from), 0);
	free(b);
}

static void tell(uint32_t bytes)
{
	w.n_read += bytes;
	agent_out_read(&w.out, bytes);
}

static void all_in_order(void **state)
{
	size_t said = 0;

	(void)state;
	srand(5);
	while (said < SENT_MAX || w.n_sent < SENT_MAX) {
		size_t n = (size_t)rand() % 2000, under_way = w.n_sent - w.n_read;

		n = MIN(n, SENT_MAX - said);
		say(said, said + n);
		said += n;
		tell((uint32_t)((size_t)rand() % (under_way + 1)));
		under_way = w.n_sent - w.n_read;
		/* Nothing is kept back that could go. */
		assert_true(w.n_sent == said || under_way == AGENT_UNDER_WAY_MAX);
	}
	for (size_t i = 0; i < SENT_MAX; i++)
		assert_int_equal(w.sent[i], nth(i));
}

static void queue_is_bounded(void **state)
{
	uint8_t *much = calloc(1, AGENT_QUEUE_MAX);

	(void)state;
	say(0, AGENT_UNDER_WAY_MAX);
	assert_int_equal(agent_out_write(&w.out, much, AGENT_QUEUE_MAX), 0);
	assert_int_equal(agent_out_write(&w.out, "x", 1), -ENOBUFS);
	assert_int_equal(w.out.len, AGENT_QUEUE_MAX);
	tell(1);
	assert_int_equal(agent_out_write(&w.out, "x", 1), 0);
	free(much);
}

/* A new connection: what waited and what was under way is the old one's. */
static void reset_forgets(void **state)
{
	(void)state;
	say(0, 2 * AGENT_UNDER_WAY_MAX);
	tell(1);
	agent_out_reset(&w.out);
	assert_int_equal(w.out.len + w.out.under_way, 0);
	assert_false(w.out.tells);
	w.n_read = w.n_sent = 0;
	say(100, 100 + AGENT_UNDER_WAY_MAX);
	assert_int_equal(w.n_sent, AGENT_UNDER_WAY_MAX);
	assert_int_equal(w.sent[0], nth(100));
}

/* A guest may tell of more than it got: it gets no larger share. */
static void lies_of_a_guest(void **state)
{
	(void)state;
	say(0, 3 * AGENT_UNDER_WAY_MAX);
	w.n_read = AGENT_UNDER_WAY_MAX; /* all that there was */
	agent_out_read(&w.out, UINT32_MAX);
	assert_int_equal(w.n_sent, 2 * AGENT_UNDER_WAY_MAX);
	assert_int_equal(w.out.under_way, AGENT_UNDER_WAY_MAX);
}

static void silence_passes(void)
{
	ev_invoke(w.out.loop, &w.out.silence, EV_TIMER);
}

/* One that never tells has read it after a while; one that tells has not, but for what it does not
 * tell of yet. */
static void silence(void **state)
{
	(void)state;
	say(0, 3 * AGENT_UNDER_WAY_MAX);
	assert_true(ev_is_active(&w.out.silence));
	w.n_read = AGENT_UNDER_WAY_MAX;
	silence_passes();
	assert_int_equal(w.n_sent, 2 * AGENT_UNDER_WAY_MAX);
	tell(1);
	silence_passes();
	assert_int_equal(w.n_sent, 2 * AGENT_UNDER_WAY_MAX + 1);
	tell(AGENT_UNDER_WAY_MAX);
	assert_int_equal(w.n_sent, 3 * AGENT_UNDER_WAY_MAX);
	tell(AGENT_UNDER_WAY_MAX - AGENT_TELLS);
	assert_int_equal(w.out.under_way, AGENT_TELLS - 1);
	silence_passes();
	assert_int_equal(w.out.under_way, 0);
	assert_false(ev_is_active(&w.out.silence));
}

static void no_connection(void **state)
{
	(void)state;
	w.sock.fd = -1;
	assert_int_equal(agent_out_write(&w.out, "x", 1), -ENOTCONN);
	w.sock.fd = 7;
	w.broken = true; /* it is lost just now: so is what was said, and nothing is under way */
	say(0, 10);
	assert_int_equal(w.out.len + w.out.under_way, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(all_in_order),    T(queue_is_bounded), T(reset_forgets),
		T(lies_of_a_guest), T(silence),		 T(no_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
