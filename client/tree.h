/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree.h - files from a tar that a stranger made, into a folder of ours.
 *
 * A guest says what is in the tar, so nothing in it is believed. Only regular files, folders and
 * harmless links come out, below one name in one folder: no name leads elsewhere, no link is
 * followed on the way (openat2), none is left that points out of the tree, nobody's file is written
 * through one, what stands in the way is replaced by a rename. Set-user-id bits, owners and
 * attributes are lost. How many, how deep and how much is bounded; so is a stream that never ends.
 */
#ifndef CLIENT_TREE_H
#define CLIENT_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

struct archive;

enum { TREE_ENTRIES_MAX = 100000, TREE_DEPTH_MAX = 64, TREE_NAME_MAX = 2048 };

struct tree_unpacked {
	uint64_t bytes;
	unsigned int files, folders, links;
	unsigned int
		left_out; /* devices, hard links, links that point out of the tree, bad names */
	char first_left_out[200];
};

/* Unpack what @a (open; borrowed) still holds. The first component of each name in it is replaced
 * by
 * @name, a single component, in the folder @dir_fd. At most @max bytes. 0, or a negative errno with
 * what came until then in place. */
int tree_unpack(struct archive *a, int dir_fd, const char *name, uint64_t max,
		struct tree_unpacked *out, struct err *err);

/* An archive reader that understands what tar makes, compressed by gzip or not; NULL when memory is
 * short. The caller frees it by archive_read_free(). */
struct archive *tree_reader(void);

/* ---- pure ---- */

/* @from, a name in a tar, as a path below @name, into @to. False when it is no name for us. */
bool tree_name(const char *from, const char *name, char *to, size_t size);
/* Would a link at @path (as tree_name() gives it) to @target stay below its first component? */
bool tree_link_inside(const char *path, const char *target);

#endif
