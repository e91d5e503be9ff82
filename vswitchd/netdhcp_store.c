/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdhcp_store.c - the lease file of the daemon, and what is said of it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "vswitchd/netdhcp_int.h"
#include "vswitchd/netsix.h"
#include "vswitchd/switch/runner.h"

enum {
	JUMP_MS = 2000,	 /* in a second; by less the wall clock is slewed */
	DRIFT_MS = 1000, /* worth writing down */
	LOOK_MS = 900	 /* networks tick once a second */
};

static struct {
	struct dhcp_store *store;
	struct dhcp_salvage found; /* when it was opened, or opened anew */
	bool rebuilt;		   /* from memory, since then */
	bool failing;
	uint64_t failures;
	char why[DHCP_WHY];
	msec told_ms, looked_ms;
	/* How far the wall clock is ahead of CLOCK_BOOTTIME: a second ago, and on record. */
	int64_t ahead_ms, recorded_ms;
	bool clock_lost; /* the record of it could not be written */
} file;

/* ---- open and close -------------------------------------------------------------------------- */

/* The same as long as CLOCK_BOOTTIME counts on. */
static void read_boot_id(char out[DHCP_BOOT_ID + 1])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	out[0] = '\0';
	if (f && !fgets(out, DHCP_BOOT_ID + 1, f))
		out[0] = '\0';
	if (f)
		fclose(f);
}

static void tell_moved(int64_t by_s)
{
	if (by_s > JUMP_MS / 1000 || by_s < -JUMP_MS / 1000)
		log_info("the clock was set by %lld s: leases on record follow", (long long)by_s);
}

static void set_clock(void)
{
	char boot[DHCP_BOOT_ID + 1];
	int64_t moved_s;

	read_boot_id(boot);
	file.ahead_ms = file.recorded_ms = clock_wall_ms() - (int64_t)clock_now_ms();
	if (dhcp_store_boot(file.store, boot, file.ahead_ms, &moved_s))
		log_warn("the lease file does not know the clock: %s", dhcp_store_why(file.store));
	tell_moved(moved_s);
}

int netdhcp_open_store(const char *dir, struct err *err)
{
	struct dhcp_salvage *found = &file.found;
	int rc;

	if (file.store)
		return err_set(err, -EBUSY, "the lease file is open already");
	rc = dhcp_store_open(dir, &file.store, found, err);
	if (rc)
		return rc;
	if (found->damaged)
		log_warn("the lease file was damaged: %u leases and reservations were read from "
			 "it, the rest is lost; it is kept as %s/%s",
			 found->kept, dir, found->aside);
	set_clock();
	return 0;
}

void netdhcp_close_store(void)
{
	netdhcp_hold_stop();
	dhcp_store_close(file.store);
	memset(&file, 0, sizeof(file));
}

struct dhcp_store *netdhcp_store(struct err *err)
{
	if (!file.store)
		netdhcp_open_store(NULL, err);
	return file.store;
}

void netdhcp_forget(const char *net_name)
{
	char six[NAME_MAX_ + sizeof(NETDHCP_SIX)];

	if (!file.store)
		return;
	snprintf(six, sizeof(six), "%s" NETDHCP_SIX, net_name);
	if (netdhcp_hold_forget_net(net_name) || netdhcp_hold_forget_net(six))
		log_warn("network %s: its leases can't be removed from the lease file, which is "
			 "busy",
			 net_name);
}

/* ---- can it be written? ---------------------------------------------------------------------- */

static void tell_event(struct runner *r, const char *state)
{
	runner_event(r, "dhcp.store",
		     json_pack("{s:s, s:o}", "state", state, "why",
			       file.failing ? json_string(file.why) : json_null()));
}

/* All that is in memory, of both families. */
static struct lease_image *image_of(const struct runner *r)
{
	struct lease_image *img = calloc(1, sizeof(*img));
	int64_t wall_s = clock_wall_s();

	for (const struct net *net = img ? r->nets : NULL; net; net = net->next) {
		const struct dhcp_server *six = net->six ? netsix_table(net) : NULL;

		if (net->dhcp) {
			lease_image_net(img, net->conf.name);
			dhcp_server_save(&net->dhcp->server, &lease_image_ops, img, r->now, wall_s);
		}
		if (six) {
			lease_image_net(img, six->conf.net);
			dhcp_server_save(six, &lease_image_ops, img, r->now, wall_s);
		}
	}
	return img;
}

