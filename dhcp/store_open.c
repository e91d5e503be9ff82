/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store_open.c - opening leases.db, saving what can be read of a damaged one, and the thread that
 * syncs it.
 *
 * One writer connection, used by the loop; one connection of the thread. They meet only in SQLite
 * and in `dirty`. Automatic checkpoints are off on the writer, because they sync two files while
 * the network waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dhcp/store_int.h"

enum { SYNC_EVERY_S = 1, BUSY_MS = 1000 };
/* Pages in the log past which it must begin anew: 32 MiB. */
enum { LOG_PAGES_MAX = 8192 };
enum { HEADER_MAGIC = 16 };

/* A client has one row a network: giving it another address replaces the old row. */
static const char schema[] =
	"CREATE TABLE IF NOT EXISTS leases ("
	" net TEXT NOT NULL, addr INTEGER NOT NULL, client BLOB NOT NULL, mac BLOB NOT NULL,"
	" hostname BLOB NOT NULL, expires_s INTEGER NOT NULL, lease_s INTEGER NOT NULL,"
	" PRIMARY KEY (net, addr), UNIQUE (net, client)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS reserved ("
	" net TEXT NOT NULL, addr INTEGER NOT NULL, who BLOB NOT NULL,"
	" PRIMARY KEY (net, addr)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS clock ("
	" id INTEGER PRIMARY KEY CHECK (id = 0), boot TEXT NOT NULL, ahead_ms INTEGER NOT NULL);";

static const char *const sql[STMT_N] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[RENEW] = ("UPDATE leases SET mac = ?4, hostname = ?5, expires_s = ?6, lease_s = ?7"
		   " WHERE net = ?1 AND addr = ?2 AND client = ?3"),
	[PUT] = "INSERT OR REPLACE INTO leases VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[DEL] = "DELETE FROM leases WHERE net = ?1 AND addr = ?2",
	[RESERVE] = "INSERT OR REPLACE INTO reserved VALUES (?1, ?2, ?3)",
	[UNRESERVE] = "DELETE FROM reserved WHERE net = ?1 AND addr = ?2",
	[FORGET_LEASES] = "DELETE FROM leases WHERE net = ?1",
	[FORGET_RESERVED] = "DELETE FROM reserved WHERE net = ?1",
	[SHIFT] = "UPDATE leases SET expires_s = expires_s + ?1",
	[CLOCK_GET] = "SELECT boot, ahead_ms FROM clock",
	[CLOCK_SET] = "INSERT OR REPLACE INTO clock VALUES (0, ?1, ?2)",
	[LOAD] = ("SELECT addr, client, mac, hostname, expires_s, lease_s FROM leases"
		  " WHERE net = ?1 ORDER BY expires_s"),
	[LOAD_RESERVED] = "SELECT addr, who FROM reserved WHERE net = ?1 ORDER BY addr",
};

const char *store_sql(enum stmt which)
{
	return sql[which];
}

/* ---- the syncing thread ---------------------------------------------------------------------- */

/* SQLite reads the header again only when somebody else changed the file by SQLite. */
static bool header_sound(sqlite3 *db)
{
	static const char magic[HEADER_MAGIC] = "SQLite format 3";
	char head[HEADER_MAGIC];
	sqlite3_file *file = NULL;

	sqlite3_file_control(db, NULL, SQLITE_FCNTL_FILE_POINTER, &file);
	return !file || !file->pMethods ||
	       (file->pMethods->xRead(file, head, sizeof(head), 0) == SQLITE_OK &&
		memcmp(head, magic, sizeof(head)) == 0);
}

/* PASSIVE: syncs the log, copies what no reader needs into the main file, syncs that, and never
 * waits for or blocks the writer. RESTART does what is left of that with the writer waiting. */
static void sync_once(struct dhcp_store *s, sqlite3 *db)
{
	int pages = 0;

	if (!atomic_exchange(&s->dirty, false))
		return;
	if (sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, NULL) !=
	    SQLITE_OK)
		atomic_store(&s->dirty, true); /* disk full, say: try again in a second */
	else if (pages > LOG_PAGES_MAX)
		sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
	if (!header_sound(db))
		atomic_store(&s->health, FILE_BAD);
}

