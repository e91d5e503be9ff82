/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loop.h - the I/O thread's event loop, and the device lock.
 *
 * One I/O thread serves taps, queue notifications, consoles and the control socket. vCPU threads
 * enter devices on port and MMIO exits. Both hold the one device lock while they are inside a
 * device, so device code is written as if it were single-threaded. The lock is not contended in
 * steady state: kicks come by ioeventfd and interrupts leave by KVM_SIGNAL_MSI, neither of which
 * needs a vCPU exit to user space.
 */
#ifndef VMM_LOOP_H
#define VMM_LOOP_H

#include <pthread.h>

#include "lib/types.h"

struct loop_fd;
/* Called in the I/O thread with the device lock held; @events as of epoll. */
typedef void loop_fn(struct loop_fd *w, uint32_t events);

/* A watched descriptor. Lives inside its owner, which must outlive the loop: an event that was
 * fetched before loop_del() may still arrive after it. */
struct loop_fd {
	int fd; /* -1: not watched */
	uint32_t events;
	loop_fn *fn;
};

struct loop {
	int epoll_fd;
	bool quit;
	pthread_mutex_t lock; /* the device lock */
};

int loop_init(struct loop *l);
void loop_fini(struct loop *l);

/* Watch @fd. 0 or -errno. loop_set() changes the events of a watched one and makes no system
 * call when they stay the same. loop_del() stops watching and leaves the descriptor open. */
int loop_add(struct loop *l, struct loop_fd *w, int fd, uint32_t events, loop_fn *fn);
void loop_set(struct loop *l, struct loop_fd *w, uint32_t events);
void loop_del(struct loop *l, struct loop_fd *w);

/* Dispatch until loop_quit(); 0 or -errno of epoll. */
int loop_run(struct loop *l);
/* Any thread that holds the device lock, or a handler. From another thread than the I/O thread
 * it takes effect after that thread's next event. */
void loop_quit(struct loop *l);

void loop_lock(struct loop *l);
void loop_unlock(struct loop *l);

#endif
