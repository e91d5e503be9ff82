/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * landlock.c - a ruleset that handles every file access this kernel knows, and allows a few.
 */
#include "vmm/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/types.h"

enum {
	FILE_READ = LANDLOCK_ACCESS_FS_READ_FILE,
	FILE_ALL = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
		   LANDLOCK_ACCESS_FS_READ_FILE,
};

static uint64_t rights(enum landlock_use use, uint64_t handled, bool is_dir)
{
	uint64_t r = handled;

	if (use != LANDLOCK_OWN)
		r = FILE_READ | LANDLOCK_ACCESS_FS_READ_DIR;
	if (use == LANDLOCK_RUN)
		r |= LANDLOCK_ACCESS_FS_EXECUTE;
	return is_dir ? r : r & FILE_ALL;
}

static int allow(int ruleset, const struct landlock_path *p, uint64_t handled)
{
	int fd = p->path ? open(p->path, O_PATH | O_CLOEXEC) : p->fd, err = 0;
	struct landlock_path_beneath_attr rule = {.parent_fd = fd};
	struct stat st;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st)) {
		err = -errno;
	} else {
		rule.allowed_access = rights(p->use, handled, S_ISDIR(st.st_mode));
		/* EBADFD: a memfd, which no rule is needed for. */
		if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) &&
		    errno != EBADFD)
			err = -errno;
	}
	if (p->path)
		close(fd);
	return err;
}

int landlock_only(const struct landlock_path *allowed, size_t n)
{
	static const uint64_t by_abi[] = {0, 0x1fff, 0x3fff, 0x7fff};
	struct landlock_ruleset_attr attr = {0};
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	int fd, err = 0;

	if (abi < 1)
		return 0;
	attr.handled_access_fs = by_abi[MIN((size_t)abi, ARRAY_SIZE(by_abi) - 1)];
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < n && !err; i++)
		err = allow(fd, &allowed[i], attr.handled_access_fs);
	if (!err && syscall(SYS_landlock_restrict_self, fd, 0))
		err = -errno;
	close(fd);
	return err;
}
