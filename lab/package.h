/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * package.h - a lab, or a student's work on one, as one file: a tar, compressed with zstd, whose
 * first member is a manifest with the SHA-256 of all others.
 *
 * What a package holds comes from students: names are relative and without "..", sizes are bounded,
 * a member that is not in the manifest or has another digest is an error.
 */
#ifndef LAB_PACKAGE_H
#define LAB_PACKAGE_H

#include <jansson.h>

#include "lib/err.h"

enum { PACKAGE_MEMBERS_MAX = 1000, PACKAGE_SIZE_MAX = 64 << 20 };

struct package {
	/* {format: 1, kind: "lab"|"work", lab, seed, student, images: {PATH: SHA-256}, files:
	 * {NAME: SHA-256}} */
	json_t *manifest;
	size_t n, size;
	struct {
		char *name, *data; /* NUL-terminated too */
		size_t len;
	} members[PACKAGE_MEMBERS_MAX];
};

/* A new one; the caller owns it. NULL when memory is short. */
struct package *package_create(const char *kind, const char *lab);
/* NULL is accepted. */
void package_destroy(struct package *p);
/* Copies @name and @data. 0, or a negative errno with @err. */
int package_add(struct package *p, const char *name, const void *data, size_t len, struct err *err);
/* The content of a member; NULL when there is none. Borrowed. */
const char *package_get(const struct package *p, const char *name, size_t *len);

/* Whole, or not at all. The same content gives the same bytes. */
int package_write(struct package *p, const char *path, struct err *err);
/* NULL with @err when it is no package of ours, or a damaged one. package_parse() reads one that is
 * in memory. */
struct package *package_read(const char *path, struct err *err);
struct package *package_parse(const void *data, size_t len, struct err *err);

#endif
