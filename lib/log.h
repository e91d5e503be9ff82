/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h - one line to stderr per event that an operator must know of.
 *
 * Lines carry "<N>" level prefixes when stderr is the journal (JOURNAL_STREAM is set). At most
 * 100 lines a second leave; what is over is counted and said in one line. Bytes from outside
 * (names from guests, option strings) are escaped by the caller with str_escape().
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include "lib/types.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above @level are discarded. Default: LOG_LEVEL_INFO. */
void log_level_set(enum log_level level);

void log_write(enum log_level level, const char *fmt, ...) CHECK_PRINTF(2, 3);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
