/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tftp_get.c - how fast a TFTP server gives a file (RFC 1350, 2347, 2348, 7440).
 *
 *	tftp_get ADDRESS FILE BLKSIZE WINDOWSIZE SECONDS     "MB/S BLOCKS/S BLKSIZE WINDOWSIZE LOST"
 *
 * Gets the file over and over for so long. What the server took of the options is what is printed;
 * LOST is how many blocks did not come in order, each of which costs a window.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 69, RRQ = 1, DATA = 3, ACK, ERROR, OACK, HEAD = 4, PACKET_MAX = 65536 };

struct transfer {
	int fd;
	struct sockaddr_in server, peer; /* peer.sin_port 0: has not answered yet */
	unsigned int blksize, window;
	uint64_t expected, since; /* next block; blocks since the last ACK */
	uint64_t bytes, blocks, lost;
};

static void die(const char *what)
{
	fprintf(stderr, "tftp_get: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void send_ack(struct transfer *t, uint64_t block)
{
	uint8_t msg[HEAD] = {0, ACK, (uint8_t)(block >> 8), (uint8_t)block};

	if (sendto(t->fd, msg, sizeof(msg), 0, (void *)&t->peer, sizeof(t->peer)) < 0)
		die("send");
	t->since = 0;
}

static void send_request(struct transfer *t, const char *file)
{
	char msg[512];
	int len = snprintf(msg, sizeof(msg), "%c%c%s%coctet%c", 0, RRQ, file, 0, 0);

	if (t->blksize != 512)
		len += snprintf(msg + len, sizeof(msg) - (size_t)len, "blksize%c%u%c", 0,
				t->blksize, 0);
	if (t->window != 1)
		len += snprintf(msg + len, sizeof(msg) - (size_t)len, "windowsize%c%u%c", 0,
				t->window, 0);
	if (sendto(t->fd, msg, (size_t)len, 0, (void *)&t->server, sizeof(t->server)) < 0)
		die("send");
	t->blksize = 512; /* until an OACK says more */
	t->window = 1;
}

static void options(struct transfer *t, const char *at, const char *end)
{
	while (at < end) {
		const char *value = at + strlen(at) + 1;

		if (!strcasecmp(at, "blksize"))
			t->blksize = (unsigned int)strtoul(value, NULL, 10);
		if (!strcasecmp(at, "windowsize"))
			t->window = (unsigned int)strtoul(value, NULL, 10);
		at = value + strlen(value) + 1;
	}
	send_ack(t, 0);
}

/* True when that was the last block. */
static int block(struct transfer *t, uint16_t nr, size_t len)
{
	if (nr != (uint16_t)t->expected) {
		t->lost += !t->since || nr == (uint16_t)(t->expected + 1);
		send_ack(t, t->expected - 1);
		return 0;
	}
	t->bytes += len;
	t->blocks++;
	t->expected++;
	t->since++;
	if (t->since == t->window || len < t->blksize)
		send_ack(t, t->expected - 1);
	return len < t->blksize;
}

/* One file. */
static void get(struct transfer *t, const char *file)
{
	static char msg[PACKET_MAX + 1];
	int done = 0;

	t->fd = socket(AF_INET, SOCK_DGRAM, 0);
	t->peer.sin_port = 0;
	t->expected = 1;
	t->since = 0;
	setsockopt(t->fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){5, 0}, sizeof(struct timeval));
	setsockopt(t->fd, SOL_SOCKET, SO_RCVBUF, &(int){1 << 22}, sizeof(int));
	send_request(t, file);
	while (!done) {
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(t->fd, msg, PACKET_MAX, 0, (void *)&from, &from_len);

		if (n < HEAD)
			die("receive");
		if (!t->peer.sin_port)
			t->peer = from;
		msg[n] = 0;
		if (msg[1] == ERROR) {
			fprintf(stderr, "tftp_get: the server says: %s\n", msg + HEAD);
			exit(1);
		}
		if (msg[1] == OACK)
			options(t, msg + 2, msg + n);
		else if (msg[1] == DATA)
			done = block(t, (uint16_t)((uint8_t)msg[2] << 8 | (uint8_t)msg[3]),
				     (size_t)n - HEAD);
	}
	close(t->fd);
}

int main(int argc, char **argv)
{
	struct transfer t = {.server = {.sin_family = AF_INET, .sin_port = htons(PORT)}};
	double begun = now_s(), took, seconds;

	if (argc != 6 || inet_pton(AF_INET, argv[1], &t.server.sin_addr) != 1) {
		fprintf(stderr, "usage: tftp_get ADDRESS FILE BLKSIZE WINDOWSIZE SECONDS\n");
		return 2;
	}
	seconds = strtod(argv[5], NULL);
	do {
		t.blksize = (unsigned int)strtoul(argv[3], NULL, 10);
		t.window = (unsigned int)strtoul(argv[4], NULL, 10);
		get(&t, argv[2]);
		took = now_s() - begun;
	} while (took < seconds);
	printf("%.1f %.0f %u %u %llu\n", (double)t.bytes / took / 1e6, (double)t.blocks / took,
	       t.blksize, t.window, (unsigned long long)t.lost);
	return 0;
}
