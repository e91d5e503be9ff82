/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state.c - the state store: a lock, an SQLite file, one row per object.
 *
 * The lock comes first and is held as long as the process lives: whoever holds DIR/lock owns the
 * state, the guests' sockets below DIR and the control socket. The kernel drops it when the
 * process dies, however it dies, so that there is no stale lock to break. The holder writes its
 * pid into the file, only for the message that a second daemon prints.
 *
 * state.db is in WAL mode with synchronous=NORMAL: a crash of the daemon loses nothing, a power
 * cut can lose the last changes but never the file. One transaction per change. The statements of
 * changes are prepared once, and reset after each call so that none holds a lock.
 */
#include "vswitchd/host/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/hash.h"

enum {
	STATE_APP_ID = 0x76737764, /* "vswd": tells our files from other SQLite files */
	STATE_VERSION = 1,
	LOCK_TRIES = 25,
	LOCK_PAUSE_US = 20000,
};

enum { STATE_DIR_MAX = PATH_MAX - 128 }; /* room for file names below it */

static struct {
	char dir[STATE_DIR_MAX];
	char instance[9];
	int lock_fd;
	sqlite3 *db;
	sqlite3_stmt *put, *del, *get; /* prepared at their first use */
} state = {.lock_fd = -1};

static const char schema[] = "CREATE TABLE object("
			     " seq INTEGER PRIMARY KEY AUTOINCREMENT,"
			     " kind TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL,"
			     " UNIQUE(kind, name));"
			     "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);";

static int db_err(struct err *err, const char *what)
{
	return err_set(err, -EIO, "%s/state.db: cannot %s: %s", state.dir, what,
		       sqlite3_errmsg(state.db));
}

static int db_exec(const char *sql, const char *what, struct err *err)
{
	return sqlite3_exec(state.db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_err(err, what);
}

/* The only row and column of @sql as an integer; -1 when it fails. */
static int64_t db_int(const char *sql)
{
	sqlite3_stmt *st;
	int64_t v = -1;

	if (sqlite3_prepare_v2(state.db, sql, -1, &st, NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_step(st) == SQLITE_ROW)
		v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return v;
}

/* Prepare @sql, if *@st is not that already, and bind up to three texts (NULL ends them), which
 * must live until db_done(). NULL when it fails. */
static sqlite3_stmt *db_prepare(sqlite3_stmt **st, const char *sql, const char *a, const char *b,
				const char *c)
{
	const char *text[] = {a, b, c};

	if (!state.db)
		return NULL;
	if (!*st &&
	    sqlite3_prepare_v3(state.db, sql, -1, SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK)
		return NULL;
	for (int i = 0; i < 3 && text[i]; i++)
		if (sqlite3_bind_text(*st, i + 1, text[i], -1, SQLITE_STATIC) != SQLITE_OK)
			return NULL;
	return *st;
}

/* A statement that is not reset would keep its lock, and its bindings are gone soon. */
static int db_done(sqlite3_stmt *st)
{
	sqlite3_clear_bindings(st);
	return sqlite3_reset(st);
}

static int db_run(sqlite3_stmt **kept, const char *sql, const char *a, const char *b, const char *c,
		  struct err *err)
{
	sqlite3_stmt *st = db_prepare(kept, sql, a, b, c);
	int rc;

	if (!st)
		return db_err(err, "prepare a change");
	rc = sqlite3_step(st) == SQLITE_DONE ? 0 : db_err(err, "write");
	db_done(st);
	return rc;
}

static int dir_make(const char *dir, struct err *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", dir);
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return err_sys(err, -errno, "cannot make directory %s", path);
		*p = '/';
	}
	if (mkdir(path, 0750) < 0 && errno != EEXIST)
		return err_sys(err, -errno, "cannot make directory %s", path);
	return 0;
}

/* Who holds the lock, as far as the file tells. */
static int lock_refused(int fd, struct err *err)
{
	char buf[32] = "";
	ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);

	buf[n > 0 ? strcspn(buf, "\n") : 0] = '\0';
	close(fd);
	return err_set(err, -EBUSY,
		       "another vswitchd (pid %s) uses state directory %s: stop it, or give this "
		       "one its own --state and --socket",
		       buf[0] ? buf : "unknown", state.dir);
}

/* A killed daemon's lock goes with its last thread, which may be a moment after its main thread
 * was seen dead by whoever starts the next one. */
static int lock_wait(int fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		usleep(LOCK_PAUSE_US);
	}
	return -EBUSY;
}

static int lock_take(struct err *err)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/lock", state.dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return err_sys(err, -errno, "cannot open %s", path);
	if (lock_wait(fd))
		return lock_refused(fd, err);
	state.lock_fd = fd;
	return state_lock_pid();
}

int state_lock_pid(void)
{
	char buf[32];
	int n = snprintf(buf, sizeof(buf), "%d\n", getpid());

	if (ftruncate(state.lock_fd, 0) < 0 || pwrite(state.lock_fd, buf, (size_t)n, 0) < 0)
		return -errno;
	return 0;
}

static int db_create(struct err *err)
{
	char sql[sizeof(schema) + 256];
	uint32_t id;

	random_bytes(&id, sizeof(id));
	snprintf(sql, sizeof(sql),
		 "BEGIN IMMEDIATE; %s INSERT INTO meta VALUES('instance','%08x');"
		 "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT;",
		 schema, id, STATE_APP_ID, STATE_VERSION);
	return db_exec(sql, "set up", err);
}

