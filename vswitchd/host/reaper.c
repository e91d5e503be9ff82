/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread that waits for the kernel so that the loop need not.
 *
 * Theory of operation. One thread, one list, oldest first. A job is a descriptor to close or a
 * link to delete; nobody waits for its result (but who makes again what was just deleted: its name
 * is free when the job is done), and there is nothing to do about a failure. Without
 * the thread (not started yet, stopped already) or without memory for a list node the caller does
 * the work itself: slower, never lost.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "vswitchd/host/netlink.h"
#include "vswitchd/host/netlink_int.h"
#include "vswitchd/host/reaper.h"

/* A hundred taps take the kernel this long. */
enum { SETTLE_S = 2 };

struct job {
	struct job *next;
	int fd;	     /* -1: delete the link instead */
	int ifindex; /* not a name: it may be given to a new interface before we come to this one */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct job *first, **last;
	unsigned int pending; /* handed over, not done yet */
	pthread_cond_t settled;
	bool running, stopping;
	pthread_t thread;
} reaper = {.lock = PTHREAD_MUTEX_INITIALIZER,
	    .more = PTHREAD_COND_INITIALIZER,
	    .settled = PTHREAD_COND_INITIALIZER};

static void job_do(struct job *job)
{
	if (job->fd >= 0)
		close(job->fd);
	else
		nl_link_del(job->ifindex, NULL);
}

static struct job *job_take(void)
{
	struct job *job;

	pthread_mutex_lock(&reaper.lock);
	while (!reaper.first && !reaper.stopping)
		pthread_cond_wait(&reaper.more, &reaper.lock);
	job = reaper.first;
	if (job) {
		reaper.first = job->next;
		if (!reaper.first)
			reaper.last = &reaper.first;
	}
	pthread_mutex_unlock(&reaper.lock);
	return job;
}

static void job_done(struct job *job)
{
	free(job);
	pthread_mutex_lock(&reaper.lock);
	if (--reaper.pending == 0)
		pthread_cond_broadcast(&reaper.settled);
	pthread_mutex_unlock(&reaper.lock);
}

static void *reaper_main(void *arg)
{
	struct job *job;

	(void)arg;
	while ((job = job_take())) {
		job_do(job);
		job_done(job);
	}
	netlink_sock_close();
	return NULL;
}

int reaper_start(void)
{
	int rc;

	reaper.stopping = false;
	reaper.first = NULL;
	reaper.last = &reaper.first;
	rc = pthread_create(&reaper.thread, NULL, reaper_main, NULL);
	reaper.running = rc == 0;
	return -rc;
}

void reaper_stop(void)
{
	if (!reaper.running)
		return;
	pthread_mutex_lock(&reaper.lock);
	reaper.stopping = true;
	pthread_cond_signal(&reaper.more);
	pthread_mutex_unlock(&reaper.lock);
	pthread_join(reaper.thread, NULL);
	reaper.running = false;
}

static void hand_over(const struct job *what)
{
	struct job *job = reaper.running ? malloc(sizeof(*job)) : NULL;

	if (!job) {
		struct job now = *what;

		job_do(&now);
		return;
	}
	*job = *what;
	job->next = NULL;
	pthread_mutex_lock(&reaper.lock);
	*reaper.last = job;
	reaper.last = &job->next;
	reaper.pending++;
	pthread_cond_signal(&reaper.more);
	pthread_mutex_unlock(&reaper.lock);
}

void reaper_settle(void)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += SETTLE_S;
	pthread_mutex_lock(&reaper.lock);
	while (reaper.pending &&
	       pthread_cond_timedwait(&reaper.settled, &reaper.lock, &end) != ETIMEDOUT)
		;
	pthread_mutex_unlock(&reaper.lock);
}

void reaper_close(int fd)
{
	struct job job = {.fd = fd};

	if (fd >= 0)
		hand_over(&job);
}

void reaper_link_del(const char *ifname)
{
	struct job job = {.fd = -1, .ifindex = nl_ifindex(ifname)};

	if (job.ifindex)
		hand_over(&job);
}
