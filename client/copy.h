/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * copy.h - files and folders into nodes and out of them.
 *
 * Through commands that run in the node (vm.exec, ns.exec), a few side by side, so a guest needs no
 * network and nothing more than a shell, tar, dd and base64; with no more rights than they have.
 * What goes in is the input of such a command. What comes out is a stranger's: see tree.h.
 *
 * A file of the node's that is not finished yet has a name of its own, and the daemon is told how
 * to remove it should we be killed.
 */
#ifndef CLIENT_COPY_H
#define CLIENT_COPY_H

#include <limits.h>

#include "client/client.h"
#include "client/tree.h"

struct copy {
	struct client *client;
	const char *node;  /* the daemon's name of it */
	const char *shown; /* what people call it */
	bool vm;	   /* a guest; else a namespace */
	uint64_t max;	   /* bytes that may come out */
	/* How far it is; optional. A total of 0 is not known. */
	void (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
	struct tree_unpacked result; /* what was copied */
};

/* Both: 0 and c->result, or a negative errno with @err and what was copied till then in place.
 *
 * Copy the file or folder @from here to @to in the node: into it where it is a folder and not
 * @exact, else it gets that name, and the folders that lead there are made. Modes are kept, links
 * are copied as such (but @from itself is followed), devices and sockets left out. */
int copy_in(struct copy *c, const char *from, const char *to, bool exact, struct err *err);
/* Copy @from in the node to @to here, in the same manner. */
int copy_out(struct copy *c, const char *from, const char *to, struct err *err);

/* ---- copy_exec.c: for these two ---- */

enum {
	COPY_AHEAD = 4,
	COPY_TIMEOUT_S = 120,
	COPY_INPUT_MAX =
		512 << 10, /* base64 of it, with a command, is less than the daemon's 1 MiB */
};

/* Commands under way. */
struct copy_window {
	json_int_t ids[COPY_AHEAD];
	unsigned int n;
};

/* Run a command (taken) in the node and wait for it. Its result, or NULL: it could not be run, or
 * ended with another status than 0, which @err tells in its own words. */
json_t *copy_exec(struct copy *c, char *command, struct err *err);
/* What goes with a command: its input, and what is to undo it when our connection ends (NULL: as it
 * was before; "": nothing is to be undone any more). */
struct copy_extra {
	const void *input; /* NULL: none */
	size_t len;
	const char *undo;
};
/* The same with all this. */
json_t *copy_exec_with(struct copy *c, char *command, const struct copy_extra *extra,
		       struct err *err);
/* Nothing is to be undone any more: a word with the daemon alone, which costs the node nothing. */
void copy_keep(struct copy *c);
/* How to remove @path (quoted) when we are gone: late enough for a command that makes it just now.
 * The caller frees it; NULL when memory is short. */
char *copy_undo(const char *path);
/* Start one (taken) without waiting, where fewer than COPY_AHEAD are under way. Several run at
 * once: they must not depend on one another. 0, or a negative errno. */
int copy_start(struct copy *c, struct copy_window *w, char *command, struct err *err);
/* Wait for the oldest: its result as copy_exec() gives it. */
json_t *copy_oldest(struct copy *c, struct copy_window *w, struct err *err);
/* Wait for those that are left after an error, whose results nobody wants. */
void copy_drop(struct copy *c, struct copy_window *w);
/* What a copy of @from to @to is called: @to's own name, or @from's when it goes @into it. */
int copy_name(const char *from, const char *to, bool into, char name[NAME_MAX + 1],
	      struct err *err);
void copy_tell(const struct copy *c, uint64_t done, uint64_t total);

#endif
