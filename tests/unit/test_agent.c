/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest agent: its parser, and the agent itself at the end of a socket pair. */
#include "vmm/image/agent.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the parser ---- */

static char seen[4096];

static void note(void *arg, const struct agent_request *req)
{
	size_t n = strlen(seen);

	(void)arg;
	if (req->kind == AGENT_RUN)
		snprintf(seen + n, sizeof(seen) - n, "run %u %u [%s];", req->id, req->timeout_ms,
			 req->command);
	else if (req->kind == AGENT_INPUT)
		snprintf(seen + n, sizeof(seen) - n, "%.*s", (int)req->len, req->data);
	else if (req->kind == AGENT_RESIZE)
		snprintf(seen + n, sizeof(seen) - n, "window %u %u;", req->rows, req->cols);
	else
		snprintf(seen + n, sizeof(seen) - n, "%s %u;",
			 req->kind == AGENT_PING ? "ping" : "too long", req->id);
}

static struct agent_parser *new_parser(void)
{
	struct agent_parser *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->cb = note;
	seen[0] = '\0';
	return p;
}

static void parses_however_it_is_cut(void **state)
{
	static const char text[] =
		"\nP 7\nX 1 500 5\nls -l\n\nW 24 80\nI 4294967295 6\nX 1 2\nX 4294967295 0 3\na\nbP 8\r\n";
	size_t len = sizeof(text) - 1;

	(void)state;
	for (size_t chunk = 1; chunk <= len; chunk++) {
		struct agent_parser *p = new_parser();

		for (size_t i = 0; i < len; i += chunk)
			agent_parser_feed(p, text + i, chunk < len - i ? chunk : len - i);
		assert_string_equal(seen, "ping 7;run 1 500 [ls -l];window 24 80;X 1 2\n"
					  "run 4294967295 0 [a\nb];ping 8;");
		free(p);
	}
}

static void noise_is_ignored(void **state)
{
	static const char *const noise[] = {
		"hello\n",
		"X\n",
		"X 1\n",
		"X 1 2\n",
		"X 1 2 3 4\n",
		"W 24\n",
		"W 24 65536\n",
		"W 65536 80\n",
		"W 24 80 1\n",
		"X -1 2 3\n",
		"X a b c\n",
		"X  1 2 3\n",
		"P\n",
		"P x\n",
		"P 1 2\n",
		"P 4294967296\n",
		"X 1 99999999999 1\n",
		"X 1 1 99999999999\n",
		"\n\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++) {
		struct agent_parser *p = new_parser();

		agent_parser_feed(p, noise[i], strlen(noise[i]));
		agent_parser_feed(p, "P 5\n", 4);
		assert_string_equal(seen, "ping 5;");
		free(p);
	}
}

static void bounds(void **state)
{
	struct agent_parser *p = new_parser();
	char line[200];

	(void)state;
	memset(line, '1', sizeof(line));
	memcpy(line, "P ", 2);
	agent_parser_feed(p, line, sizeof(line));
	agent_parser_feed(p, "\nX 1 0 65537\n", 13);
	assert_true(agent_parser_midway(p));
	for (int i = 0; i < 65537; i++)
		agent_parser_feed(p, "\n", 1);
	assert_false(agent_parser_midway(p));
	agent_parser_feed(p, "X 2 0 0\nX 3 0 10\nab", 19);
	agent_parser_reset(p);
	agent_parser_feed(p, "P 4\n", 4);
	assert_string_equal(seen, "too long 1;run 2 0 [];ping 4;");
	free(p);
}

/* ---- the agent ---- */

struct end {
	int fd;
	pid_t pid;
	char got[1 << 20];
	size_t len;
};

static int start(void **state)
{
	struct end *e = calloc(1, sizeof(*e));
	int sv[2];

	if (!e || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv)) {
		free(e);
		return -1;
	}
	e->pid = fork();
	if (!e->pid) {
		close(sv[0]);
		_exit(agent_run(sv[1], "/dev/null") ? 1 : 0);
	}
	close(sv[1]);
	e->fd = sv[0];
	*state = e;
	return 0;
}

/* The agent must end by itself, with success, when its line closes. */
static int stop(void **state)
{
	struct end *e = *state;
	int status;

	close(e->fd);
	waitpid(e->pid, &status, 0);
	free(e);
	return status;
}

static void say(struct end *e, const char *text)
{
	assert_int_equal(write(e->fd, text, strlen(text)), strlen(text));
}

static void run(struct end *e, unsigned int id, unsigned int timeout_ms, const char *command)
{
	char head[64];

	snprintf(head, sizeof(head), "X %u %u %zu\n", id, timeout_ms, strlen(command));
	say(e, head);
	say(e, command);
}

