/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.c - events from the daemon, one after the other, until Ctrl-C.
 */
#include <signal.h>
#include <stdio.h>

#include "client/ctl.h"

static volatile sig_atomic_t stopped;

static void stop_cb(int sig)
{
	(void)sig;
	stopped = 1;
}

static int watch_loop(struct ctl *c, ctl_want_fn *want, const json_t *arg, ctl_show_fn *show)
{
	struct err err = {0};
	json_t *ev;

	client_interruptible(c->client, true);
	while (!stopped && (ev = client_event(c->client, &err))) {
		if (!want || want(ev, arg))
			show(c, ev);
		fflush(stdout);
		json_decref(ev);
	}
	return stopped ? CTL_OK : ctl_fail(&err);
}

int ctl_watch(struct ctl *c, json_t *topics, ctl_want_fn *want, const json_t *arg,
	      ctl_show_fn *show)
{
	struct sigaction sa = {.sa_handler = stop_cb};
	json_t *r;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	r = ctl_call(c, "events.subscribe", topics ? json_pack("{s:o}", "topics", topics) : NULL);
	if (!r)
		return CTL_FAILED;
	json_decref(r);
	/* Nobody knows otherwise from which moment on nothing is missed. */
	fprintf(stderr, "watching; Ctrl-C ends\n");
	return watch_loop(c, want, arg, show);
}
