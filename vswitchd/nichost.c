/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "vswitchd/nichost.h"
#include "vswitchd/reaper.h"
#include "vswitchd/tap.h"

enum {
	ECHO_MS = 1000,
	ECHO_BYTES = 256, /* headers and a bit: enough to tell two broadcasts apart */
};

int nichost_open(struct nichost *h, const char *ifname, const char *what, int nic,
		 const struct mac *mac, struct err *err)
{
	memset(h, 0, sizeof(*h));
	hash_key_init(&h->key);
	h->mac = *mac;
	h->fd = tap_open_redirected(ifname, what, nic, mac, err);
	return h->fd < 0 ? h->fd : 0;
}

void nichost_close(struct nichost *h)
{
	if (h->fd >= 0)
		reaper_close(h->fd);
	h->fd = -1;
}

bool nichost_wants(const struct nichost *h, const struct mac *dst)
{
	return h->fd >= 0 && (mac_is_multicast(dst) || mac_equal(dst, &h->mac));
}

static uint64_t echo_hash(const struct nichost *h, const struct pkt *p)
{
	return hash_bytes(&h->key, p->data, MIN(p->len, (uint32_t)ECHO_BYTES));
}

enum drop_reason nichost_write(struct nichost *h, const struct pkt *p, msec now)
{
	struct virtio_net_hdr vnet = p->vnet;
	struct iovec iov[2] = {{&vnet, sizeof(vnet)}, {p->data, p->len}};

	/* Noted first: the echo is in our socket when writev() returns. */
	if (mac_is_multicast((const struct mac *)(const void *)p->data)) {
		h->echoes[h->next].hash = echo_hash(h, p);
		h->echoes[h->next].sent_ms = now ? now : 1;
		h->next = (h->next + 1) % NICHOST_ECHOES;
	}
	if (writev(h->fd, iov, 2) >= 0)
		return DROP_NONE;
	return errno == EAGAIN || errno == ENOBUFS ? DROP_QUEUE_FULL : DROP_SEND_ERROR;
}

bool nichost_is_echo(struct nichost *h, const struct pkt *p, msec now)
{
	uint64_t hash;

	if (h->fd < 0 || !mac_is_multicast((const struct mac *)(const void *)p->data))
		return false;
	hash = echo_hash(h, p);
	for (unsigned int i = 0; i < NICHOST_ECHOES; i++) {
		unsigned int at = (h->next + i) % NICHOST_ECHOES; /* the oldest first */

		if (!h->echoes[at].sent_ms || h->echoes[at].hash != hash ||
		    now - h->echoes[at].sent_ms > ECHO_MS)
			continue;
		h->echoes[at].sent_ms = 0;
		return true;
	}
	return false;
}
