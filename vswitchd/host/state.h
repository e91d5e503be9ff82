/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state.h - what the daemon must remember over a restart: DIR/state.db (SQLite, WAL).
 *
 * One row per object: kind ("net", "port", "vm", "netns", "lab", "impair"), name, JSON document.
 * One transaction per change. DIR/lock is held (flock) while a daemon runs; a second one is
 * refused.
 */
#ifndef VSWITCHD_STATE_H
#define VSWITCHD_STATE_H

#include <jansson.h>

#include "lib/err.h"

/* Open or make DIR (0750) and its files. A file that is not a state file of ours, or is damaged,
 * is an error that names it. */
int state_open(const char *dir, struct err *err);
void state_close(void);
/* Write our pid into the lock file: again after a fork that keeps the lock. */
int state_lock_pid(void);
/* 8 hex digits, chosen at random when DIR was made: tells daemons on one host apart. */
const char *state_instance(void);
const char *state_dir(void);

/* Borrows @doc. */
int state_put(const char *kind, const char *name, const json_t *doc, struct err *err);
int state_del(const char *kind, const char *name, struct err *err);
/* New reference, NULL when there is none. */
json_t *state_get(const char *kind, const char *name);
/* Object of name -> document, in order of creation. New reference. */
json_t *state_all(const char *kind);

#endif
