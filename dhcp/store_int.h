/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store_int.h - what store_sqlite.c (changes and loading) and store_open.c (opening, salvaging,
 * syncing) share.
 */
#ifndef DHCP_STORE_INT_H
#define DHCP_STORE_INT_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "dhcp/store.h"

enum stmt {
	PUT,
	DEL,
	RESERVE,
	UNRESERVE,
	FORGET_LEASES,
	FORGET_RESERVED,
	SHIFT,
	CLOCK_GET,
	CLOCK_SET,
	LOAD,
	LOAD_RESERVED,
	STMT_N
};

struct dhcp_store {
	sqlite3 *db;
	sqlite3_stmt *stmt[STMT_N];
	bool open_tx, tx_failed;
	unsigned int bad_rows;
	char why[DHCP_WHY];
	char boot[DHCP_BOOT_ID + 1];
	char path[4096]; /* "" in memory */
	/* the syncing thread */
	pthread_t thread;
	bool threaded;
	atomic_bool dirty;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop; /* under lock */
};

/* Negative errno for an SQLite result; 0 for OK, ROW and DONE. */
int store_errno(int rc);
/* Read a row: addr, client, mac, hostname, expires_s, lease_s. False when a value makes no sense.
 */
bool store_row_lease(sqlite3_stmt *st, struct dhcp_record *rec);
/* Read a row: addr, who. */
bool store_row_reserved(sqlite3_stmt *st, be32 *addr, struct dhcp_who *who);

#endif
