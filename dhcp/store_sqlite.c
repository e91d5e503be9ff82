/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store_sqlite.c - leases in DIR/leases.db; see store.h for what is promised and why it holds.
 *
 * One writer connection, used by the loop; one connection of the syncing thread. They meet only in
 * SQLite and in `dirty`. Automatic checkpoints are off on the writer, because they sync two files
 * while the network waits.
 */
#include "dhcp/store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SYNC_EVERY_S = 1, BUSY_MS = 1000 };

enum stmt {
	PUT,
	DEL,
	RESERVE,
	UNRESERVE,
	FORGET_LEASES,
	FORGET_RESERVED,
	SHIFT,
	LOAD,
	LOAD_RESERVED,
	STMT_N
};

struct dhcp_store {
	sqlite3 *db;
	sqlite3_stmt *stmt[STMT_N];
	bool open_tx, tx_failed;
	unsigned int bad_rows;
	char why[160];
	char path[4096]; /* "" in memory */
	/* the syncing thread */
	pthread_t thread;
	bool threaded;
	atomic_bool dirty;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop; /* under lock */
};

/* A client has one row a network: giving it another address replaces the old row. */
static const char schema[] =
	"CREATE TABLE IF NOT EXISTS leases ("
	" net TEXT NOT NULL, addr INTEGER NOT NULL, client BLOB NOT NULL, mac BLOB NOT NULL,"
	" hostname BLOB NOT NULL, expires_s INTEGER NOT NULL, lease_s INTEGER NOT NULL,"
	" PRIMARY KEY (net, addr), UNIQUE (net, client)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS reservations ("
	" net TEXT NOT NULL, addr INTEGER NOT NULL, mac BLOB NOT NULL,"
	" PRIMARY KEY (net, addr)) WITHOUT ROWID;";

static const char *const sql[STMT_N] = {
	[PUT] = "INSERT OR REPLACE INTO leases VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[DEL] = "DELETE FROM leases WHERE net = ?1 AND addr = ?2",
	[RESERVE] = "INSERT OR REPLACE INTO reservations VALUES (?1, ?2, ?3)",
	[UNRESERVE] = "DELETE FROM reservations WHERE net = ?1 AND addr = ?2",
	[FORGET_LEASES] = "DELETE FROM leases WHERE net = ?1",
	[FORGET_RESERVED] = "DELETE FROM reservations WHERE net = ?1",
	[SHIFT] = "UPDATE leases SET expires_s = expires_s + ?1",
	[LOAD] = ("SELECT addr, client, mac, hostname, expires_s, lease_s FROM leases"
		  " WHERE net = ?1 ORDER BY expires_s"),
	[LOAD_RESERVED] = "SELECT addr, mac FROM reservations WHERE net = ?1 ORDER BY addr",
};

static int sqlite_errno(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
		return -EACCES;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	default:
		return -EIO;
	}
}

/* Remember why, once a transaction: what comes after the first failure only echoes it. */
static int failed(struct dhcp_store *s, int rc)
{
	if (!s->tx_failed)
		snprintf(s->why, sizeof(s->why), "%s", sqlite3_errmsg(s->db));
	s->tx_failed = true;
	return sqlite_errno(rc);
}

static int begin(struct dhcp_store *s)
{
	int rc;

	if (s->tx_failed)
		return -EIO;
	if (s->open_tx)
		return 0;
	rc = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	s->open_tx = rc == SQLITE_OK;
	return rc == SQLITE_OK ? 0 : failed(s, rc);
}

/* Run a change whose parameters are bound, inside the transaction. */
static int change(struct dhcp_store *s, enum stmt which)
{
	sqlite3_stmt *st = s->stmt[which];
	int err = begin(s);
	int rc;

	if (err) {
		sqlite3_clear_bindings(st);
		return err;
	}
	rc = sqlite3_step(st);
	if (rc != SQLITE_DONE)
		err = failed(s, rc);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return err;
}

static sqlite3_stmt *bind_net_addr(struct dhcp_store *s, enum stmt which, const char *net,
				   be32 addr)
{
	sqlite3_stmt *st = s->stmt[which];

	sqlite3_bind_text(st, 1, net, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, be32toh(addr));
	return st;
}

static int store_put(void *ctx, const char *net, const struct dhcp_record *rec)
{
	struct dhcp_store *s = ctx;
	sqlite3_stmt *st = bind_net_addr(s, PUT, net, rec->addr);

	sqlite3_bind_blob(st, 3, rec->key.b, rec->key.len, SQLITE_STATIC);
	sqlite3_bind_blob(st, 4, &rec->mac, sizeof(rec->mac), SQLITE_STATIC);
	sqlite3_bind_blob(st, 5, rec->hostname, rec->hostname_len, SQLITE_STATIC);
	sqlite3_bind_int64(st, 6, rec->expires_s);
	sqlite3_bind_int64(st, 7, rec->lease_s);
	return change(s, PUT);
}

