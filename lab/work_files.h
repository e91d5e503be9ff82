/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * work_files.h - the files of one node in saved work: a gzipped tar from a stranger, read strictly.
 */
#ifndef LAB_WORK_FILES_H
#define LAB_WORK_FILES_H

#include "lib/err.h"
#include "lib/types.h"

enum { WORK_SIZE_MAX = 16 << 20, WORK_FILES_MAX = 2000, WORK_NAME_MAX = 399 };

/* One file: @name is below one of the four folders, relative, without "..", without control
 * characters. All borrowed. */
typedef int work_file_fn(void *ctx, const char *name, const char *data, size_t size,
			 bool executable, struct err *err);

/* Call @fn for each file of the tar in @tgz, until one call fails. Folders and hard links are left
 * out; anything else that `lab save` would not have packed (symbolic links, devices, other places,
 * too much of it) is -EINVAL or -EFBIG, with @err saying what; files before it were handed on. */
int work_files(const void *tgz, size_t len, work_file_fn *fn, void *ctx, struct err *err);

#endif
