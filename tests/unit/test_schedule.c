/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claiming a lab while its schedule is carried out, and what the schedule has off. */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "lab/schedule.h"
#include "lab/up_parts.h"
#include "lib/err.h"
#include "tests/unit/unit.h"

/* What lab/schedule.c calls beside the daemon is not asked for here. */
const char *const lab_do_words[] = {"off", "on", "pause", "resume"};

int up_call(struct lab_run *r, const char *method, json_t *params, struct err *err)
{
	(void)r;
	(void)method;
	json_decref(params);
	return err_set(err, -ENOSYS, "not in this test");
}

void progress_line(struct progress *p, const char *fmt, ...)
{
	(void)p;
	(void)fmt;
}

/* ---- a daemon -------------------------------------------------------------------------------- */

/* What lab.get says one time after the other; lab.set works when the next one would say that the
 * lab is free, or with @last, when there is none left. */
struct moment {
	bool busy, step;
};
static const struct moment *moments;
static size_t n_moments, at;
static int last;
static unsigned int sets;

static json_t *refuse(json_t *params, int code, struct err *err)
{
	json_decref(params);
	err_set(err, code, "refused");
	return NULL;
}

json_t *__wrap_client_call(struct client *c, const char *method, json_t *params, struct err *err);
json_t *__wrap_client_call(struct client *c, const char *method, json_t *params, struct err *err)
{
	const struct moment *m;

	(void)c;
	if (!strcmp(method, "lab.set")) {
		sets++;
		if (at < n_moments)
			return refuse(params, -EBUSY, err);
		return last ? refuse(params, last, err) : params;
	}
	assert_string_equal(method, "lab.get");
	json_decref(params);
	assert_true(at < n_moments);
	m = &moments[at++];
	return json_pack("{s:b, s:{s:b}}", "busy", m->busy, "schedule", "running", m->step);
}

static int claim(const struct moment *m, size_t n, int then)
{
	struct err err;

	moments = m;
	n_moments = n;
	at = sets = 0;
	last = then;
	return schedule_claim(NULL, json_pack("{s:s, s:s}", "name", "l", "state", "changing"),
			      &err);
}

static void claims(void **state)
{
	static const struct moment step[] = {{true, true}, {true, true}},
				   ended[] = {{false, false}},
				   late[] = {{true, true}, {true, false}};

	(void)state;
	assert_int_equal(claim(NULL, 0, 0), 0);
	assert_int_equal(sets, 1);
	/* A step is waited for. */
	assert_int_equal(claim(step, 2, 0), 0);
	assert_int_equal(sets, 3);
	/* It has ended between our two questions. */
	assert_int_equal(claim(ended, 1, 0), 0);
	assert_int_equal(sets, 2);
	/* Its command has ended, its connection has not yet. */
	assert_int_equal(claim(late, 2, 0), 0);
	assert_int_equal(sets, 3);
}

static void no_claims(void **state)
{
	static const struct moment other[] = {{true, false}},
				   after[] = {{true, true}, {true, false}, {true, false}};

	(void)state;
	/* Somebody else's. */
	assert_int_equal(claim(other, 1, 0), -EBUSY);
	assert_int_equal(sets, 1);
	assert_int_equal(claim(after, 3, 0), -EBUSY);
	assert_int_equal(sets, 3);
	/* Gone meanwhile. */
	assert_int_equal(claim(after, 1, -ENOENT), -ENOENT);
}

/* ---- off ------------------------------------------------------------------------------------- */

static bool off(int done, bool step, const char *node, const char *state)
{
	json_t *record =
		json_pack("{s:{s:i, s:b, s:[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}]}}", "schedule",
			  "done", done, "running", step, "steps", "do", "off", "node", "a", "do",
			  "pause", "node", "a", "do", "on", "node", "a");
	bool is = schedule_has_off(record, node, state);

	json_decref(record);
	return is;
}

static void offs(void **state)
{
	(void)state;
	assert_false(off(0, false, "a", "missing"));
	assert_true(off(1, false, "a", "missing"));
	assert_true(off(2, false, "a", "missing"));
	assert_false(off(3, false, "a", "missing"));
	assert_false(off(1, false, "b", "missing"));
	/* A step is being made. */
	assert_true(off(0, true, "a", "missing"));
	assert_false(off(0, true, "a", "up"));
	assert_true(off(2, true, "a", "missing"));
	/* Switched on by hand, and died. */
	assert_false(off(1, false, "a", "failed"));
	assert_false(off(1, false, "a", "stopped"));
	assert_false(schedule_has_off(NULL, "a", "missing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claims),
		cmocka_unit_test(no_claims),
		cmocka_unit_test(offs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