/* While it could not be written it may have missed something; or it is bad. Memory is right. False:
 * no rebuilding is under way. */
static bool rebuild(const struct runner *r)
{
	struct lease_image *img;

	if (!r->loop || r->restoring)
		return false;
	if (netdhcp_hold_rebuilds())
		return true;
	img = image_of(r);
	if (!img)
		return false;
	img->reopen = dhcp_store_damaged(file.store);
	if (netdhcp_hold_rebuild(img))
		return true;
	lease_image_free(img);
	return false;
}

/* Keep what came of writing, and say what is new about it. */
static void note(struct runner *r, int rc)
{
	msec now = clock_now_ms();
	bool was = file.failing;

	file.failing = rc != 0;
	if (rc) {
		file.clock_lost = true; /* perhaps: written again when leases can be */
		file.failures++;
		snprintf(file.why, sizeof(file.why), "%s", dhcp_store_why(file.store));
	}
	if (was && !rc)
		log_info("leases can be written again");
	if (was != file.failing)
		tell_event(r, rc ? "failing" : "working");
	if (rc && (!was || now - file.told_ms >= NETDHCP_COMPLAIN_MS)) {
		log_error("leases can't be written (%s): no address is given out until that ends",
			  file.why);
		file.told_ms = now;
	}
}

void netdhcp_store_tell(struct runner *r, int rc)
{
	bool was = file.failing;

	/* On a disk that is all but full a small change may fit and the next not: it is well again
	 * when everything is on record. */
	if (was && !rc && rebuild(r))
		return;
	note(r, rc);
	if (rc && !was && dhcp_store_damaged(file.store))
		rebuild(r);
}

static void look(const struct runner *r)
{
	if (dhcp_store_damaged(file.store))
		rebuild(r);
	else if (file.failing)
		netdhcp_hold_clock(file.ahead_ms, false); /* a change, to see whether it works */
}

void netdhcp_store_rebuilt(struct runner *r, int rc, const struct dhcp_salvage *found)
{
	if (!rc && found->damaged) {
		file.found = *found;
		file.rebuilt = true;
		file.clock_lost = true; /* a new file knows no clock */
		log_warn("the lease file went bad (%s): it was written anew, with every lease in "
			 "force",
			 dhcp_store_why(file.store));
		runner_event(r, "dhcp.store",
			     json_pack("{s:s, s:s, s:s*}", "state", "rebuilt", "why",
				       dhcp_store_why(file.store), "aside",
				       found->aside[0] ? found->aside : NULL));
	}
	note(r, rc);
}

json_t *netdhcp_store_json(void)
{
	return json_pack(
		"{s:s, s:o, s:I, s:s?, s:i, s:b}", "state", file.failing ? "failing" : "working",
		"why", file.failing ? json_string(file.why) : json_null(), "failures",
		(json_int_t)file.failures, "aside", file.found.damaged ? file.found.aside : NULL,
		"saved", (int)file.found.kept, "rebuilt", file.rebuilt);
}

/* ---- the clock ------------------------------------------------------------------------------- */

/* Records end by the wall clock, which alone means something after a boot; leases by one that never
 * jumps. When the wall clock is set, the records move along. */
static void follow_clock(msec now)
{
	int64_t ahead_ms = clock_wall_ms() - (int64_t)now;
	int64_t jump = ahead_ms - file.ahead_ms, drift = ahead_ms - file.recorded_ms;
	bool set = jump > JUMP_MS || jump < -JUMP_MS || (file.clock_lost && !file.failing);

	if (set || drift > DRIFT_MS || drift < -DRIFT_MS) {
		if (netdhcp_hold_clock(ahead_ms, set))
			return; /* again in a second */
		tell_moved(jump / 1000);
		file.recorded_ms = ahead_ms;
		file.clock_lost = false;
	}
	file.ahead_ms = ahead_ms;
}

/* ---- once a second --------------------------------------------------------------------------- */

void netdhcp_store_tick(struct runner *r, msec now)
{
	if (!r->loop || !file.store || (file.looked_ms && now < file.looked_ms + LOOK_MS))
		return;
	file.looked_ms = now;
	look(r);
	follow_clock(now);
}
