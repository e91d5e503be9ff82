/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Outside addresses beside the host's own (nat_extra.h), on their link.
 *
 * Theory of operation. Nobody but us answers for such an address, so a packet socket on the
 * interface hears ARP. First the address is asked for three times, once a second (RFC 5227 2.1.1);
 * who answers, or asks for the same, has it. Then it is announced, and requests are answered with
 * the interface's MAC address. Who claims it later is told once that it is taken; when that does
 * not help within 10 s, we give way (RFC 5227 2.4 (b)). What comes for it is kept from the host's
 * stack, which would send it on when ip_forward is set. On a way without Ethernet the address is
 * ready at once: it must be routed to us.
 *
 * The host itself can't reach an extra address: what it sends is not heard by its own interface.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/hash.h"
#include "lib/log.h"
#include "modes/nat/nat_map.h"
#include "modes/nat/nat_uplink_int.h"
#include "vswitchd/host/claim.h"
#include "vswitchd/host/hostrules.h"
#include "vswitchd/switch/runner.h"

enum { PROBES = 3, DEFEND_MS = 10000, READS = 64 };
enum { PORT_FIRST = 1024, PORT_LAST = 65535 }; /* all of it is ours */

/* ---- finding --------------------------------------------------------------------------------- */

static struct extra *extra_of(const struct uplink *up, be32 addr)
{
	struct extra *x = up->extras;

	while (x && x->ext->addr != addr)
		x = x->next;
	return x;
}

struct nat_ext *uplink_ext_of(const struct uplink *up, be32 addr)
{
	struct extra *x = extra_of(up, addr);

	return x && x->state == EXTRA_READY ? x->ext : up->ext;
}

struct nat_ext *uplinks_extra_find(const struct uplinks *u, be32 addr)
{
	for (const struct uplink *up = u->list; up; up = up->next) {
		struct extra *x = extra_of(up, addr);

		if (x)
			return x->ext;
	}
	return NULL;
}

struct nat_ext *uplink_extra_next(const struct uplink *up, const struct nat_ext *ext)
{
	const struct extra *x = ext->via ? extra_of(up, ext->addr)->next : up->extras;

	return x ? x->ext : NULL;
}

enum extra_state uplinks_extra_state(const struct nat_ext *ext, struct mac *by)
{
	const struct extra *x = extra_of(uplink_of(ext), ext->addr);

	*by = x->taken_by;
	return x->state;
}

const char *uplinks_extra_ifname(const struct nat_ext *ext)
{
	return uplink_of(ext)->ifname;
}

/* Who uses @ext loses it. */
static void tell_lost(struct uplinks *u, const struct nat_ext *ext, bool gone)
{
	for (struct nat_net *nn = u->users; nn; nn = nn->next) {
		nat_map_lost(nn, ext, gone);
		nat_pool_lost(nn, ext, gone);
	}
}

/* ---- ARP ------------------------------------------------------------------------------------- */

/* To @to, or to everybody when it is NULL. @spa is zero in a probe (RFC 5227 1.1). */
static void arp_send(const struct uplink *up, uint16_t op, be32 spa, const struct mac *to, be32 tpa)
{
	static const struct mac everybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	struct {
		struct eth_hdr eth;
		struct arp_hdr arp;
	} WIRE_PACKED frame = {{to ? *to : everybody, up->mac, htons(ETHERTYPE_ARP_)},
			       {.htype = htons(1),
				.ptype = htons(ETHERTYPE_IP4),
				.hlen = ETH_ALEN_,
				.plen = 4,
				.op = htons(op),
				.sha = up->mac,
				.spa = spa,
				.tpa = tpa}};

	if (to)
		frame.arp.tha = *to;
	/* What is lost is asked for again. */
	if (up->arp_fd >= 0 && send(up->arp_fd, &frame, sizeof(frame), MSG_DONTWAIT) < 0)
		return;
}

static void announce(const struct uplink *up, const struct extra *x)
{
	arp_send(up, ARP_REQUEST, x->ext->addr, NULL, x->ext->addr);
}

static void lose(struct uplink *up, struct extra *x, const struct mac *to)
{
	char mac[MAC_STR] = "the host itself", addr[IP4_STR];

	x->state = EXTRA_TAKEN;
	x->taken_by = *to;
	if (!mac_is_zero(to))
		mac_format(to, mac);
	log_warn("nat: %s has address %s on %s, which was to be translated", mac,
		 ip4_format(x->ext->addr, addr), up->ifname);
	uplinks_forget_routes(up->all);
	tell_lost(up->all, x->ext, false);
}

