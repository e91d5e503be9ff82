/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The range of outside ports, which all uplinks and NAT networks of this daemon share.
 *
 * Theory of operation. Daemons that share the host's addresses claim ports (claim.h) in blocks of
 * 1,024, and a block has one daemon; so ranges never overlap, and what a killed daemon had is free
 * at once. The range is chosen when the first uplink opens. Without nat-ports= it is 61000 to
 * 65535, which Linux keeps for nobody (ip_local_port_range ends at 60999), or when another daemon
 * has that, the next below of five thousand. With it, it is the smallest that has what each network
 * asks for. What lies in the host's own range is reserved (portreserve.h). When the range changes,
 * uplinks are closed, which ends their flows, and open again with the new one.
 *
 * Numbers below 1024 (nat_ext.h) are block 0: the daemon that takes one first has them all.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "modes/nat/nat_uplink_int.h"
#include "vswitchd/host/claim.h"
#include "vswitchd/host/portreserve.h"

enum { BLOCK = 1024 };

static const struct {
	uint16_t first, last;
} automatic[] = {
	{NAT_PORT_FIRST, NAT_PORT_LAST},
	{55296, 60415}, /* on the bounds of blocks from here on */
	{50176, 55295},
	{45056, 50175},
	{39936, 45055},
	{34816, 39935},
};

/* ---- blocks ---------------------------------------------------------------------------------- */

static int block_take(struct uplink_range *r, unsigned int block, struct err *err)
{
	char name[32], holder[CLAIM_HOLDER_STR] = "";
	int fd;

	if (r->blocks[block])
		return 0;
	snprintf(name, sizeof(name), "nat-ports/%u", block);
	fd = claim_take(name, holder);
	if (fd == -EADDRINUSE)
		return err_set(err, fd, "ports %u to %u belong to %s", block * BLOCK,
			       block * BLOCK + BLOCK - 1, holder);
	if (fd < 0)
		return err_sys(err, fd, "claim of ports");
	r->blocks[block] = fd + 1;
	return 0;
}

static void block_drop(struct uplink_range *r, unsigned int block)
{
	claim_drop(r->blocks[block] - 1);
	r->blocks[block] = 0;
}

/* Keep those of [@first, @last] and block 0. */
static void blocks_trim(struct uplink_range *r, uint16_t first, uint16_t last)
{
	for (unsigned int b = 1; b < ARRAY_SIZE(r->blocks); b++)
		if (!first || b < first / BLOCK || b > last / BLOCK)
			block_drop(r, b);
}

/* ---- the range ------------------------------------------------------------------------------- */

/* All or nothing. */
static int range_claim(struct uplink_range *r, uint16_t first, uint16_t last, struct err *err)
{
	int rc = 0;

	for (unsigned int b = first / BLOCK; rc == 0 && b <= last / BLOCK; b++)
		rc = block_take(r, b, err);
	if (rc == 0)
		rc = portreserve_set(first, last, err);
	if (rc < 0) {
		blocks_trim(r, r->first, r->last);
		return rc;
	}
	r->first = first;
	r->last = last;
	blocks_trim(r, first, last);
	return 0;
}

/* What networks ask for, in one; 0 when none does. */
static void wished(const struct uplinks *u, uint16_t *first, uint16_t *last)
{
	*first = *last = 0;
	for (const struct nat_net *nn = u->users; nn; nn = nn->next) {
		if (!nn->ports_first)
			continue;
		*first = *first ? MIN(*first, nn->ports_first) : nn->ports_first;
		*last = MAX(*last, nn->ports_last);
	}
}

static void tell(const struct uplink_range *r, const struct err *first_refusal)
{
	char *reserved = portreserve_text();

	log_info("nat: outside ports are %u to %u%s%s%s%s", r->first, r->last,
		 first_refusal->code ? "; " : "", first_refusal->text,
		 reserved ? "; reserved of the host's: " : "", reserved ? reserved : "");
	free(reserved);
}

static int claim_automatic(struct uplink_range *r, struct err *err)
{
	struct err first = {0};
	int rc = -EADDRINUSE;

	for (size_t i = 0; rc < 0 && i < ARRAY_SIZE(automatic); i++)
		rc = range_claim(r, automatic[i].first, automatic[i].last, i ? err : &first);
	if (rc == 0)
		tell(r, &first);
	else if (err)
		*err = first;
	return rc;
}

static int claim_wished(struct uplinks *u, struct err *err)
{
	const struct err none = {0};
	uint16_t first, last;
	int rc;

	wished(u, &first, &last);
	if (first) {
		rc = range_claim(&u->range, first, last, err);
		if (rc == 0)
			tell(&u->range, &none);
	} else {
		rc = claim_automatic(&u->range, err);
	}
	if (rc == 0)
		u->range.automatic = !first;
	return rc;
}

int uplink_range_get(struct uplinks *u, struct err *err)
{
	return u->range.first ? 0 : claim_wished(u, err);
}

static void range_drop(struct uplink_range *r)
{
	r->first = r->last = 0;
	blocks_trim(r, 0, 0);
	portreserve_set(0, 0, NULL);
}

int uplinks_range_change(struct uplinks *u, struct err *err)
{
	struct uplink_range before = u->range;
	uint16_t first, last;
	int rc = 0;

	wished(u, &first, &last);
	if (first ? first == before.first && last == before.last
		  : before.automatic || !before.first)
		return 0;
	if (first)
		rc = claim_wished(u, err);
	else
		range_drop(&u->range);
	if (rc == 0)
		uplinks_close_all(u);
	return rc;
}

void uplink_range_put(struct uplinks *u)
{
	range_drop(&u->range);
	block_drop(&u->range, 0);
}

bool uplink_range_low(struct uplinks *u)
{
	return block_take(&u->range, 0, NULL) == 0;
}

void uplinks_range(const struct uplinks *u, uint16_t *first, uint16_t *last)
{
	*first = u->range.first;
	*last = u->range.last;
}
