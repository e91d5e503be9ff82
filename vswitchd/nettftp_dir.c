/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/nettftp_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int tftp_dir_open(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* O_NONBLOCK: a FIFO must not hold us up before we see that it is one. */
int tftp_file_open(int dir, const char *name, uint64_t *size)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	int fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EACCES;
	}
	*size = (uint64_t)st.st_size;
	return fd;
}

ssize_t tftp_file_read(int file, uint64_t off, void *buf, size_t len)
{
	ssize_t n = pread(file, buf, len, (off_t)off);

	return n < 0 ? -errno : n;
}

void tftp_file_close(int file)
{
	close(file);
}