/* Somebody else says that the address is its own. */
static void conflict(struct uplink *up, struct extra *x, const struct mac *with)
{
	msec now = up->runner->now;

	if (x->state == EXTRA_TAKEN)
		return;
	if (x->state == EXTRA_PROBING || (x->defended_ms && now - x->defended_ms < DEFEND_MS)) {
		lose(up, x, with);
		return;
	}
	x->defended_ms = now ? now : 1;
	announce(up, x);
}

static void arp_input(struct uplink *up, const struct arp_hdr *arp)
{
	struct mac sha = arp->sha;
	struct extra *x;

	if (arp->htype != htons(1) || arp->ptype != htons(ETHERTYPE_IP4) ||
	    arp->hlen != ETH_ALEN_ || arp->plen != 4 || mac_equal(&sha, &up->mac))
		return;
	x = extra_of(up, arp->spa);
	if (x)
		conflict(up, x, &sha);
	x = extra_of(up, arp->tpa);
	if (!x || arp->op != htons(ARP_REQUEST))
		return;
	/* RFC 5227 2.1.1: another's probe for what we probe for. */
	if (!arp->spa && x->state == EXTRA_PROBING)
		conflict(up, x, &sha);
	else if (x->state == EXTRA_READY)
		arp_send(up, ARP_REPLY, x->ext->addr, &sha, arp->spa);
}

static void arp_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct uplink *up = w->data;
	uint8_t frame[128];

	(void)loop;
	(void)revents;
	runner_clock(up->runner);
	for (int i = 0; i < READS && up->arp_fd >= 0; i++) {
		ssize_t n = recv(up->arp_fd, frame, sizeof(frame), MSG_DONTWAIT);

		if (n < 0)
			return;
		if ((size_t)n >= ETH_HLEN_ + sizeof(struct arp_hdr))
			arp_input(up, (const void *)(frame + ETH_HLEN_));
	}
}

static int arp_open(struct uplink *up, struct err *err)
{
	struct sockaddr_ll sll = {.sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ARP),
				  .sll_ifindex = up->ifindex};

	if (up->raw || up->arp_fd >= 0)
		return 0;
	up->arp_fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (up->arp_fd < 0 || bind(up->arp_fd, (struct sockaddr *)&sll, sizeof(sll)) < 0) {
		err_sys(err, -errno, "packet socket on %s", up->ifname);
		if (up->arp_fd >= 0)
			close(up->arp_fd);
		up->arp_fd = -1;
		return -EIO;
	}
	if (up->runner->loop) {
		ev_io_init(&up->arp_io, arp_cb, up->arp_fd, EV_READ);
		up->arp_io.data = up;
		ev_io_start(up->runner->loop, &up->arp_io);
	}
	return 0;
}

static void arp_close(struct uplink *up)
{
	if (ev_is_active(&up->arp_io))
		ev_io_stop(up->runner->loop, &up->arp_io);
	if (up->arp_fd >= 0)
		close(up->arp_fd);
	up->arp_fd = -1;
}

/* ---- life ------------------------------------------------------------------------------------ */

/* The uplink by which @addr is reached; NULL with @err. */
static struct uplink *way_of(struct uplinks *u, be32 addr, struct err *err)
{
	struct ip_addr to = ip_addr_from4(addr);
	char text[IP4_STR];
	struct nl_route r;
	struct uplink *up;
	int rc = nl_route_get(&to, &r);

	ip4_format(addr, text);
	if (rc == 0 && uplink_link_is_ours(u->runner, r.ifname))
		rc = -EINVAL;
	if (rc == -EHOSTUNREACH)
		err_set(err, -EADDRINUSE, "%s is the host's own address", text);
	else if (rc == -EINVAL)
		err_set(err, rc, "%s is inside, on %s", text, r.ifname);
	else if (rc < 0)
		err_set(err, -ENETUNREACH, "no route of the host's leads to %s", text);
	if (rc < 0)
		return NULL;
	up = uplink_find(u, r.ifindex, &r.src);
	if (!up && uplink_link_medium(r.ifname) != MEDIUM_OTHER)
		up = uplink_open(u, r.ifname, r.ifindex, &r.src);
	if (!up)
		err_set(err, -ENETUNREACH, "%s can't be a way out", r.ifname);
	return up;
}

