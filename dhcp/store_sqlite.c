/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store_sqlite.c - changes to leases.db and reading it back; see store.h for what is promised and
 * why it holds.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dhcp/store_int.h"

int store_errno(int rc)
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

/* SQLITE_ERROR: a table or column of another shape is as useless to us as a torn page. */
enum store_health store_health_of(int rc)
{
	if (rc == SQLITE_READONLY_DBMOVED)
		return FILE_BAD;
	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR:
		return FILE_BAD;
	case SQLITE_IOERR:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
		return FILE_SUSPECT;
	default:
		return FILE_SOUND;
	}
}

static void worsen(struct dhcp_store *s, enum store_health to)
{
	if (atomic_load(&s->health) < (int)to)
		atomic_store(&s->health, to);
}

static int give_up(struct dhcp_store *s, int rc, const char *why)
{
	if (!s->tx_failed && why != s->why)
		snprintf(s->why, sizeof(s->why), "%s", why);
	s->tx_failed = true;
	worsen(s, store_health_of(rc));
	return store_errno(rc);
}

/* Remember why, once a transaction: what comes after the first failure only echoes it. */
static int failed(struct dhcp_store *s, int rc)
{
	if (s->db)
		rc = sqlite3_extended_errcode(s->db);
	return give_up(s, rc, s->db ? sqlite3_errmsg(s->db) : s->why);
}

