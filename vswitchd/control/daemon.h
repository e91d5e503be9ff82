/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon.h - what the control plane of one running vswitchd consists of.
 *
 * All of it lives in the main thread, the one that also runs the only runner.
 */
#ifndef VSWITCHD_DAEMON_H
#define VSWITCHD_DAEMON_H

#include <ev.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "vswitchd/guest/hv.h"
#include "vswitchd/switch/runner.h"

struct capture;
struct ctl;
struct lab_claim;
struct lab_schedule;
struct netns;
struct rpc_later;
struct vm;

struct options {
	const char *socket; /* path of the control socket */
	const char *state;  /* state directory */
	const char *image;  /* directory with vmlinuz and initrd; NULL: look for it */
	const char *vmm;    /* the vnet-vmm program; NULL: look for it */
	bool foreground;
};

struct daemon {
	struct options opt;
	struct ev_loop *loop;
	struct runner runner;
	struct ctl *ctl;
	struct rpc_later *laters;	/* calls whose reply is still to come; rpc.h */
	struct undo *undos;		/* rpc.h */
	struct vm *vms;			/* vm.h */
	struct netns *netns;		/* netns.h */
	struct capture *captures;	/* capture.h */
	struct lab_claim *claims;	/* labs that a client is working on; rpc_lab.c */
	struct lab_schedule *schedules; /* labsched.h */
	struct hv_probe hv;		/* what the hypervisor probe said at start */
	struct ev_signal signals[3];
	bool stopping; /* a signal came; the loop ends with the last guest */
	msec started_ms;
};

#endif
