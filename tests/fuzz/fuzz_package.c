/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_package - hand-ins: a package as it comes, and the files of a node in one.
 *
 * The first byte says which; bit 1: the rest is the content of a tar member of that name instead of
 * an archive. What is handed on keeps to the rules that it is read by.
 */
#include <stdio.h>
#include <string.h>

#include "lab/package.h"
#include "lab/work_files.h"
#include "tests/fuzz/fuzz.h"

enum { FILES = 1, WRAP = 2, BLOCK = 512, WRAPPED_MAX = 8192 };

static size_t sum, files;

static int take_file(void *ctx, const char *name, const char *data, size_t size, bool executable,
		     struct err *err)
{
	(void)ctx;
	(void)executable;
	(void)err;
	MUST(name[0] != '/' && !strstr(name, "/../") && strlen(name) <= WORK_NAME_MAX);
	MUST(!memchr(name, '\n', strlen(name)));
	sum += size;
	for (size_t i = 0; i < size; i += 4096)
		sum += data[i] == 0 && !data;
	MUST(++files <= WORK_FILES_MAX && sum <= WORK_SIZE_MAX);
	return 0;
}

/* A tar of one member (POSIX.1-1988, ustar): its type and name are input too. */
static size_t wrap(const uint8_t *data, size_t size, uint8_t out[WRAPPED_MAX])
{
	size_t name = size > 101 ? 100 : 0, body = MIN(size - name, (size_t)4096);
	unsigned int check = 8 * ' ';

	memset(out, 0, WRAPPED_MAX);
	memcpy(out, data, name);
	snprintf((char *)out + 100, 8, "%07o", 0644);
	snprintf((char *)out + 124, 12, "%011o", (unsigned int)body);
	out[156] = name ? data[0] & 7 ? '0' : data[99] : '0';
	memcpy(out + 257, "ustar\00000", 8);
	for (size_t i = 0; i < BLOCK; i++)
		check += i < 148 || i >= 156 ? out[i] : 0;
	snprintf((char *)out + 148, 8, "%06o", check);
	memcpy(out + BLOCK, data + name, body);
	return BLOCK + (body + BLOCK - 1) / BLOCK * BLOCK + 2 * BLOCK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t tar[WRAPPED_MAX];
	struct err err = {0};
	struct package *p;
	uint8_t what;

	if (size < 2)
		return 0;
	what = *data++;
	size--;
	if (what & WRAP) {
		size = wrap(data, size, tar);
		data = tar;
	}
	sum = files = 0;
	if (what & FILES) {
		MUST(work_files(data, size, take_file, NULL, &err) == 0 || err.text[0]);
		return 0;
	}
	p = package_parse(data, size, &err);
	MUST(p || err.text[0]);
	for (size_t i = 0; p && i < p->n; i++)
		MUST(p->members[i].name[0] != '/' && p->members[i].data[p->members[i].len] == 0);
	package_destroy(p);
	return 0;
}