/* Read until @what has been seen; fails after half a minute of silence. */
static void expect(struct end *e, const char *what)
{
	struct pollfd p = {.fd = e->fd, .events = POLLIN};

	while (!memmem(e->got, e->len, what, strlen(what))) {
		ssize_t n;

		if (poll(&p, 1, 30000) != 1)
			fail_msg("no '%s' in '%s'", what, e->got);
		n = read(e->fd, e->got + e->len, sizeof(e->got) - 1 - e->len);
		assert_true(n > 0);
		e->len += (size_t)n;
	}
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void says_ready_and_answers(void **state)
{
	struct end *e = *state;

	expect(e, "R 2\n");
	say(e, "P 42\n");
	expect(e, "P 42\n");
}

static void output_and_status(void **state)
{
	struct end *e = *state;

	run(e, 1, 5000, "echo out; echo err >&2; exit 3");
	expect(e, "D 1 3\n");
	expect(e, "O 1 4\nout\n");
	expect(e, "E 1 4\nerr\n");
	run(e, 2, 0, "kill -9 $$");
	expect(e, "D 2 137\n");
	run(e, 3, 0, "exit 255");
	expect(e, "D 3 255\n");
}

static void input_goes_to_its_command(void **state)
{
	struct end *e = *state;

	say(e, "I 1 3\nhalI 1 4\nf an");
	run(e, 1, 0, "cat; cat");
	expect(e, "O 1 7\nhalf an");
	expect(e, "D 1 0\n");
	say(e, "I 2 5\nother");
	run(e, 3, 0, "cat; echo none");
	expect(e, "O 3 5\nnone\n");
	run(e, 2, 0, "cat; echo gone");
	expect(e, "O 2 5\ngone\n");
}

static void several_at_once(void **state)
{
	struct end *e = *state;
	char dir[] = "/tmp/agent-XXXXXX", one[128], two[128];

	/* Each waits for the one that is asked for after it: one by one they would never end. */
	assert_non_null(mkdtemp(dir));
	snprintf(one, sizeof(one), "until [ -e %s/two ]; do sleep 0.05; done; rm -r %s", dir, dir);
	snprintf(two, sizeof(two), "until [ -e %s/three ]; do sleep 0.05; done; : >%s/two", dir,
		 dir);
	run(e, 1, 0, one);
	run(e, 2, 0, two);
	snprintf(one, sizeof(one), ": >%s/three", dir);
	run(e, 3, 0, one);
	expect(e, "D 1 0\n");
	expect(e, "D 2 0\n");
	expect(e, "D 3 0\n");
}

static void time_limit_kills_the_group(void **state)
{
	struct end *e = *state;
	double t = seconds();

	run(e, 1, 300, "echo started; sleep 61.25 | cat");
	expect(e, "D 1 124\n");
	assert_true(seconds() - t < 61);
	run(e, 2, 0,
	    "while grep -alx sleep /proc/[0-9]*/comm | cut -d/ -f3 | while read p; do "
	    "tr '\\0' ' ' </proc/$p/cmdline; done | grep -q '61.25'; do sleep 0.05; done; "
	    "echo gone");
	expect(e, "gone\n");
}

static void background_does_not_hold(void **state)
{
	struct end *e = *state;
	double t = seconds();

	run(e, 1, 0, "sleep 20 & echo done");
	expect(e, "D 1 0\n");
	assert_true(seconds() - t < 18);
	expect(e, "O 1 5\ndone\n");
}

static void much_output_is_whole(void **state)
{
	struct end *e = *state;
	size_t bytes = 0;
	char *p;

	run(e, 1, 20000, "head -c 500000 /dev/zero | tr '\\0' x; echo; echo end >&2");
	usleep(300 * 1000); /* a slow reader: the agent must wait, not drop */
	expect(e, "D 1 0\n");
	e->got[e->len] = '\0';
	for (p = e->got; *p; p++)
		bytes += *p == 'x';
	assert_int_equal(bytes, 500000);
}

static void too_many_are_refused(void **state)
{
	struct end *e = *state;

	for (unsigned int i = 1; i <= AGENT_JOBS + 1; i++)
		run(e, i, 600, "sleep 30");
	expect(e, "D 17 126\n");
	expect(e, "D 16 124\n");
	expect(e, "D 1 124\n");
	run(e, 18, 0, "echo again");
	expect(e, "D 18 0\n");
}

static void an_id_again_replaces(void **state)
{
	struct end *e = *state;

	run(e, 1, 0, "echo first; sleep 30");
	expect(e, "first\n");
	run(e, 1, 0, "echo second");
	expect(e, "second\n");
	expect(e, "D 1 0\n");
}

static void half_a_command_is_given_up(void **state)
{
	struct end *e = *state;

	say(e, "X 1 0 100\necho lost");
	sleep(6);
	say(e, "P 2\n");
	expect(e, "P 2\n");
	e->got[e->len] = '\0';
	assert_null(strstr(e->got, "D 1"));
}

#define agent_test(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_however_it_is_cut),
		cmocka_unit_test(noise_is_ignored),
		cmocka_unit_test(bounds),
		agent_test(says_ready_and_answers),
		agent_test(output_and_status),
		agent_test(input_goes_to_its_command),
		agent_test(several_at_once),
		agent_test(time_limit_kills_the_group),
		agent_test(background_does_not_hold),
		agent_test(much_output_is_whole),
		agent_test(too_many_are_refused),
		agent_test(an_id_again_replaces),
		agent_test(half_a_command_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
