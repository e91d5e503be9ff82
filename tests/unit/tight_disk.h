/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tight_disk.h - a disk that refuses what tests write to it.
 */
#ifndef TESTS_UNIT_TIGHT_DISK_H
#define TESTS_UNIT_TIGHT_DISK_H

#include <stdbool.h>

/* No file of this process can grow past its first page; or it can again. */
void tighten(bool on);

#endif
