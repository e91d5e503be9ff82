/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "vswitchd/carrier/nichost.h"
#include "vswitchd/host/reaper.h"
#include "vswitchd/carrier/tap.h"

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

/* Leave behind what has come, or will not come any more. */
static void echoes_expire(struct nichost *h, msec now)
{
	for (; h->tail != h->head; h->tail++) {
		msec sent = h->echoes[h->tail % NICHOST_ECHOES].sent_ms;

		if (sent && (now - sent <= ECHO_MS || h->drained_ms <= sent))
			break;
	}
}

void nichost_drained(struct nichost *h, msec now)
{
	h->drained_ms = now;
}

/* Before the frame is written: its echo is in our socket when writev() returns. False: no room. */
static bool echo_await(struct nichost *h, const struct pkt *p, msec now)
{
	unsigned int at = h->head % NICHOST_ECHOES;

	echoes_expire(h, now);
	if (h->head - h->tail == NICHOST_ECHOES)
		return false;
	h->echoes[at].hash = echo_hash(h, p);
	h->echoes[at].sent_ms = now ? now : 1;
	h->head++;
	return true;
}

enum drop_reason nichost_write(struct nichost *h, const struct pkt *p, msec now)
{
	struct virtio_net_hdr vnet = p->vnet;
	struct iovec iov[2] = {{&vnet, sizeof(vnet)}, {p->data, p->len}};
	bool echoes = mac_is_multicast((const struct mac *)(const void *)p->data);

	if (echoes && !echo_await(h, p, now))
		return DROP_QUEUE_FULL;
	if (writev(h->fd, iov, 2) >= 0)
		return DROP_NONE;
	if (echoes)
		h->head--;
	return errno == EAGAIN || errno == ENOBUFS ? DROP_QUEUE_FULL : DROP_SEND_ERROR;
}

bool nichost_is_echo(struct nichost *h, const struct pkt *p, msec now)
{
	uint64_t hash;

	if (h->fd < 0 || !mac_is_multicast((const struct mac *)(const void *)p->data))
		return false;
	echoes_expire(h, now);
	if (h->tail == h->head)
		return false;
	hash = echo_hash(h, p);
	for (unsigned int i = h->tail; i != h->head; i++) { /* the oldest first */
		unsigned int at = i % NICHOST_ECHOES;

		if (!h->echoes[at].sent_ms || h->echoes[at].hash != hash)
			continue;
		h->echoes[at].sent_ms = 0;
		return true;
	}
	return false;
}
