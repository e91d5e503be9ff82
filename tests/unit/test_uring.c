/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "vswitchd/carrier/uring.h"

struct pair {
	struct uring *u;
	int a, b;
};

static void pair_open(struct pair *p)
{
	struct err err = {0};
	int fd[2];

	p->u = uring_open(&err);
	if (!p->u) {
		print_message("not here: %s\n", err.text);
		skip();
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd), 0);
	p->a = fd[0];
	p->b = fd[1];
}

static void pair_close(struct pair *p)
{
	close(p->a);
	close(p->b);
	uring_close(p->u);
}

/* A burst leaves and arrives in order, over and over; what is not there is said at once. */
static void test_order(void **state)
{
	enum { N = 8 };
	char out[N], in[URING_MAX];
	ssize_t res[URING_MAX];
	struct pair p;

	(void)state;
	pair_open(&p);
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < N; i++) {
			out[i] = (char)(round + i);
			uring_write(p.u, p.a, &out[i], 1);
		}
		uring_run(p.u, res);
		for (int i = 0; i < N; i++)
			assert_int_equal(res[i], 1);
		for (int i = 0; i < URING_MAX; i++)
			uring_read(p.u, p.b, &in[i], 1);
		uring_run(p.u, res);
		for (int i = 0; i < URING_MAX; i++)
			assert_int_equal(res[i], i < N ? 1 : -EAGAIN);
		assert_memory_equal(in, out, N);
	}
	pair_close(&p);
}

/* A queue that is full and a descriptor that is closed cost what they cost, not the ring. */
static void test_errors(void **state)
{
	char byte = 'x', in;
	ssize_t res[URING_MAX];
	struct pair p;
	unsigned int sent = 0;

	(void)state;
	pair_open(&p);
	do {
		for (int i = 0; i < URING_MAX; i++)
			uring_write(p.u, p.a, &byte, 1);
		uring_run(p.u, res);
		for (int i = 0; i < URING_MAX; i++)
			sent += res[i] == 1;
	} while (res[URING_MAX - 1] == 1 && sent < 100000);
	assert_int_equal(res[URING_MAX - 1], -EAGAIN);
	assert_true(sent > 0);
	close(p.a);
	uring_write(p.u, p.a, &byte, 1);
	uring_read(p.u, p.b, &in, 1);
	uring_run(p.u, res);
	assert_int_equal(res[0], -EBADF);
	assert_int_equal(res[1], 1);
	p.a = -1;
	pair_close(&p);
}

static void test_suits(void **state)
{
	char in = 0;
	ssize_t res;
	struct pair p;

	(void)state;
	pair_open(&p);
	assert_true(uring_suits(p.u, p.b));
	assert_false(uring_suits(p.u, -1));
	assert_false(uring_suits(NULL, p.b));
	uring_write(p.u, p.a, "x", 1);
	uring_run(p.u, &res);
	uring_read(p.u, p.b, &in, 1);
	uring_run(p.u, &res);
	assert_int_equal(in, 'x');
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_suits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
