/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relay.c - raw relay between a terminal and a stream.
 *
 * Theory of operation. stdin's settings are saved, raw mode set (every key goes to the guest,
 * Ctrl-C too), and poll() moves bytes both ways, each through a small buffer that is written out
 * before more is read, so neither side can fill our memory. Signals that end a process are caught
 * and only end the loop; the one place that restores the terminal is after the loop. A stopped or
 * slow guest therefore can't wedge us: the key Ctrl-] is looked for in what was typed before it is
 * sent.
 *
 * The window's size goes along at the beginning and whenever it changes (SIGWINCH); with several
 * people at one console the last one to change it wins, and who only watches has no say.
 *
 * When stdin is not a terminal (a script), its end is passed on by a half-close and output is read
 * until the far end closes.
 */
#include "vnetctl/relay.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum { ESCAPE_KEY = 0x1d /* Ctrl-] */, BUF_SIZE = 4096 };

static const char end_of_file = 4; /* Ctrl-D */

static volatile sig_atomic_t ended, resized;

static void signal_cb(int sig)
{
	if (sig == SIGWINCH)
		resized = 1;
	else
		ended = 1;
}

static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH};

static void catch_signals(struct sigaction old[])
{
	struct sigaction sa = {.sa_handler = signal_cb};

	ended = resized = 0;
	for (size_t i = 0; i < ARRAY_SIZE(end_signals); i++)
		sigaction(end_signals[i], &sa, &old[i]);
}

static void release_signals(const struct sigaction old[])
{
	for (size_t i = 0; i < ARRAY_SIZE(end_signals); i++)
		sigaction(end_signals[i], &old[i], NULL);
}

/* False when the far end is gone or a signal came. A full socket is waited for: a guest that does
 * not read its console must not cost us the escape key for ever, so a second at most. */
static bool write_all(int fd, const char *data, size_t len)
{
	while (len && !ended) {
		struct pollfd pfd = {.fd = fd, .events = POLLOUT};
		ssize_t n;

		if (poll(&pfd, 1, 1000) == 0)
			return true;
		n = write(fd, data, len);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* Typed bytes to the guest. False: leave. */
static bool from_keyboard(int fd, const struct relay *how, bool tty, bool *open)
{
	char buf[BUF_SIZE];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));
	const char *escape;

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n == 0) {
		*open = false;
		if (shutdown(fd, SHUT_WR) < 0 && errno == ENOTSOCK)
			(void)!write(fd, &end_of_file, 1); /* a namespace's terminal */
		return !tty;
	}
	escape = tty ? memchr(buf, ESCAPE_KEY, (size_t)n) : NULL;
	if (escape)
		n = escape - buf;
	return (how->watch || write_all(fd, buf, (size_t)n)) && !escape;
}

static bool from_guest(int fd)
{
	char buf[BUF_SIZE];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	return n && write_all(STDOUT_FILENO, buf, (size_t)n);
}

static void tell_window(const struct relay *how)
{
	struct winsize size;

	resized = 0;
	if (how->window && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		how->window(how->ctx, size.ws_row, size.ws_col);
}

static void relay_loop(int fd, const struct relay *how, bool tty)
{
	bool open = true, on = true;

	if (tty && !how->watch)
		tell_window(how);
	while (on && !ended) {
		struct pollfd pfd[] = {{.fd = fd, .events = POLLIN},
				       {.fd = open ? STDIN_FILENO : -1, .events = POLLIN}};

		if (resized && tty && !how->watch)
			tell_window(how);
		if (poll(pfd, 2, -1) < 0)
			continue;
		if (pfd[0].revents)
			on = from_guest(fd);
		if (on && pfd[1].revents)
			on = from_keyboard(fd, how, tty, &open);
	}
}

static void greet(const struct relay *how)
{
	fprintf(stderr, "console of %s", how->name);
	if (how->watch)
		fprintf(stderr, ", only to watch");
	if (how->others)
		fprintf(stderr, ", with %u other%s on it", how->others, how->others > 1 ? "s" : "");
	fprintf(stderr, "; Ctrl-] leaves it\r\n");
}

int relay_console(int fd, const struct relay *how, struct err *err)
{
	struct sigaction old[ARRAY_SIZE(end_signals)];
	struct termios saved, raw;
	bool tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);

	if (tty && tcgetattr(STDIN_FILENO, &saved) < 0) {
		close(fd);
		return err_sys(err, -errno, "can't read the terminal's settings");
	}
	catch_signals(old);
	if (tty) {
		raw = saved;
		cfmakeraw(&raw);
		tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
		greet(how); /* what is typed from now on is not for this terminal to echo */
	}
	relay_loop(fd, how, tty);
	if (tty) {
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
		/* The guest may have left colours, a hidden cursor or the alternate screen. */
		fputs("\033[0m\033[?25h\033[?1049l\nconsole left\n", stderr);
	}
	release_signals(old);
	close(fd);
	return 0;
}
