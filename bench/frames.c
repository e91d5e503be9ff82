/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frames.c - what a switch between two namespaces carries, seen from its ends.
 *
 *	frames rate NS-A NS-B ADDRESS-B SECONDS     "LOSSLESS FLOOD", frames/s
 *	frames rtt  NS-A NS-B ADDRESS-B ROUNDS idle|hot     "P50 P99", microseconds
 *
 * rate: UDP datagrams that make frames of 64 bytes with their FCS, A to B, SECONDS a trial. FLOOD
 * is what arrives of as many as A can send. LOSSLESS is the highest rate of which less than 1 % is
 * lost, by bisection; a rate that loses may try once more, since other work on the machine loses
 * frames too.
 *
 * rtt: one datagram at a time, there and back. "hot": spinners of the lowest class keep the CPUs
 * from halting, so that the wake-up of a halted virtual CPU is not what is measured.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	BATCH = 32,
	PAYLOAD = 18, /* + UDP 8 + IP 20 + Ethernet 14 + FCS 4 = 64 */
	UDP_PORT = 9999,
	SOCK_BUF = 8 << 20,
	STEPS = 7,
	CPUS_MAX = 64,
	NS_PER_S = 1000000000,
};

static void die(const char *what)
{
	fprintf(stderr, "frames: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* ---- the ends -------------------------------------------------------------------------------- */

/* A UDP socket of namespace @ns; it stays there, whoever uses it. */
static int sock_in(const char *ns)
{
	char path[128];
	int nsfd, fd, size = SOCK_BUF;
	struct timeval patience = {.tv_usec = 50000};

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	nsfd = open(path, O_RDONLY | O_CLOEXEC);
	if (nsfd < 0 || setns(nsfd, CLONE_NEWNET) < 0)
		die(path);
	close(nsfd);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

struct ends {
	int a, b;
	atomic_bool stop;
	atomic_ulong received;
};

static void ends_open(struct ends *e, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(UDP_PORT)};

	e->a = sock_in(argv[2]);
	e->b = sock_in(argv[3]);
	if (inet_pton(AF_INET, argv[4], &to.sin_addr) != 1)
		die(argv[4]);
	if (bind(e->b, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("bind");
	if (connect(e->a, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("connect");
}

/* Buffers of one batch of datagrams. */
struct slots {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	char data[BATCH][64];
};

static void slots_init(struct slots *s, size_t len)
{
	memset(s, 0, sizeof(*s));
	for (int i = 0; i < BATCH; i++) {
		s->iov[i] = (struct iovec){s->data[i], len};
		s->msg[i].msg_hdr.msg_iov = &s->iov[i];
		s->msg[i].msg_hdr.msg_iovlen = 1;
	}
}

/* ---- rate ------------------------------------------------------------------------------------ */

static void *receiver(void *arg)
{
	struct ends *e = arg;
	struct slots s;

	slots_init(&s, sizeof(s.data[0]));
	while (!atomic_load(&e->stop)) {
		int n = recvmmsg(e->b, s.msg, BATCH, MSG_WAITFORONE, NULL);

		if (n > 0)
			atomic_fetch_add(&e->received, (unsigned long)n);
	}
	return NULL;
}

static void wait_until(int64_t when)
{
	struct timespec ts = {when / NS_PER_S, when % NS_PER_S};

	/* A sleep ends late by about as much. */
	if (when - now_ns() > 100000)
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
	while (now_ns() < when)
		;
}

struct trial {
	double sent, received; /* a second */
};

/* Send @rate frames/s (0: as many as go) for @seconds. */
static struct trial run_trial(struct ends *e, double rate, double seconds)
{
	int64_t start, next, end, gap;
	unsigned long sent = 0, before, after;
	struct slots s;
	int batch = BATCH;

	/* Bursts of 100 us at most. */
	if (rate > 0 && rate / 10000 < BATCH)
		batch = rate < 20000 ? 2 : (int)(rate / 10000);
	gap = rate > 0 ? (int64_t)(batch * (double)NS_PER_S / rate) : 0;
	slots_init(&s, PAYLOAD);
	before = atomic_load(&e->received);
	start = next = now_ns();
	end = start + (int64_t)(seconds * NS_PER_S);
	while (now_ns() < end) {
		int n = sendmmsg(e->a, s.msg, (unsigned int)batch, 0);

		sent += n > 0 ? (unsigned long)n : 0;
		next += gap;
		if (gap)
			wait_until(next);
	}
	seconds = (double)(now_ns() - start) / NS_PER_S;
	do { /* what is still on its way */
		after = atomic_load(&e->received);
		usleep(30000);
	} while (after != atomic_load(&e->received));
	return (struct trial){(double)sent / seconds, (double)(after - before) / seconds};
}

static bool lossless(struct ends *e, double rate, double seconds, double *got)
{
	for (int tries = 0; tries < 2; tries++) {
		struct trial t = run_trial(e, rate, seconds);

		*got = t.received;
		if (t.received >= 0.99 * t.sent)
			return true;
	}
	return false;
}

static void rate(struct ends *e, double seconds)
{
	struct trial flood;
	double low = 0, high, at, got;
	pthread_t thread;

	pthread_create(&thread, NULL, receiver, e);
	run_trial(e, 1000, 0.1); /* neighbours and tables */
	flood = run_trial(e, 0, seconds);
	high = flood.sent;
	if (flood.received >= 0.99 * flood.sent)
		low = flood.received;
	at = flood.received;
	for (int i = 0; i < STEPS && high - low > 0.02 * high; i++) {
		if (lossless(e, at, seconds, &got))
			low = got > low ? got : low;
		else
			high = at;
		at = (low + high) / 2;
	}
	atomic_store(&e->stop, true);
	pthread_join(thread, NULL);
	printf("%.0f %.0f\n", low, flood.received);
}

/* ---- round trips ----------------------------------------------------------------------------- */

static void *echo(void *arg)
{
	struct ends *e = arg;

	while (!atomic_load(&e->stop)) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		char data[64];
		ssize_t n = recvfrom(e->b, data, sizeof(data), 0, (struct sockaddr *)&from, &len);

		if (n > 0)
			sendto(e->b, data, (size_t)n, 0, (struct sockaddr *)&from, len);
	}
	return NULL;
}

static atomic_bool cool;

static void *spin(void *arg)
{
	(void)arg;
	while (!atomic_load_explicit(&cool, memory_order_relaxed))
		;
	return NULL;
}

static void heat(pthread_t *threads, int n)
{
	for (int i = 0; i < n; i++) {
		struct sched_param none = {0};
		cpu_set_t one;

		CPU_ZERO(&one);
		CPU_SET(i, &one);
		pthread_create(&threads[i], NULL, spin, NULL);
		pthread_setschedparam(threads[i], SCHED_IDLE, &none);
		pthread_setaffinity_np(threads[i], sizeof(one), &one);
	}
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void rtt(struct ends *e, int rounds, bool hot)
{
	int64_t *took = calloc((size_t)rounds, sizeof(*took));
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int n_hot = hot ? (int)(cpus < CPUS_MAX ? cpus : CPUS_MAX) : 0, n = 0, middle, late;
	pthread_t thread, hotter[CPUS_MAX];
	char data[PAYLOAD] = "";

	pthread_create(&thread, NULL, echo, e);
	heat(hotter, n_hot);
	for (int i = 0; i < rounds; i++) {
		int64_t start = now_ns();

		if (send(e->a, data, sizeof(data), 0) > 0 && recv(e->a, data, sizeof(data), 0) > 0)
			took[n++] = now_ns() - start;
	}
	atomic_store(&cool, true);
	atomic_store(&e->stop, true);
	for (int i = 0; i < n_hot; i++)
		pthread_join(hotter[i], NULL);
	pthread_join(thread, NULL);
	qsort(took, (size_t)n, sizeof(*took), by_value);
	middle = n / 2;
	late = n * 99 / 100;
	if (n)
		printf("%.1f %.1f\n", (double)took[middle] / 1e3, (double)took[late] / 1e3);
	else
		puts("0 0");
	free(took);
}

int main(int argc, char **argv)
{
	static struct ends ends;

	if (argc < 6 ||
	    (strcmp(argv[1], "rate") != 0 && (strcmp(argv[1], "rtt") != 0 || argc < 7))) {
		fputs("usage: frames rate NS-A NS-B ADDRESS-B SECONDS\n"
		      "       frames rtt NS-A NS-B ADDRESS-B ROUNDS idle|hot\n",
		      stderr);
		return 2;
	}
	ends_open(&ends, argv);
	if (strcmp(argv[1], "rate") == 0)
		rate(&ends, atof(argv[5]));
	else
		rtt(&ends, atoi(argv[5]), strcmp(argv[6], "hot") == 0);
	return 0;
}
