/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_flows.c - many UDP flows through a translator, from real sockets.
 *
 *	nat_flows serve PORT COUNT            answer on PORT... PORT+COUNT-1; a line on stdin makes
 *	                                      it say something to every source that it has seen
 *	nat_flows open ADDRESS PORT COUNT SOCKETS [SECONDS [FIRST N]]
 *	                                      a datagram from each of SOCKETS sockets to each of the
 *	                                      COUNT ports, for SECONDS (60) at most; prints flows,
 *	                                      answers, and how many a second; then waits for what
 *	                                      the server says and prints how many heard it.  The
 *	                                      sockets are of N addresses from FIRST.
 *
 * COUNT * SOCKETS flows: as many sessions, but only SOCKETS outside ports where mapping does not
 * depend on the peer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SOCKETS = 4096, BURST = 64, QUIET_MS = 1500 };

static int fds[MAX_SOCKETS];

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int udp_open(in_addr_t addr, unsigned int port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = addr};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), size = 4 << 20;

	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0) {
		perror("socket");
		exit(1);
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

static int watch_all(unsigned int n)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);

	for (unsigned int i = 0; i < n; i++) {
		struct epoll_event ev = {.events = EPOLLIN, .data.u32 = i};

		if (epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &ev) < 0) {
			perror("epoll_ctl");
			exit(1);
		}
	}
	return ep;
}

/* ---- serve ----------------------------------------------------------------------------------- */

struct seen {
	uint32_t fd;
	struct sockaddr_in from;
};

struct server {
	struct seen *seen;
	size_t n, room;
};

static void serve_one(struct server *s, uint32_t at)
{
	struct sockaddr_in from;
	char data[64];

	for (int i = 0; i < BURST; i++) {
		socklen_t len = sizeof(from);
		ssize_t got =
			recvfrom(fds[at], data, sizeof(data), 0, (struct sockaddr *)&from, &len);

		if (got < 0)
			return;
		if (s->n == s->room) {
			s->room = s->room ? 2 * s->room : 4096;
			s->seen = realloc(s->seen, s->room * sizeof(*s->seen));
			if (!s->seen)
				abort();
		}
		s->seen[s->n++] = (struct seen){at, from};
		sendto(fds[at], data, (size_t)got, 0, (struct sockaddr *)&from, sizeof(from));
	}
}

/* In small bursts, so that no queue on the way overflows. */
static void say_to_all(const struct server *s)
{
	for (size_t i = 0; i < s->n; i++) {
		sendto(fds[s->seen[i].fd], "probe", 5, 0, (const struct sockaddr *)&s->seen[i].from,
		       sizeof(s->seen[i].from));
		if (i % BURST == BURST - 1)
			usleep(2000);
	}
	printf("said to %zu\n", s->n);
	fflush(stdout);
}

static int serve(unsigned int port, unsigned int count)
{
	struct epoll_event ev[BURST], in = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
	struct server s = {0};
	int ep;

	for (unsigned int i = 0; i < count; i++)
		fds[i] = udp_open(INADDR_ANY, port + i);
	ep = watch_all(count);
	epoll_ctl(ep, EPOLL_CTL_ADD, STDIN_FILENO, &in);
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(ep, ev, BURST, -1);
		char line[64];

		for (int i = 0; i < n; i++) {
			if (ev[i].data.u32 != UINT32_MAX)
				serve_one(&s, ev[i].data.u32);
			else if (read(STDIN_FILENO, line, sizeof(line)) > 0)
				say_to_all(&s);
			else
				goto out;
		}
	}
out:
	free(s.seen);
	return 0;
}

/* ---- open ------------------------------------------------------------------------------------ */

static size_t drain(int ep, int wait_ms, double *last)
{
	struct epoll_event ev[BURST];
	int n = epoll_wait(ep, ev, BURST, wait_ms);
	size_t got = 0;
	char data[64];

	for (int i = 0; i < n; i++)
		while (recv(fds[ev[i].data.u32], data, sizeof(data), 0) > 0)
			got++;
	if (got)
		*last = now_s();
	return got;
}

/* What comes in until nothing has come for a while. */
static size_t drain_all(int ep, double *last)
{
	size_t got = 0;

	*last = now_s();
	while (now_s() - *last < QUIET_MS / 1e3)
		got += drain(ep, 100, last);
	return got;
}

/* Keep no more under way than the shortest queue (a tap's 1,000) holds; what is lost is not waited
 * for longer than a moment. */
static size_t window(int ep, size_t under_way, double *last)
{
	size_t got = 0, now;

	while (under_way - got > 400) {
		now = drain(ep, 20, last);
		if (!now)
			break;
		got += now;
	}
	return got;
}

struct plan {
	const char *address;
	unsigned int port, count, sockets, seconds;
	in_addr_t first; /* of our own addresses; INADDR_ANY: whichever the kernel takes */
	unsigned int n_own;
};

static int sockets_open(const struct plan *p)
{
	for (unsigned int i = 0; i < p->sockets; i++)
		fds[i] = udp_open(p->first ? htonl(ntohl(p->first) + i % p->n_own) : INADDR_ANY, 0);
	return watch_all(p->sockets);
}

static int open_flows(const struct plan *p)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(p->address)};
	size_t sent = 0, got = 0, heard = 0;
	int ep = sockets_open(p);
	double start = now_s(), end = start + p->seconds, last = start;
	char line[64];

	for (unsigned int c = 0; c < p->count; c++)
		for (unsigned int i = 0; i < p->sockets && now_s() < end; i++) {
			to.sin_port = htons((uint16_t)(p->port + c));
			sent += sendto(fds[i], "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1;
			got += window(ep, sent - got, &last);
		}
	got += drain_all(ep, &last);
	printf("flows %u sent %zu answered %zu per_s %.0f\n", p->count * p->sockets, sent, got,
	       (double)got / (last - start));
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 0;
	heard = drain_all(ep, &last);
	printf("heard %zu\n", heard);
	return 0;
}

static unsigned int number(int argc, char **argv, int at, unsigned int otherwise)
{
	return argc > at ? (unsigned int)atoi(argv[at]) : otherwise;
}

int main(int argc, char **argv)
{
	struct plan p = {.port = number(argc, argv, 3, 0),
			 .count = number(argc, argv, 4, 0),
			 .sockets = number(argc, argv, 5, 0),
			 .seconds = number(argc, argv, 6, 60),
			 .n_own = number(argc, argv, 8, 1)};

	if (argc == 4 && strcmp(argv[1], "serve") == 0 && p.port && atoi(argv[3]) <= MAX_SOCKETS)
		return serve((unsigned int)atoi(argv[2]), p.port);
	if (argc >= 6 && strcmp(argv[1], "open") == 0 && p.sockets <= MAX_SOCKETS && p.n_own) {
		p.address = argv[2];
		p.first = argc > 8 ? inet_addr(argv[7]) : INADDR_ANY;
		return open_flows(&p);
	}
	fprintf(stderr, "usage: nat_flows serve PORT COUNT | open ADDRESS PORT COUNT SOCKETS "
			"[SECONDS [FIRST N]]\n");
	return 2;
}
