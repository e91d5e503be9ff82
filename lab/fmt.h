/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fmt.h - a topology file, neatly.
 */
#ifndef LAB_FMT_H
#define LAB_FMT_H

#include "lab/yaml.h"
#include "lib/err.h"

/* The same file with two spaces for each depth, one space where one belongs, no more than one empty
 * line; comments stay where they are. @text is NUL-terminated. The caller frees it. NULL with @err
 * when @text is no YAML, or when the result would not mean the same (then nothing is lost). */
char *lab_fmt(const char *text, size_t len, struct err *err);

#endif