static int damaged(struct err *err, const char *why)
{
	return err_set(err, -EBADMSG,
		       "%s/state.db is not usable (%s): move it away to start with nothing, or put "
		       "a good copy back",
		       state.dir, why);
}

static int db_check(struct err *err)
{
	int64_t tables = db_int("SELECT count(*) FROM sqlite_master");
	int64_t app = db_int("PRAGMA application_id"), version = db_int("PRAGMA user_version");
	sqlite3_stmt *st = NULL;
	bool ok = false;

	if (tables < 0)
		return damaged(err, sqlite3_errmsg(state.db));
	if (tables == 0)
		return db_create(err);
	if (app != STATE_APP_ID)
		return damaged(err, "a database of something else");
	if (version != STATE_VERSION)
		return damaged(err, "written by another version of vswitchd");
	if (db_prepare(&st, "PRAGMA quick_check(1)", NULL, NULL, NULL) &&
	    sqlite3_step(st) == SQLITE_ROW)
		ok = !strcmp((const char *)sqlite3_column_text(st, 0), "ok");
	sqlite3_finalize(st);
	return ok ? 0 : damaged(err, "its pages are damaged");
}

static int instance_load(struct err *err)
{
	sqlite3_stmt *st = NULL;

	if (db_prepare(&st, "SELECT value FROM meta WHERE key='instance'", NULL, NULL, NULL) &&
	    sqlite3_step(st) == SQLITE_ROW)
		snprintf(state.instance, sizeof(state.instance), "%s",
			 (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	if (strspn(state.instance, "0123456789abcdef") != 8)
		return damaged(err, "its instance id is missing");
	return 0;
}

static int db_open(struct err *err)
{
	char path[PATH_MAX];
	mode_t old = umask(0027);
	int rc;

	snprintf(path, sizeof(path), "%s/state.db", state.dir);
	rc = sqlite3_open_v2(path, &state.db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW,
			     NULL);
	if (rc == SQLITE_OK)
		sqlite3_exec(state.db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", NULL,
			     NULL, NULL);
	umask(old);
	if (rc != SQLITE_OK)
		return db_err(err, "open");
	rc = db_check(err);
	return rc ? rc : instance_load(err);
}

int state_open(const char *dir, struct err *err)
{
	char real[PATH_MAX];
	int rc = dir_make(dir, err);

	if (rc)
		return rc;
	if (!realpath(dir, real))
		return err_sys(err, -errno, "cannot resolve directory %s", dir);
	if (snprintf(state.dir, sizeof(state.dir), "%s", real) >= (int)sizeof(state.dir))
		return err_set(err, -ENAMETOOLONG, "state directory name is too long: %s", dir);
	rc = lock_take(err);
	if (!rc)
		rc = db_open(err);
	if (rc)
		state_close();
	return rc;
}

void state_close(void)
{
	sqlite3_finalize(state.put);
	sqlite3_finalize(state.del);
	sqlite3_finalize(state.get);
	state.put = state.del = state.get = NULL;
	sqlite3_close(state.db);
	state.db = NULL;
	if (state.lock_fd >= 0) {
		if (ftruncate(state.lock_fd, 0) < 0)
			errno = 0; /* the pid in it is only for a message */
		close(state.lock_fd);
	}
	state.lock_fd = -1;
	state.instance[0] = '\0';
}

const char *state_instance(void)
{
	return state.instance;
}

const char *state_dir(void)
{
	return state.dir;
}

int state_put(const char *kind, const char *name, const json_t *doc, struct err *err)
{
	char *text = json_dumps(doc, JSON_COMPACT | JSON_ENCODE_ANY);
	int rc;

	if (!text)
		return err_set(err, -ENOMEM, "cannot record %s %s: memory is short", kind, name);
	/* An upsert keeps seq, and with it the order of creation. */
	rc = db_run(&state.put,
		    "INSERT INTO object(kind,name,doc) VALUES(?1,?2,?3)"
		    " ON CONFLICT(kind,name) DO UPDATE SET doc=?3",
		    kind, name, text, err);
	free(text);
	return rc ? err_wrap(err, "%s %s is not recorded", kind, name) : 0;
}

int state_del(const char *kind, const char *name, struct err *err)
{
	return db_run(&state.del, "DELETE FROM object WHERE kind=?1 AND name=?2", kind, name, NULL,
		      err);
}

json_t *state_get(const char *kind, const char *name)
{
	sqlite3_stmt *st = db_prepare(
		&state.get, "SELECT doc FROM object WHERE kind=?1 AND name=?2", kind, name, NULL);
	json_t *doc = NULL;

	if (!st)
		return NULL;
	if (sqlite3_step(st) == SQLITE_ROW)
		doc = json_loads((const char *)sqlite3_column_text(st, 0), JSON_DECODE_ANY, NULL);
	db_done(st);
	return doc;
}

json_t *state_all(const char *kind)
{
	static const char sql[] = "SELECT name,doc FROM object WHERE kind=?1 ORDER BY seq";
	sqlite3_stmt *st = NULL;
	json_t *all = json_object(), *doc;

	db_prepare(&st, sql, kind, NULL, NULL);
	while (st && all && sqlite3_step(st) == SQLITE_ROW) {
		doc = json_loads((const char *)sqlite3_column_text(st, 1), JSON_DECODE_ANY, NULL);
		if (doc)
			json_object_set_new(all, (const char *)sqlite3_column_text(st, 0), doc);
	}
	sqlite3_finalize(st);
	return all;
}
