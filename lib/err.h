/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * err.h - the error object of the control plane.
 *
 * A function that can fail for a reason worth telling takes a `struct err *` last, returns 0 or
 * a negative errno, and fills the object on failure. Callers add context with err_wrap() and pass
 * it up; only edges (main files, the control socket, vnetctl) print it. The text is one line:
 * what failed, why, and what to do. The packet path never uses it: there a fault of a guest or
 * peer is a drop reason (drop.h).
 *
 * A NULL object is accepted everywhere: the caller then only wants the code.
 */
#ifndef LIB_ERR_H
#define LIB_ERR_H

#include "lib/types.h"

enum { ERR_TEXT_MAX = 1024 };

struct err {
	int code;		 /* negative errno; 0 when nothing failed */
	char text[ERR_TEXT_MAX]; /* one line, no newline, cut when longer */
};

/* Fill @e with @code (negative errno) and a formatted text. Returns @code, so that
 * `return err_set(e, -EINVAL, "...")` reads as one step. */
int err_set(struct err *e, int code, const char *fmt, ...) CHECK_PRINTF(3, 4);

/* As err_set(), with ": " and strerror(-code) appended. */
int err_sys(struct err *e, int code, const char *fmt, ...) CHECK_PRINTF(3, 4);

/* Put "what: " before the text that is there; keeps and returns the code. */
int err_wrap(struct err *e, const char *fmt, ...) CHECK_PRINTF(2, 3);

#if defined(__clang_analyzer__) && !defined(ERR_C)
/* An analyser sees one file at a time, so it takes a failure for a success where it can't see that
 * the code is given back and negative. Here is the contract in words that it knows. */
static inline int err_negative(int code)
{
	if (code >= 0)
		__builtin_unreachable();
	return code;
}
#define err_set(e, code, ...) (err_set(e, code, __VA_ARGS__), err_negative(code))
#define err_sys(e, code, ...) (err_sys(e, code, __VA_ARGS__), err_negative(code))
#endif

#endif
