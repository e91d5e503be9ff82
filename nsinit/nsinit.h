/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nsinit.h - what the files of vnet-nsinit share.
 *
 * Each step returns 0, or a negative errno after it has said with say() what did not work.
 */
#ifndef NSINIT_NSINIT_H
#define NSINIT_NSINIT_H

#include "lib/types.h"

/* One line to the daemon, on SAY_FD: @what ("!" before it: it goes on without) and why. Returns
 * -@error. */
enum { SAY_FD = 3 };
int say(int error, const char *fmt, ...) CHECK_PRINTF(2, 3);

/* ---- ids.c: the user namespace ---- */

/* Go to a new network namespace, with IPC objects of its own, whose owner is a new user namespace:
 * *@user, for ids_user(); -1 where there can be none. */
int ids_network(int *user);
/* Go there, and to a mount namespace of its own with all that was mounted until now. Takes @user.
 */
int ids_user(int user);

/* ---- root.c: the tree of the host, to be read only ---- */

struct take {
	int layer;    /* the node's own folders, as a detached mount */
	int devs[16]; /* devices, in the order of DEVS; -1: the host has none */
};

/* A mount namespace of our own; in @t what is needed of the host as it is. */
int root_enter(struct take *t, const char *layer);
/* The host's files become our root, read-only, also where we were in a chroot. */
int root_freeze(void);
/* Mount @fd, a detached mount, at @path. */
int root_move(int fd, const char *path);

/* ---- folders.c: what of it is the node's own ---- */

/* @state and @socket are the daemon's folder and control socket: not for the node. */
int folders_mount(const struct take *t, const char *state, const char *socket);

/* ---- special.c: /dev, /proc and /sys ---- */

extern const char *const DEVS[]; /* names below /dev; ends with NULL */

int dev_mount(const struct take *t);
/* Of our own process ids. What is said there of the whole machine is read-only. *@sys is for
 * proc_limit(). */
int proc_mount(int *sys);
/* In the new user namespace: it and all below make no control group namespaces. Such a one may
 * mount its control group (special.c). Takes @proc. */
int proc_limit(int proc);
/* Of the network namespace that we are in, read-only. */
int sys_mount(void);

#endif
