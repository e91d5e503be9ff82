/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tar that a guest sends instead of what was asked for: nothing may leave the folder. */
#include "client/tree.h"

#include <archive.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

enum { MAX = 64 << 10 };

static char top[64];

static void remove_top(void)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/secret", top);
	unlink(path);
	rmdir(top);
}

/* The folder that is unpacked into, and beside it what a guest must not reach. */
static int open_folder(void)
{
	char path[96];
	int fd;

	if (!top[0]) {
		snprintf(top, sizeof(top), "/dev/shm/fuzz_tree.XXXXXX");
		if (!mkdtemp(top))
			abort();
		atexit(remove_top);
		snprintf(path, sizeof(path), "%s/secret", top);
		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0400));
	}
	snprintf(path, sizeof(path), "%s/in", top);
	mkdir(path, 0700);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(fd >= 0);
	return fd;
}

static uint64_t bytes;

static int remove_cb(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)type;
	MUST(S_ISREG(st->st_mode) || S_ISDIR(st->st_mode) || S_ISLNK(st->st_mode));
	MUST(!(st->st_mode & 06000));
	/* All of it is below one name, or half-written by us. */
	if (at->level == 1)
		MUST(!strcmp(path + at->base, "got") || strstr(path, ".part"));
	if (S_ISREG(st->st_mode))
		bytes += (uint64_t)st->st_size;
	return remove(path);
}

static void check_and_clean(void)
{
	char path[96];
	struct stat st;

	snprintf(path, sizeof(path), "%s/secret", top);
	MUST(!stat(path, &st) && st.st_size == 0 && st.st_nlink == 1 &&
	     (st.st_mode & 07777) == 0400);
	snprintf(path, sizeof(path), "%s/in", top);
	bytes = 0;
	nftw(path, remove_cb, 8, FTW_DEPTH | FTW_PHYS);
	MUST(bytes <= MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct archive *a = tree_reader();
	struct tree_unpacked out;
	int fd = open_folder();
	struct err err;

	if (a && archive_read_open_memory(a, data, size) == ARCHIVE_OK)
		tree_unpack(a, fd, "got", MAX, &out, &err);
	archive_read_free(a);
	close(fd);
	check_and_clean();
	return 0;
}
