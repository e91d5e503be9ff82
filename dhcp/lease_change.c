/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/lease_change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { IMAGE_FIRST = 64 };

void lease_change_write(struct dhcp_store *store, const struct lease_change *c)
{
	switch (c->kind) {
	case CHANGE_PUT:
		dhcp_store_sqlite.put(store, c->net, &c->rec);
		break;
	case CHANGE_DEL:
		dhcp_store_sqlite.del(store, c->net, c->rec.addr);
		break;
	case CHANGE_RESERVE:
		dhcp_store_sqlite.reserve(store, c->net, c->reserved.addr, &c->reserved.who);
		break;
	case CHANGE_UNRESERVE:
		dhcp_store_sqlite.unreserve(store, c->net, c->reserved.addr);
		break;
	case CHANGE_FORGET:
		dhcp_store_forget(store, c->net);
		break;
	case CHANGE_CLOCK:
	case CHANGE_CLOCK_WAS_SET:
		dhcp_store_clock(store, c->ahead_ms, c->kind == CHANGE_CLOCK_WAS_SET);
		break;
	}
}

/* ---- images ---------------------------------------------------------------------------------- */

static struct lease_change *add(struct lease_image *img, enum change_kind kind, const char *net)
{
	struct lease_change *c;

	if (img->n == img->max) {
		unsigned int max = img->max ? 2 * img->max : IMAGE_FIRST;

		c = reallocarray(img->change, max, sizeof(*c));
		if (!c) {
			img->short_of_memory = true;
			return NULL;
		}
		img->change = c;
		img->max = max;
	}
	c = &img->change[img->n++];
	c->kind = kind;
	snprintf(c->net, sizeof(c->net), "%s", net);
	return c;
}

void lease_image_net(struct lease_image *img, const char *net)
{
	add(img, CHANGE_FORGET, net);
}

static int image_put(void *ctx, const char *net, const struct dhcp_record *rec)
{
	struct lease_change *c = add(ctx, CHANGE_PUT, net);

	if (!c)
		return -ENOMEM;
	c->rec = *rec;
	return 0;
}

static int image_reserve(void *ctx, const char *net, be32 addr, const struct dhcp_who *who)
{
	struct lease_change *c = add(ctx, CHANGE_RESERVE, net);

	if (!c)
		return -ENOMEM;
	c->reserved.addr = addr;
	c->reserved.who = *who;
	return 0;
}

const struct dhcp_store_ops lease_image_ops = {.put = image_put, .reserve = image_reserve};

int lease_image_write(struct dhcp_store *store, struct lease_image *img)
{
	int rc = img->short_of_memory ? -ENOMEM : 0;

	if (!rc && img->reopen)
		rc = dhcp_store_reopen(store, &img->found);
	if (rc)
		return rc;
	for (unsigned int i = 0; i < img->n; i++)
		lease_change_write(store, &img->change[i]);
	return dhcp_store_sqlite.commit(store);
}

void lease_image_free(struct lease_image *img)
{
	if (!img)
		return;
	free(img->change);
	free(img);
}
