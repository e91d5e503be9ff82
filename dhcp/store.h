/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store.h - where leases outlive the daemon.
 *
 * The server (server.h) knows a store only as these operations, so that tests give it memory and a
 * disk that fails. Changes join one open transaction; commit makes them last. The rule that
 * everything here serves: an ACK leaves only after the commit that holds its lease returned 0.
 */
#ifndef DHCP_STORE_H
#define DHCP_STORE_H

#include "dhcp/lease.h"
#include "lib/err.h"

/* A lease on disk. Times are seconds since the epoch: the only clock that means the same after a
 * boot. An entry that has ended stays, so that its client gets the same address again. */
struct dhcp_record {
	be32 addr;
	struct dhcp_key key;
	struct mac mac;
	uint8_t hostname_len;
	uint8_t hostname[DHCP_HOSTNAME_KEEP];
	int64_t expires_s;
	uint32_t lease_s; /* what was granted: a bound on what is left after a clock jump */
};

/* Room for what a network is called here: its name, "NAME/6" for its IPv6 addresses, and the NUL.
 */
enum { DHCP_NET_MAX = 56 };

/* All return 0 or a negative errno. @net names the network. */
struct dhcp_store_ops {
	int (*put)(void *ctx, const char *net, const struct dhcp_record *rec);
	int (*del)(void *ctx, const char *net, be32 addr);
	int (*reserve)(void *ctx, const char *net, be32 addr, const struct dhcp_who *who);
	int (*unreserve)(void *ctx, const char *net, be32 addr);
	/* Make what was changed since the last commit last. Fails, and none of it lasts, also when
	 * one of the changes had failed. */
	int (*commit)(void *ctx);
	/* Give every lease and reservation of @net to the callbacks. */
	int (*load)(void *ctx, const char *net,
		    void (*lease)(void *arg, const struct dhcp_record *rec),
		    void (*reserved)(void *arg, be32 addr, const struct dhcp_who *who), void *arg);
};

/* ---- store_sqlite.c, store_open.c: DIR/leases.db
 * -------------------------------------------------------------
 *
 * SQLite in WAL mode, synchronous=NORMAL. A commit is one append to the write-ahead log: it is in
 * the kernel before the ACK leaves, so no crash or kill of the process loses it. Power loss is
 * another matter, and a thread of the store takes care of it: once a second, if anything was
 * committed, it syncs the log and moves it into the main file (a passive checkpoint on a connection
 * of its own, which never makes the writer wait). Under load that never ends the log, which begins
 * anew only when all of it has been moved: past 32 MiB the thread lets the writer wait for that. An
 * fsync before each ACK would cap the server at the disk's flush rate for the sake of leases that
 * both sides lose in the same power cut anyhow.
 */
/*
 * A file that goes bad while it is open is noticed: each transaction looks whether the names still
 * lead to the files that are written (a removed file takes what is written as if nothing were
 * wrong), SQLite's errors of the file itself count, and the thread looks at the file's header. Then
 * dhcp_store_damaged() holds, every change fails, and dhcp_store_reopen() is wanted. Errors that
 * may be the disk's (SQLITE_IOERR, say) are tried again and end that state by themselves when it
 * works. */
struct dhcp_store;

enum { DHCP_WHY = 160, DHCP_BOOT_ID = 36 };

extern const struct dhcp_store_ops dhcp_store_sqlite;

/* What opening found. */
struct dhcp_salvage {
	bool damaged;	   /* the file was no sound database and was put aside */
	unsigned int kept; /* leases and reservations read from it all the same */
	char aside[64];	   /* the damaged file's new name in the directory */
};

/* Open or make leases.db in directory @dir (that exists). A damaged file is renamed, what can be
 * read of it is kept, and *@salvage tells. NULL @dir: in memory. 0 and *@out, owned by the caller,
 * or a negative errno. */
int dhcp_store_open(const char *dir, struct dhcp_store **out, struct dhcp_salvage *salvage,
		    struct err *err);
/* Commits what is open, syncs, closes. NULL is accepted. */
void dhcp_store_close(struct dhcp_store *s);
/* load() while another thread uses the store: by a connection for this once, which reads what is
 * committed. 0, or a negative errno before a row was given, unless the file becomes unreadable
 * between two reads of it: also where a row makes no sense, so that load() counts it. */
int dhcp_store_load_beside(struct dhcp_store *s, const char *net,
			   void (*lease)(void *arg, const struct dhcp_record *rec),
			   void (*reserved)(void *arg, be32 addr, const struct dhcp_who *who),
			   void *arg);
/* Is the file bad? From any thread. */
bool dhcp_store_damaged(const struct dhcp_store *s);
/* Open the file anew, as dhcp_store_open() does: one that is sound again is kept. On failure the
 * store stays, damaged, and takes nothing. */
int dhcp_store_reopen(struct dhcp_store *s, struct dhcp_salvage *salvage);
/* Forget everything of network @net. Joins the open transaction. */
int dhcp_store_forget(struct dhcp_store *s, const char *net);
/*
 * The file also knows the boot that it was written in, and how far the wall clock was ahead of
 * CLOCK_BOOTTIME then. Within a boot a lease's end is therefore exact, however the wall clock was
 * set meanwhile, also while no daemon ran; after another boot the wall clock is all there is.
 *
 * To be called once after opening: this is boot @boot, the wall clock is @ahead_ms ahead. Leases
 * move with it by *@moved_s when it was set since. Commits.
 */
int dhcp_store_boot(struct dhcp_store *s, const char *boot, int64_t ahead_ms, int64_t *moved_s);
/* The wall clock is now @ahead_ms ahead. With @set, because somebody set it, and every lease's end
 * moves along; else it has drifted. Joins the open transaction. */
int dhcp_store_clock(struct dhcp_store *s, int64_t ahead_ms, bool set);
/* Rows that could not be understood since opening and were left out. */
unsigned int dhcp_store_bad_rows(const struct dhcp_store *s);
/* One line: why the last operation failed. */
const char *dhcp_store_why(const struct dhcp_store *s);

#endif
