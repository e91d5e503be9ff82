/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decode.c - tcpdump as a filter: a frame goes in, its line comes out, then the next.
 *
 * tcpdump prints lines that begin with white space below those of some protocols; they belong to
 * the frame before and are left out. When a line does not come in time (or tcpdump has died),
 * it is done without from then on.
 */
#include "vnetctl/decode.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vnetctl/packet_text.h"

enum { LINE_WAIT_MS = 2000, LINE_SIZE = 4096 };

struct decoder {
	pid_t pid; /* tcpdump; -1: none */
	int in, out;
	size_t have; /* bytes of buf that were read and not given yet */
	char buf[LINE_SIZE];
	char line[LINE_SIZE];
};

struct pcap_record {
	uint32_t s, us, caplen, len;
};

/* The child: in a process group of its own, as Ctrl-C is for us. */
static void run_tcpdump(int in, int out, int failed)
{
	char byte = 1;
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
	execlp("tcpdump", "tcpdump", "-t", "-n", "-l", "-e", "-r", "-", (char *)NULL);
	(void)!write(failed, &byte, 1);
	_exit(127);
}

/* Three pipes: to it, from it, and one that exec closes or that says that there is none. */
static void start_tcpdump(struct decoder *d)
{
	int fd[6] = {-1, -1, -1, -1, -1, -1};
	char byte;
	bool ok = pipe2(fd, O_CLOEXEC) == 0 && pipe2(fd + 2, O_CLOEXEC) == 0 &&
		  pipe2(fd + 4, O_CLOEXEC) == 0;

	d->pid = ok ? fork() : -1;
	if (d->pid == 0)
		run_tcpdump(fd[0], fd[3], fd[5]);
	close(fd[0]);
	close(fd[3]);
	close(fd[5]);
	d->in = fd[1];
	d->out = fd[2];
	if (d->pid > 0 && read(fd[4], &byte, 1) == 1) {
		waitpid(d->pid, NULL, 0);
		d->pid = -1;
	}
	close(fd[4]);
}

static void stop_tcpdump(struct decoder *d)
{
	close(d->in);
	close(d->out);
	d->in = d->out = -1;
	if (d->pid > 0) {
		kill(d->pid, SIGTERM);
		waitpid(d->pid, NULL, 0);
	}
	d->pid = -1;
}

static bool feed(struct decoder *d, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = write(d->in, at, len);

		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* One line to d->line. A line that is too long comes in pieces. */
static bool read_line(struct decoder *d)
{
	struct pollfd in = {.fd = d->out, .events = POLLIN};
	char *end;
	size_t len;

	while (!(end = memchr(d->buf, '\n', d->have)) && d->have < sizeof(d->buf) - 1) {
		ssize_t n = poll(&in, 1, LINE_WAIT_MS) == 1
				    ? read(d->out, d->buf + d->have, sizeof(d->buf) - 1 - d->have)
				    : 0;
		if (n <= 0)
			return false;
		d->have += (size_t)n;
	}
	len = end ? (size_t)(end - d->buf) : d->have;
	memcpy(d->line, d->buf, len);
	d->line[len] = '\0';
	len += end != NULL;
	d->have -= len;
	memmove(d->buf, d->buf + len, d->have);
	return true;
}

static bool by_tcpdump(struct decoder *d, const struct pcapng_packet *p)
{
	const struct pcap_record rec = {(uint32_t)(p->time_ns / 1000000000),
					(uint32_t)(p->time_ns % 1000000000 / 1000), p->caplen,
					p->len};

	if (!feed(d, &rec, sizeof(rec)) || !feed(d, p->data, p->caplen))
		return false;
	do {
		if (!read_line(d))
			return false;
	} while (d->line[0] == '\t' || d->line[0] == ' ' || !d->line[0]);
	return true;
}

struct decoder *decoder_create(void)
{
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, snaplen, linktype;
	} head = {0xa1b2c3d4, 2, 4, 0, 0, 262144, 1};
	struct decoder *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	start_tcpdump(d);
	if (d->pid < 0 || !feed(d, &head, sizeof(head)))
		stop_tcpdump(d);
	return d;
}

void decoder_destroy(struct decoder *d)
{
	if (!d)
		return;
	stop_tcpdump(d);
	free(d);
}

const char *decode(struct decoder *d, const struct pcapng_packet *p)
{
	FILE *out;

	if (d->pid > 0 && by_tcpdump(d, p))
		return d->line;
	if (d->pid > 0)
		stop_tcpdump(d);
	out = fmemopen(d->line, sizeof(d->line), "w");
	if (!out)
		return "";
	packet_print(out, p->data, p->caplen, p->len);
	fclose(out);
	return d->line;
}