static int claim_addr(be32 addr, struct err *err)
{
	char name[32], text[IP4_STR], holder[CLAIM_HOLDER_STR] = "";
	int fd;

	snprintf(name, sizeof(name), "nat-addr/%s", ip4_format(addr, text));
	fd = claim_take(name, holder);
	if (fd == -EADDRINUSE)
		return err_set(err, fd, "%s belongs to %s", text, holder);
	return fd < 0 ? err_sys(err, fd, "claim of %s", text) : fd;
}

static struct extra *extra_create(struct uplink *up, be32 addr)
{
	struct extra *x = calloc(1, sizeof(*x));
	uint64_t seed[2];

	if (!x)
		return NULL;
	random_bytes(seed, sizeof(seed));
	x->ext = nat_ext_create(addr, PORT_FIRST, PORT_LAST, NAT_SETTINGS_DEFAULT.hold_ms, seed);
	if (!x->ext) {
		free(x);
		return NULL;
	}
	x->ext->ctx = up;
	x->ext->via = up->ext;
	x->claim = -1;
	return x;
}

static void extra_unlink(struct uplink *up, struct extra *x)
{
	for (struct extra **at = &up->extras; *at; at = &(*at)->next) {
		if (*at == x) {
			*at = x->next;
			break;
		}
	}
	claim_drop(x->claim);
	nat_ext_destroy(x->ext);
	free(x);
	uplink_sock_filter(up, NULL);
	uplinks_forget_routes(up->all);
	if (!up->extras)
		arp_close(up);
}

static int extra_start(struct uplink *up, struct extra *x, struct err *err)
{
	int rc = claim_addr(x->ext->addr, err);

	if (rc < 0)
		return rc;
	x->claim = rc;
	rc = arp_open(up, err);
	if (rc == 0)
		rc = uplink_sock_filter(up, err);
	if (rc == 0)
		rc = hostrules_extra("add", up->ifname, x->ext->addr, err);
	return rc;
}

struct nat_ext *uplinks_extra_open(struct uplinks *u, be32 addr, struct err *err)
{
	char text[IP4_STR];
	struct uplink *up;
	struct extra *x;

	if (uplinks_extra_find(u, addr)) {
		err_set(err, -EADDRINUSE, "%s is translated already, as one more address",
			ip4_format(addr, text));
		return NULL;
	}
	up = way_of(u, addr, err);
	if (!up)
		return NULL;
	x = extra_create(up, addr);
	if (!x) {
		err_set(err, -ENOMEM, "memory is short");
		return NULL;
	}
	x->next = up->extras;
	up->extras = x;
	if (extra_start(up, x, err) < 0) {
		extra_unlink(up, x);
		return NULL;
	}
	uplinks_forget_routes(u);
	uplink_extra_tick(up, up->runner->now);
	return x->ext;
}

void uplinks_extra_close(struct nat_ext *ext)
{
	struct uplink *up = uplink_of(ext);

	hostrules_extra("delete", up->ifname, ext->addr, NULL);
	extra_unlink(up, extra_of(up, ext->addr));
}

void uplink_extra_tick(struct uplink *up, msec now)
{
	for (struct extra *x = up->extras; x; x = x->next) {
		nat_frags_age(x->ext->frags, now);
		if (x->state != EXTRA_PROBING)
			continue;
		if (up->raw || x->probes == PROBES) {
			x->state = EXTRA_READY;
			announce(up, x);
			continue;
		}
		x->probes++;
		arp_send(up, ARP_REQUEST, 0, NULL, x->ext->addr);
	}
}

void uplink_extra_changed(struct uplink *up)
{
	const struct mac nobody = {{0}};
	struct extra *next;

	for (struct extra *x = up->extras; x; x = next) {
		struct ip_addr addr = ip_addr_from4(x->ext->addr);
		struct nl_route r;

		next = x->next;
		if (x->state != EXTRA_TAKEN && nl_route_get(&addr, &r) == -EHOSTUNREACH)
			lose(up, x, &nobody);
	}
}

void uplink_extra_fini(struct uplink *up)
{
	while (up->extras) {
		struct nat_ext *ext = up->extras->ext;

		tell_lost(up->all, ext, true);
		uplinks_extra_close(ext);
	}
}