static int store_del(void *ctx, const char *net, be32 addr)
{
	bind_net_addr(ctx, DEL, net, addr);
	return change(ctx, DEL);
}

static int store_reserve(void *ctx, const char *net, be32 addr, const struct mac *mac)
{
	sqlite3_stmt *st = bind_net_addr(ctx, RESERVE, net, addr);

	sqlite3_bind_blob(st, 3, mac, sizeof(*mac), SQLITE_STATIC);
	return change(ctx, RESERVE);
}

static int store_unreserve(void *ctx, const char *net, be32 addr)
{
	bind_net_addr(ctx, UNRESERVE, net, addr);
	return change(ctx, UNRESERVE);
}

/* A failed change may have rolled everything back by itself (disk full); the flag remembers. */
static int store_commit(void *ctx)
{
	struct dhcp_store *s = ctx;
	int err = s->tx_failed ? -EIO : 0;
	int rc;

	if (s->open_tx && !err) {
		rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
		err = rc == SQLITE_OK ? 0 : failed(s, rc);
	}
	if (err && !sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	if (s->open_tx && !err)
		atomic_store(&s->dirty, true);
	s->open_tx = s->tx_failed = false;
	return err;
}

/* ---- loading: every value is checked, as the file may hold anything ----------------------------
 */

static bool column_blob(sqlite3_stmt *st, int col, void *out, size_t min, size_t max, uint8_t *len)
{
	size_t n = (size_t)sqlite3_column_bytes(st, col);
	const void *p = sqlite3_column_blob(st, col);

	if (sqlite3_column_type(st, col) != SQLITE_BLOB || n < min || n > max || (n && !p))
		return false;
	if (n)
		memcpy(out, p, n);
	if (len)
		*len = (uint8_t)n;
	return true;
}

static bool column_u32(sqlite3_stmt *st, int col, uint32_t *out)
{
	int64_t v = sqlite3_column_int64(st, col);

	*out = (uint32_t)v;
	return sqlite3_column_type(st, col) == SQLITE_INTEGER && v >= 0 && v <= UINT32_MAX;
}

static bool row_lease(sqlite3_stmt *st, struct dhcp_record *rec)
{
	uint32_t addr;

	*rec = (struct dhcp_record){0};
	if (!column_u32(st, 0, &addr) ||
	    !column_blob(st, 1, rec->key.b, 2, sizeof(rec->key.b), &rec->key.len) ||
	    !column_blob(st, 2, &rec->mac, sizeof(rec->mac), sizeof(rec->mac), NULL) ||
	    !column_blob(st, 3, rec->hostname, 0, sizeof(rec->hostname), &rec->hostname_len) ||
	    sqlite3_column_type(st, 4) != SQLITE_INTEGER || !column_u32(st, 5, &rec->lease_s))
		return false;
	rec->addr = htobe32(addr);
	rec->expires_s = sqlite3_column_int64(st, 4);
	return true;
}

static bool row_reserved(sqlite3_stmt *st, be32 *addr, struct mac *mac)
{
	uint32_t a;

	if (!column_u32(st, 0, &a) || !column_blob(st, 1, mac, sizeof(*mac), sizeof(*mac), NULL))
		return false;
	*addr = htobe32(a);
	return true;
}

static int store_load(void *ctx, const char *net,
		      void (*lease)(void *arg, const struct dhcp_record *rec),
		      void (*reserved)(void *arg, be32 addr, const struct mac *mac), void *arg)
{
	struct dhcp_store *s = ctx;
	sqlite3_stmt *st = s->stmt[LOAD_RESERVED];
	struct dhcp_record rec;
	struct mac mac;
	be32 addr;
	int rc;

	sqlite3_bind_text(st, 1, net, -1, SQLITE_STATIC);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (row_reserved(st, &addr, &mac))
			reserved(arg, addr, &mac);
		else
			s->bad_rows++;
	}
	sqlite3_reset(st);
	if (rc != SQLITE_DONE)
		return sqlite_errno(rc);
	st = s->stmt[LOAD];
	sqlite3_bind_text(st, 1, net, -1, SQLITE_STATIC);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (row_lease(st, &rec))
			lease(arg, &rec);
		else
			s->bad_rows++;
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? 0 : sqlite_errno(rc);
}

