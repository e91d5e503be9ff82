/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * connections.c - how many short TCP connections a second a path carries: connect, 64 bytes of
 * request, 64 of answer, close.
 *
 *	connections NS-A NS-B ADDRESS-B SECONDS AT-ONCE     "RATE FAILED"
 *
 * RATE is of those that were whole, FAILED how many ended before their answer. The client, in NS-A,
 * closes first, so that what has to wait out TIME_WAIT does so at its end; many server ports keep
 * it from running out of its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 9100, PORTS = 16, MESSAGE = 64, EVENTS = 64, AT_ONCE_MAX = 1024 };

static void die(const char *what)
{
	fprintf(stderr, "connections: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void enter(const char *ns)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		die(path);
	close(fd);
}

static void watch(int ep, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = {.events = events, .data.u64 = data};

	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) < 0)
		die("epoll_ctl");
}

/* ---- the server ------------------------------------------------------------------------------ */

static bool is_listener[65536]; /* by descriptor */

static void listen_all(int ep)
{
	for (int i = 0; i < PORTS; i++) {
		struct sockaddr_in sin = {.sin_family = AF_INET,
					  .sin_port = htons((uint16_t)(PORT + i))};
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0 || listen(fd, 1024) < 0)
			die("listen");
		is_listener[fd] = true;
		watch(ep, fd, EPOLLIN, (uint64_t)fd);
	}
}

static void serve_one(int ep, int fd)
{
	char data[MESSAGE] = "";

	if (is_listener[fd]) {
		int conn = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (conn >= 0)
			watch(ep, conn, EPOLLIN, (uint64_t)conn);
		return;
	}
	if (recv(fd, data, sizeof(data), 0) <= 0 || send(fd, data, MESSAGE, MSG_NOSIGNAL) < 0)
		close(fd);
}

static void *serve(void *arg)
{
	int ep = *(int *)arg;
	struct epoll_event ev[EVENTS];

	for (;;) {
		int n = epoll_wait(ep, ev, EVENTS, -1);

		for (int i = 0; i < n; i++)
			serve_one(ep, (int)ev[i].data.u64);
	}
	return NULL;
}

/* ---- the client ------------------------------------------------------------------------------ */

struct client {
	int ep, fds[AT_ONCE_MAX];
	bool asked[AT_ONCE_MAX];
	struct sockaddr_in to;
	unsigned long done, failed, begun;
};

static void begin(struct client *c, unsigned int slot)
{
	struct sockaddr_in to = c->to;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	to.sin_port = htons((uint16_t)(PORT + c->begun++ % PORTS));
	c->fds[slot] = fd;
	c->asked[slot] = false;
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
		die("connect");
	watch(c->ep, fd, EPOLLIN | EPOLLOUT | EPOLLET, slot);
}

static void again(struct client *c, unsigned int slot, bool whole)
{
	*(whole ? &c->done : &c->failed) += 1;
	close(c->fds[slot]);
	begin(c, slot);
}

static void go_on(struct client *c, unsigned int slot, uint32_t events)
{
	char data[MESSAGE] = "";
	int fd = c->fds[slot];

	if (events & (EPOLLERR | EPOLLHUP)) {
		again(c, slot, false);
	} else if (!c->asked[slot] && events & EPOLLOUT) {
		c->asked[slot] = send(fd, data, sizeof(data), MSG_NOSIGNAL) == sizeof(data);
		if (!c->asked[slot])
			again(c, slot, false);
	} else if (events & EPOLLIN) {
		again(c, slot, recv(fd, data, sizeof(data), 0) == sizeof(data));
	}
}

static void run(struct client *c, double seconds, unsigned int at_once)
{
	double start = now_s(), end = start + seconds;
	struct epoll_event ev[EVENTS];

	for (unsigned int i = 0; i < at_once; i++)
		begin(c, i);
	while (now_s() < end) {
		int n = epoll_wait(c->ep, ev, EVENTS, 10);

		for (int i = 0; i < n; i++)
			go_on(c, (unsigned int)ev[i].data.u64, ev[i].events);
	}
	printf("%.0f %lu\n", (double)c->done / (now_s() - start), c->failed);
}

int main(int argc, char **argv)
{
	static struct client c = {.to = {.sin_family = AF_INET}};
	unsigned int at_once = argc == 6 ? (unsigned int)atoi(argv[5]) : 0;
	pthread_t thread;
	int ep;

	if (!at_once || at_once > AT_ONCE_MAX || inet_pton(AF_INET, argv[3], &c.to.sin_addr) != 1) {
		fputs("usage: connections NS-A NS-B ADDRESS-B SECONDS AT-ONCE\n", stderr);
		return 2;
	}
	enter(argv[2]);
	ep = epoll_create1(EPOLL_CLOEXEC);
	listen_all(ep);
	pthread_create(&thread, NULL, serve, &ep);
	enter(argv[1]);
	c.ep = epoll_create1(EPOLL_CLOEXEC);
	run(&c, atof(argv[4]), at_once);
	return 0;
}