static void *sync_main(void *arg)
{
	struct dhcp_store *s = arg;
	sqlite3 *db = NULL;
	struct timespec until;

	if (sqlite3_open_v2(s->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL) ==
	    SQLITE_OK)
		sqlite3_exec(db, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL);
	sqlite3_busy_timeout(db, BUSY_MS);
	pthread_mutex_lock(&s->lock);
	while (!s->stop) {
		if (!atomic_load(&s->dirty)) {
			pthread_cond_wait(&s->wake, &s->lock);
			continue;
		}
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

	s->stop = false;
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
	s->threaded = false;
}

/* ---- opening, salvaging, closing ------------------------------------------------------------- */

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
	s->main = s->wal = (struct store_file){0};
	s->open_tx = s->tx_failed = false;
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

static bool same_file(const char *path, const char *suffix, struct store_file *known)
{
	char name[4200];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	if (stat(name, &st))
		return false;
	if (!known->ino)
		*known = (struct store_file){st.st_dev, st.st_ino};
	return known->ino == st.st_ino && known->dev == st.st_dev;
}

/* The log is there as soon as tables were made, or looked for, in WAL mode. */
bool store_in_place(struct dhcp_store *s)
{
	return !s->path[0] ||
	       (same_file(s->path, "", &s->main) && same_file(s->path, "-wal", &s->wal));
}

/* Read rows of the damaged file until it gives no more, from one end and then from the other, as a
 * bad page in the middle ends either walk. */
static unsigned int salvage_rows(struct dhcp_store *to, sqlite3 *from, const char *query,
				 bool leases)
{
	struct dhcp_record rec;
	struct dhcp_who who;
	sqlite3_stmt *st;
	unsigned int kept = 0;
	be32 addr;

	if (sqlite3_prepare_v2(from, query, -1, &st, NULL) != SQLITE_OK)
		return 0;
	while (sqlite3_step(st) == SQLITE_ROW) {
		int n = sqlite3_column_count(st) - 1; /* the network's name comes last */
		const char *net = (const char *)sqlite3_column_text(st, n);

		if (net && leases && store_row_lease(st, &rec))
			kept += dhcp_store_sqlite.put(to, net, &rec) == 0;
		else if (net && !leases && store_row_reserved(st, &addr, &who))
			kept += dhcp_store_sqlite.reserve(to, net, addr, &who) == 0;
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
				 "SELECT addr, who, net FROM reserved ORDER BY net %s, addr %s",
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
			       " (SELECT count(*) FROM reserved)",
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
	err = dhcp_store_sqlite.commit(s);
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
	if (store_health_of(rc) == FILE_BAD && dir)
		rc = put_aside(s, found);
	else
		rc = store_errno(rc);
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

int dhcp_store_reopen(struct dhcp_store *s, struct dhcp_salvage *found)
{
	bool removed = !store_in_place(s);
	int rc;

	*found = (struct dhcp_salvage){0};
	if (!s->path[0])
		return -EIO;
	sync_stop(s);
	close_db(s);
	atomic_store(&s->health,
		     FILE_SOUND); /* of the file that is made: what is saved goes there */
	rc = open_db(s);
	rc = store_health_of(rc) == FILE_BAD ? put_aside(s, found) : store_errno(rc);
	if (!rc)
		rc = sync_start(s);
	if (removed && !rc)
		snprintf(s->why, sizeof(s->why), "it was removed or replaced");
	found->damaged |= removed;
	atomic_store(&s->health, rc ? FILE_BAD : FILE_SOUND);
	return rc;
}

void dhcp_store_close(struct dhcp_store *s)
{
	if (!s)
		return;
	if (s->db)
		dhcp_store_sqlite.commit(s);
	sync_stop(s);
	close_db(s); /* the last connection: checkpoints and removes the log */
	free(s);
}
