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
#include <sys/types.h>

#include "dhcp/store.h"

enum stmt {
	BEGIN,
	COMMIT,
	RENEW,
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

/* SUSPECT: it may be the disk's fault or the file's; changes go on being tried. */
enum store_health { FILE_SOUND, FILE_SUSPECT, FILE_BAD };

/* Which file a name leads to. */
struct store_file {
	dev_t dev;
	ino_t ino; /* 0: not looked at yet */
};

struct dhcp_store {
	sqlite3 *db; /* NULL: it could not be opened again */
	sqlite3_stmt *stmt[STMT_N];
	bool open_tx, tx_failed;
	struct store_file main, wal; /* as opened */
	unsigned int bad_rows;
	char why[DHCP_WHY];
	char boot[DHCP_BOOT_ID + 1];
	char path[4096]; /* "" in memory */
	/* the syncing thread */
	pthread_t thread;
	bool threaded;
	atomic_bool dirty;
	atomic_int health; /* enum store_health */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop; /* under lock */
};

/* The text of a statement. */
const char *store_sql(enum stmt which);
/* The files behind the names are those that were opened, or are now noted. Else somebody removed or
 * replaced one, and what is written to it is lost. */
bool store_in_place(struct dhcp_store *s);
/* What an SQLite result says of the file. */
enum store_health store_health_of(int rc);
/* Negative errno for an SQLite result; 0 for OK, ROW and DONE. */
int store_errno(int rc);
/* Read a row: addr, client, mac, hostname, expires_s, lease_s. False when a value makes no sense.
 */
bool store_row_lease(sqlite3_stmt *st, struct dhcp_record *rec);
/* Read a row: addr, who. */
bool store_row_reserved(sqlite3_stmt *st, be32 *addr, struct dhcp_who *who);

#endif
