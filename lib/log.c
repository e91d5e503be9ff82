/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation. A line is built on the stack and leaves by one write(2), so that lines of
 * different threads do not mix. A window of one second counts lines; those over the limit are
 * only counted, and the first line of a later window is preceded by one that tells how many.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"

enum { LOG_LINES_PER_S = 100, LOG_LINE_MAX = 2048 };

static enum log_level max_level = LOG_LEVEL_INFO;

static struct {
	pthread_mutex_t lock;
	msec window; /* start of the second that is counted */
	unsigned int lines, lost;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER};

void log_level_set(enum log_level level)
{
	max_level = level;
}

/* sd-daemon(3): "<3>" is an error, "<4>" a warning, "<6>" information, "<7>" debugging. */
static const char *level_prefix(enum log_level level)
{
	static const char *const prefix[] = {"<3>", "<4>", "<6>", "<7>"};

	return getenv("JOURNAL_STREAM") ? prefix[level] : "";
}

/* May one more line leave? @lost: lines that did not since the last that did. */
static bool gate_pass(unsigned int *lost)
{
	msec now = clock_now_ms();
	bool pass;

	*lost = 0;
	pthread_mutex_lock(&gate.lock);
	if (now - gate.window >= 1000) {
		gate.window = now;
		gate.lines = 0;
		*lost = gate.lost;
		gate.lost = 0;
	}
	pass = gate.lines < LOG_LINES_PER_S;
	if (pass)
		gate.lines++;
	else
		gate.lost++;
	pthread_mutex_unlock(&gate.lock);
	return pass;
}

static void line_write(enum log_level level, const char *text)
{
	char line[LOG_LINE_MAX + 8];
	int n = snprintf(line, sizeof(line), "%s%s\n", level_prefix(level), text);

	/* Nobody is left to tell when stderr is gone. */
	if (n > 0 && write(STDERR_FILENO, line, MIN((size_t)n, sizeof(line) - 1)) < 0)
		return;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	unsigned int lost;
	va_list ap;

	if (level > max_level || !gate_pass(&lost))
		return;
	if (lost) {
		snprintf(text, sizeof(text), "%u log lines left out: more than %d a second", lost,
			 LOG_LINES_PER_S);
		line_write(LOG_LEVEL_WARN, text);
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	line_write(level, text);
}