const struct dhcp_store_ops dhcp_store_sqlite = {
	.put = store_put,
	.del = store_del,
	.reserve = store_reserve,
	.unreserve = store_unreserve,
	.commit = store_commit,
	.load = store_load,
};

/* ---- the syncing thread -----------------------------------------------------------------------
 */

/* PASSIVE: syncs the log, copies what no reader needs into the main file, syncs that, and never
 * waits for or blocks the writer. */
static void sync_once(struct dhcp_store *s, sqlite3 *db)
{
	if (!atomic_exchange(&s->dirty, false))
		return;
	if (sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) != SQLITE_OK)
		atomic_store(&s->dirty, true); /* disk full, say: try again in a second */
}

static void *sync_main(void *arg)
{
	struct dhcp_store *s = arg;
	sqlite3 *db = NULL;
	struct timespec until;

	if (sqlite3_open_v2(s->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL) ==
	    SQLITE_OK)
		sqlite3_exec(db, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL);
	pthread_mutex_lock(&s->lock);
	while (!s->stop) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += SYNC_EVERY_S;
		pthread_cond_timedwait(&s->wake, &s->lock, &until);
		pthread_mutex_unlock(&s->lock);
		sync_once(s, db);
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	sqlite3_close(db);
	return NULL;
}

static int sync_start(struct dhcp_store *s)
{
	pthread_condattr_t attr;
	int rc;

	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &attr);
	pthread_condattr_destroy(&attr);
	rc = pthread_create(&s->thread, NULL, sync_main, s);
	s->threaded = rc == 0;
	return -rc;
}

static void sync_stop(struct dhcp_store *s)
{
	if (!s->threaded)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
}

/* ---- opening, salvaging, closing --------------------------------------------------------------
 */

static int prepare_all(struct dhcp_store *s)
{
	for (unsigned int i = 0; i < STMT_N; i++) {
		int rc = sqlite3_prepare_v3(s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
					    &s->stmt[i], NULL);

		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}

/* Is what was opened sound? quick_check reads the whole file: some ms for 60,000 leases. */
static int check_sound(sqlite3 *db)
{
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &st, NULL);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(st, 0), "ok") != 0)
		rc = SQLITE_CORRUPT;
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static void close_db(struct dhcp_store *s)
{
	for (unsigned int i = 0; i < STMT_N; i++) {
		sqlite3_finalize(s->stmt[i]);
		s->stmt[i] = NULL;
	}
	sqlite3_close(s->db);
	s->db = NULL;
}

/* Make the file ours alone before SQLite makes it everybody's; the log gets the same mode. */
static void make_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
}

static int open_db(struct dhcp_store *s)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW;
	int rc;

	if (s->path[0])
		make_private(s->path);
	rc = sqlite3_open_v2(s->path[0] ? s->path : ":memory:", &s->db, flags, NULL);

	if (rc == SQLITE_OK)
		rc = check_sound(s->db);
	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(s->db, BUSY_MS);
		rc = sqlite3_exec(s->db,
				  "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
				  "PRAGMA wal_autocheckpoint=0; PRAGMA trusted_schema=OFF",
				  NULL, NULL, NULL);
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(s->db, schema, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = prepare_all(s);
	if (rc != SQLITE_OK) {
		snprintf(s->why, sizeof(s->why), "%s", s->db ? sqlite3_errmsg(s->db) : "no memory");
		close_db(s);
	}
	return rc;
}

/* A table or column of another shape (SQLITE_ERROR) is as useless to us as a torn page. */
static bool is_damage(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB ||
	       (rc & 0xff) == SQLITE_ERROR;
}

/* Read rows of the damaged file until it gives no more, from one end and then from the other, as a
 * bad page in the middle ends either walk. */
static unsigned int salvage_rows(struct dhcp_store *to, sqlite3 *from, const char *query,
				 bool leases)
{
	struct dhcp_record rec;
	struct mac mac;
	sqlite3_stmt *st;
	unsigned int kept = 0;
	be32 addr;

	if (sqlite3_prepare_v2(from, query, -1, &st, NULL) != SQLITE_OK)
		return 0;
	while (sqlite3_step(st) == SQLITE_ROW) {
		int n = sqlite3_column_count(st) - 1; /* the network's name comes last */
		const char *net = (const char *)sqlite3_column_text(st, n);

		if (net && leases && row_lease(st, &rec))
			kept += store_put(to, net, &rec) == 0;
		else if (net && !leases && row_reserved(st, &addr, &mac))
			kept += store_reserve(to, net, addr, &mac) == 0;
	}
	sqlite3_finalize(st);
	return kept;
}