/* Run a statement that gives no rows and has no parameters. */
static int run(struct dhcp_store *s, enum stmt which)
{
	int rc = sqlite3_step(s->stmt[which]);

	sqlite3_reset(s->stmt[which]);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int begin(struct dhcp_store *s)
{
	int rc;

	if (s->tx_failed)
		return -EIO;
	if (s->open_tx)
		return 0;
	if (!s->db)
		return failed(s, SQLITE_CANTOPEN);
	if (atomic_load(&s->health) == FILE_BAD)
		return give_up(s, SQLITE_NOTADB, "its header is not that of a lease file");
	if (!store_in_place(s))
		return give_up(s, SQLITE_READONLY_DBMOVED, "it was removed or replaced");
	rc = run(s, BEGIN);
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
		if (st)
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

static int put_by(struct dhcp_store *s, enum stmt which, const char *net,
		  const struct dhcp_record *rec)
{
	sqlite3_stmt *st = bind_net_addr(s, which, net, rec->addr);

	sqlite3_bind_blob(st, 3, rec->key.b, rec->key.len, SQLITE_STATIC);
	sqlite3_bind_blob(st, 4, &rec->mac, sizeof(rec->mac), SQLITE_STATIC);
	sqlite3_bind_blob(st, 5, rec->hostname, rec->hostname_len, SQLITE_STATIC);
	sqlite3_bind_int64(st, 6, rec->expires_s);
	sqlite3_bind_int64(st, 7, rec->lease_s);
	return change(s, which);
}

/* Most are renewals, which leave the row where it is and the index of clients alone: half the pages
 * of the log. */
static int store_put(void *ctx, const char *net, const struct dhcp_record *rec)
{
	struct dhcp_store *s = ctx;
	int rc = put_by(s, RENEW, net, rec);

	return rc || sqlite3_changes(s->db) ? rc : put_by(s, PUT, net, rec);
}

static int store_del(void *ctx, const char *net, be32 addr)
{
	bind_net_addr(ctx, DEL, net, addr);
	return change(ctx, DEL);
}

static int store_reserve(void *ctx, const char *net, be32 addr, const struct dhcp_who *who)
{
	sqlite3_stmt *st = bind_net_addr(ctx, RESERVE, net, addr);

	sqlite3_bind_blob(st, 3, who->b, who->len, SQLITE_STATIC);
	return change(ctx, RESERVE);
}

static int store_unreserve(void *ctx, const char *net, be32 addr)
{
	bind_net_addr(ctx, UNRESERVE, net, addr);
	return change(ctx, UNRESERVE);
}

/* The syncing thread sleeps until there is something to sync. */
static void tell_dirty(struct dhcp_store *s)
{
	if (!s->threaded || atomic_exchange(&s->dirty, true))
		return;
	pthread_mutex_lock(&s->lock);
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

/* A failed change may have rolled everything back by itself (disk full); the flag remembers. */
static int store_commit(void *ctx)
{
	struct dhcp_store *s = ctx;
	int err = s->tx_failed ? -EIO : 0;
	int rc;

	if (s->open_tx && !err) {
		rc = run(s, COMMIT);
		err = rc == SQLITE_OK ? 0 : failed(s, rc);
	}
	if (err && s->db && !sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	if (s->open_tx && !err) {
		int suspect = FILE_SUSPECT;

		atomic_compare_exchange_strong(&s->health, &suspect, FILE_SOUND);
		tell_dirty(s);
	}
	s->open_tx = s->tx_failed = false;
	return err;
}

/* ---- loading: every value is checked, as the file may hold anything -------------------------- */

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

bool store_row_lease(sqlite3_stmt *st, struct dhcp_record *rec)
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

bool store_row_reserved(sqlite3_stmt *st, be32 *addr, struct dhcp_who *who)
{
	uint32_t a;

	if (!column_u32(st, 0, &a) || !column_blob(st, 1, who->b, 2, sizeof(who->b), &who->len))
		return false;
	*addr = htobe32(a);
	return true;
}

typedef void lease_fn(void *arg, const struct dhcp_record *rec);
typedef void reserved_fn(void *arg, be32 addr, const struct dhcp_who *who);

/* Both: a row that makes no sense is counted and left out. NULL for the callback: only count. */
static int load_reserved(sqlite3_stmt *st, const char *net, reserved_fn *reserved, void *arg,
			 unsigned int *bad_rows)
{
	struct dhcp_who who;
	be32 addr;
	int rc;

	sqlite3_bind_text(st, 1, net, -1, SQLITE_STATIC);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (!store_row_reserved(st, &addr, &who))
			++*bad_rows;
		else if (reserved)
			reserved(arg, addr, &who);
	}
	sqlite3_reset(st);
	return store_errno(rc);
}

static int load_leases(sqlite3_stmt *st, const char *net, lease_fn *lease, void *arg,
		       unsigned int *bad_rows)
{
	struct dhcp_record rec;
	int rc;

	sqlite3_bind_text(st, 1, net, -1, SQLITE_STATIC);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (!store_row_lease(st, &rec))
			++*bad_rows;
		else if (lease)
			lease(arg, &rec);
	}
	sqlite3_reset(st);
	return store_errno(rc);
}

static int store_load(void *ctx, const char *net, lease_fn *lease, reserved_fn *reserved, void *arg)
{
	struct dhcp_store *s = ctx;
	int rc;

	if (!s->db)
		return -EIO;
	rc = load_reserved(s->stmt[LOAD_RESERVED], net, reserved, arg, &s->bad_rows);
	return rc ? rc : load_leases(s->stmt[LOAD], net, lease, arg, &s->bad_rows);
}

/* The file is read once to see that all of it can be, and again to give it. */
int dhcp_store_load_beside(struct dhcp_store *s, const char *net, lease_fn *lease,
			   reserved_fn *reserved, void *arg)
{
	sqlite3_stmt *leases = NULL, *all_reserved = NULL;
	unsigned int bad_rows = 0;
	sqlite3 *db = NULL;
	int rc = -EIO;

	if (s->path[0] &&
	    sqlite3_open_v2(s->path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW, NULL) ==
		    SQLITE_OK &&
	    sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, store_sql(LOAD), -1, &leases, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, store_sql(LOAD_RESERVED), -1, &all_reserved, NULL) == SQLITE_OK)
		rc = load_reserved(all_reserved, net, NULL, NULL, &bad_rows);
	if (!rc)
		rc = load_leases(leases, net, NULL, NULL, &bad_rows);
	if (!rc && bad_rows)
		rc = -EIO;
	if (!rc)
		rc = load_reserved(all_reserved, net, reserved, arg, &bad_rows);
	if (!rc)
		rc = load_leases(leases, net, lease, arg, &bad_rows);
	sqlite3_finalize(leases);
	sqlite3_finalize(all_reserved);
	sqlite3_close(db);
	return rc;
}

const struct dhcp_store_ops dhcp_store_sqlite = {
	.put = store_put,
	.del = store_del,
	.reserve = store_reserve,
	.unreserve = store_unreserve,
	.commit = store_commit,
	.load = store_load,
};

int dhcp_store_forget(struct dhcp_store *s, const char *net)
{
	sqlite3_bind_text(s->stmt[FORGET_LEASES], 1, net, -1, SQLITE_STATIC);
	change(s, FORGET_LEASES);
	sqlite3_bind_text(s->stmt[FORGET_RESERVED], 1, net, -1, SQLITE_STATIC);
	return change(s, FORGET_RESERVED);
}

/* How far ahead the clock is on record; false when it was another boot, or nothing is. */
static bool clock_on_record(struct dhcp_store *s, int64_t *ahead_ms)
{
	sqlite3_stmt *st = s->stmt[CLOCK_GET];
	bool same = false;

	if (!s->db)
		return false;
	if (sqlite3_step(st) == SQLITE_ROW) {
		const char *boot = (const char *)sqlite3_column_text(st, 0);

		same = boot && s->boot[0] && strcmp(boot, s->boot) == 0 &&
		       sqlite3_column_type(st, 1) == SQLITE_INTEGER;
		*ahead_ms = sqlite3_column_int64(st, 1);
	}
	sqlite3_reset(st);
	return same;
}

/* Whole seconds, rounded; 0 when nothing sensible is on record. */
static int64_t seconds_between(int64_t from_ms, int64_t to_ms)
{
	int64_t ms;

	if (__builtin_sub_overflow(to_ms, from_ms, &ms) || ms > INT64_MAX - 500)
		return 0;
	return (ms + (ms < 0 ? -500 : 500)) / 1000;
}

int dhcp_store_clock(struct dhcp_store *s, int64_t ahead_ms, bool set)
{
	int64_t was_ms, by_s = 0;

	if (set && clock_on_record(s, &was_ms))
		by_s = seconds_between(was_ms, ahead_ms);
	if (by_s) {
		sqlite3_bind_int64(s->stmt[SHIFT], 1, by_s);
		change(s, SHIFT);
	}
	sqlite3_bind_text(s->stmt[CLOCK_SET], 1, s->boot, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s->stmt[CLOCK_SET], 2, ahead_ms);
	return change(s, CLOCK_SET);
}

int dhcp_store_boot(struct dhcp_store *s, const char *boot, int64_t ahead_ms, int64_t *moved_s)
{
	int64_t was_ms;
	int rc;

	snprintf(s->boot, sizeof(s->boot), "%s", boot);
	*moved_s = clock_on_record(s, &was_ms) ? seconds_between(was_ms, ahead_ms) : 0;
	dhcp_store_clock(s, ahead_ms, true);
	rc = store_commit(s);
	if (rc)
		*moved_s = 0;
	return rc;
}

unsigned int dhcp_store_bad_rows(const struct dhcp_store *s)
{
	return s->bad_rows;
}

bool dhcp_store_damaged(const struct dhcp_store *s)
{
	return atomic_load(&s->health) != FILE_SOUND;
}

const char *dhcp_store_why(const struct dhcp_store *s)
{
	return s->why;
}
