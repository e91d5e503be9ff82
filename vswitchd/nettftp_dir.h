/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nettftp_dir.h - a directory that is given out: its regular files, and nothing beyond it.
 */
#ifndef VSWITCHD_NETTFTP_DIR_H
#define VSWITCHD_NETTFTP_DIR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A descriptor for the directory @path, or a negative errno. The caller closes it. */
int tftp_dir_open(const char *path);
/* A descriptor for the regular file @name below @dir; sets *@size. -EXDEV, -ELOOP: it leads out. */
int tftp_file_open(int dir, const char *name, uint64_t *size);
/* As pread(2); negative errno. */
ssize_t tftp_file_read(int file, uint64_t off, void *buf, size_t len);
void tftp_file_close(int file);

#endif