static void salvage(struct dhcp_store *to, const char *aside)
{
	static const char *const orders[] = {"ASC", "DESC"};
	char query[200];
	sqlite3 *from;

	if (sqlite3_open_v2(aside, &from, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL) ==
	    SQLITE_OK) {
		for (unsigned int i = 0; i < ARRAY_SIZE(orders); i++) {
			snprintf(query, sizeof(query),
				 "SELECT addr, client, mac, hostname, expires_s, lease_s, net"
				 " FROM leases ORDER BY net %s, addr %s",
				 orders[i], orders[i]);
			salvage_rows(to, from, query, true);
			snprintf(query, sizeof(query),
				 "SELECT addr, mac, net FROM reservations ORDER BY net %s, addr %s",
				 orders[i], orders[i]);
			salvage_rows(to, from, query, false);
		}
	}
	sqlite3_close(from);
}

static unsigned int count_rows(struct dhcp_store *s)
{
	sqlite3_stmt *st;
	unsigned int n = 0;

	if (sqlite3_prepare_v2(s->db,
			       "SELECT (SELECT count(*) FROM leases) +"
			       " (SELECT count(*) FROM reservations)",
			       -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		n = (unsigned int)sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

/* Rename @path@suffix to @aside@suffix; the log belongs to the file and must go with it. */
static int move_aside(const char *path, const char *aside, const char *suffix)
{
	char from[4200], to[4200];

	snprintf(from, sizeof(from), "%s%s", path, suffix);
	snprintf(to, sizeof(to), "%s%s", aside, suffix);
	return rename(from, to) && errno != ENOENT ? -errno : 0;
}

static int put_aside(struct dhcp_store *s, struct dhcp_salvage *found)
{
	char aside[4160];
	size_t dir = (size_t)(strrchr(s->path, '/') - s->path) + 1;
	int err;

	snprintf(found->aside, sizeof(found->aside), "leases.db.damaged-%lld",
		 (long long)time(NULL));
	snprintf(aside, sizeof(aside), "%.*s%s", (int)dir, s->path, found->aside);
	err = move_aside(s->path, aside, "");
	if (!err)
		err = move_aside(s->path, aside, "-wal");
	if (!err)
		err = move_aside(s->path, aside, "-shm");
	if (err || open_db(s) != SQLITE_OK)
		return err ? err : -EIO;
	found->damaged = true;
	salvage(s, aside);
	err = store_commit(s);
	found->kept = count_rows(s);
	return err;
}

int dhcp_store_open(const char *dir, struct dhcp_store **out, struct dhcp_salvage *found,
		    struct err *err)
{
	struct dhcp_store *s = calloc(1, sizeof(*s));
	int rc;

	*found = (struct dhcp_salvage){0};
	if (!s)
		return err_sys(err, -ENOMEM, "lease store");
	if (dir &&
	    snprintf(s->path, sizeof(s->path), "%s/leases.db", dir) >= (int)sizeof(s->path)) {
		free(s);
		return err_sys(err, -ENAMETOOLONG, "lease store in %s", dir);
	}
	rc = open_db(s);
	if (is_damage(rc) && dir)
		rc = put_aside(s, found);
	else
		rc = sqlite_errno(rc);
	if (!rc && dir)
		rc = sync_start(s);
	if (rc) {
		err_set(err, rc, "lease file %s: %s", dir ? s->path : "in memory",
			s->why[0] ? s->why : strerror(-rc));
		dhcp_store_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

void dhcp_store_close(struct dhcp_store *s)
{
	if (!s)
		return;
	if (s->db)
		store_commit(s);
	sync_stop(s);
	close_db(s); /* the last connection: checkpoints and removes the log */
	free(s);
}

int dhcp_store_forget(struct dhcp_store *s, const char *net)
{
	sqlite3_bind_text(s->stmt[FORGET_LEASES], 1, net, -1, SQLITE_STATIC);
	change(s, FORGET_LEASES);
	sqlite3_bind_text(s->stmt[FORGET_RESERVED], 1, net, -1, SQLITE_STATIC);
	change(s, FORGET_RESERVED);
	return store_commit(s);
}

int dhcp_store_shift(struct dhcp_store *s, int64_t delta_s)
{
	sqlite3_bind_int64(s->stmt[SHIFT], 1, delta_s);
	change(s, SHIFT);
	return store_commit(s);
}

unsigned int dhcp_store_bad_rows(const struct dhcp_store *s)
{
	return s->bad_rows;
}

const char *dhcp_store_why(const struct dhcp_store *s)
{
	return s->why;
}
