/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list is one file that everybody reads and writes as a whole. Daemons do it one after the
 * other (claim.h); whoever edits it by hand at the same moment may still be in between.
 *
 * Written to the store before it is written to the kernel: a daemon that is killed between the two
 * takes out what was never in.
 */
#include "vswitchd/host/portreserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "vswitchd/host/claim.h"
#include "vswitchd/host/portlist.h"
#include "vswitchd/host/procfs.h"
#include "vswitchd/host/state.h"

#define RESERVED "/proc/sys/net/ipv4/ip_local_reserved_ports"
#define RANGE	 "/proc/sys/net/ipv4/ip_local_port_range"

enum { LOCK_TRIES = 50, LOCK_PAUSE_US = 2000 };

static struct portlist ours;

/* ---- the file -------------------------------------------------------------------------------- */

static int file_read(struct portlist *l)
{
	FILE *f = fopen(RESERVED, "re");
	char *line = NULL;
	size_t size = 0;
	int rc;

	if (!f)
		return -errno;
	rc = getline(&line, &size, f) >= 0 ? portlist_parse(l, line) : -EIO;
	free(line);
	fclose(f);
	return rc;
}

static int file_write(const struct portlist *l)
{
	char *text = portlist_text(l);
	int fd = text ? open(RESERVED, O_WRONLY | O_CLOEXEC) : -1, rc = fd < 0 ? -errno : 0;
	size_t len = text ? strlen(text) : 0, done = 0;

	if (!text)
		return -ENOMEM;
	/* A list longer than a page is taken in pieces. An empty one is a newline. */
	while (rc == 0 && (done < len || len == 0)) {
		ssize_t n = len ? write(fd, text + done, len - done) : write(fd, "\n", 1);

		if (n <= 0)
			rc = n < 0 ? -errno : -EIO;
		else
			done += (size_t)n;
		if (!len)
			break;
	}
	if (fd >= 0)
		close(fd);
	free(text);
	return rc;
}

/* @out: what of [@first, @last] the kernel gives to programs by itself. */
static void need(uint16_t first, uint16_t last, struct portlist *out)
{
	unsigned int low = 0, high = 0;
	FILE *f = fopen(RANGE, "re");

	*out = (struct portlist){0};
	if (f && fscanf(f, "%u %u", &low, &high) == 2)
		for (uint32_t port = MAX((uint32_t)first, low); port <= MIN((uint32_t)last, high);
		     port++)
			portlist_add(out, (uint16_t)port);
	if (f)
		fclose(f);
}

/* ---- what is remembered ---------------------------------------------------------------------- */

/* Which namespace of which boot the list is of. */
static void place(char *out, size_t size)
{
	char boot[37];
	struct stat st;

	proc_boot_id(boot);
	snprintf(out, size, "%s/%llu", boot,
		 stat("/proc/self/ns/net", &st) == 0 ? (unsigned long long)st.st_ino : 0);
}

static void remember(const struct portlist *l)
{
	char *text = portlist_is_empty(l) ? NULL : portlist_text(l), where[80];
	json_t *doc;

	if (!text) {
		state_del("reserved", "ports", NULL);
		return;
	}
	place(where, sizeof(where));
	doc = json_pack("{s:s, s:s}", "where", where, "ports", text);
	state_put("reserved", "ports", doc, NULL);
	json_decref(doc);
	free(text);
}

/* ---- change ---------------------------------------------------------------------------------- */

static int lock(void)
{
	char holder[CLAIM_HOLDER_STR];
	int fd = -1;

	for (int i = 0; i < LOCK_TRIES && fd < 0; i++) {
		if (i)
			usleep(LOCK_PAUSE_US);
		fd = claim_take("reserve", holder);
	}
	return fd;
}

/* Have @wanted in the list of the kernel's instead of what was ours. */
static int change(const struct portlist *wanted)
{
	struct portlist now = {0}, both = ours;
	int fd = lock(), rc = file_read(&now);

	for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(now.bits); i++) {
		uint64_t others = now.bits[i] & ~ours.bits[i];

		both.bits[i] |= wanted->bits[i] & ~others;
		ours.bits[i] = wanted->bits[i] & ~others;
		now.bits[i] = others | ours.bits[i];
	}
	if (rc == 0) {
		remember(&both);
		rc = file_write(&now);
	}
	if (rc == 0)
		remember(&ours);
	claim_drop(fd);
	return rc;
}

int portreserve_set(uint16_t first, uint16_t last, struct err *err)
{
	struct portlist wanted = {0}, before = ours;
	int rc;

	if (first)
		need(first, last, &wanted);
	if (portlist_is_empty(&wanted) && portlist_is_empty(&ours))
		return 0;
	rc = change(&wanted);
	if (rc == 0)
		return 0;
	ours = before;
	return err_sys(err, rc,
		       "ports %u to %u can't be kept from programs: " RESERVED " can't be changed",
		       first, last);
}

void portreserve_recover(void)
{
	json_t *doc = state_get("reserved", "ports");
	const struct portlist none = {0};
	char where[80];

	if (!doc)
		return;
	place(where, sizeof(where));
	if (!strcmp(where, json_string_value(json_object_get(doc, "where")) ?: "") &&
	    portlist_parse(&ours, json_string_value(json_object_get(doc, "ports")) ?: "") == 0) {
		log_info("ports %s, which an earlier life has reserved, are free again",
			 json_string_value(json_object_get(doc, "ports")));
		change(&none);
	} else {
		state_del("reserved", "ports", NULL);
	}
	ours = none;
	json_decref(doc);
}

char *portreserve_text(void)
{
	return portlist_is_empty(&ours) ? NULL : portlist_text(&ours);
}
