/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * image.h - guest images: the folder with the kernels and root file systems that `make image`
 * built.
 *
 * A name is a root file system NAME.erofs in that folder, which every hypervisor shows its guest as
 * a disk that can't be written, and beside it NAME.json, which says what is in it. "default" is
 * what a guest gets if nothing is said.
 */
#ifndef VSWITCHD_IMAGE_H
#define VSWITCHD_IMAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"

struct daemon;

/* The folder; true when there is a kernel in it. */
bool image_dir(const struct daemon *d, char *dir, size_t size);
/* The root file system that @want (a name, or an absolute path) stands for, into @out[PATH_MAX].
 * With NULL the default's, or "" where the folder has none. -ENOENT and -EINVAL with @err. */
int image_find(const struct daemon *d, const char *want, char *out, struct err *err);
/* All of the folder, as image.list gives them. New reference. */
json_t *image_list(const struct daemon *d);

#endif
