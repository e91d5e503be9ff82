/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/nettftp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/frame.h"
#include "lib/hash.h"
#include "tftp/server.h"
#include "vswitchd/netdhcp.h"
#include "vswitchd/netdns_frame.h"
#include "vswitchd/netsix.h"
#include "vswitchd/nettftp_dir.h"
#include "vswitchd/station.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

struct nettftp {
	struct net *net;
	int dir;
	char path[SETTING_TEXT_MAX];
	struct tftp_server server;
};

/* ---- what the server asks for ---------------------------------------------------------------- */

static int op_open(void *ctx, const char *name, uint64_t *size)
{
	const struct nettftp *t = ctx;

	return tftp_file_open(t->dir, name, size);
}

static ssize_t op_read(void *ctx, int file, uint64_t off, void *buf, size_t len)
{
	(void)ctx;
	return tftp_file_read(file, off, buf, len);
}

static void op_close(void *ctx, int file)
{
	(void)ctx;
	tftp_file_close(file);
}

static void op_send(void *ctx, const struct tftp_peer *to, uint16_t sport, const void *data,
		    size_t len)
{
	const struct nettftp *t = ctx;
	struct port *port = station_port(t->net);
	struct dns_ends ends = {.mac = to->mac,
				.own_mac = port->mac,
				.addr = to->addr,
				.own = to->to,
				.port = to->port};
	struct pkt *p = pkt_alloc(t->net->runner->pool);

	if (!p) {
		port_drop(port, DROP_NO_BUFFER, NULL);
		return;
	}
	if (dns_frame_udp_from(p, &ends, sport, data, len))
		port_local_inject(port, p);
	else
		pkt_put(p);
}

static void op_note(void *ctx, const struct tftp_note *n)
{
	const struct nettftp *t = ctx;
	struct runner *r = t->net->runner;
	struct port *port;
	char addr[IP_ADDR_STR], name[4 * TFTP_NAME_MAX + 1];

	if (!runner_wants(r, "tftp.done"))
		return;
	port = fdb_lookup(t->net->fdb, &n->peer->mac, 0, r->now);
	runner_event(
		r, "tftp.done",
		json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:s?, s:I, s:I}", "net", t->net->conf.name,
			  "client", ip_addr_format(&n->peer->addr, addr), "port",
			  port ? port->name : NULL, "vm", port && port->vm[0] ? port->vm : NULL,
			  "file", str_escape(n->name, strlen(n->name), name, sizeof(name)), "why",
			  n->why, "bytes", (json_int_t)n->bytes, "ms", (json_int_t)n->took_ms));
}

static const struct tftp_ops ops = {op_open, op_read, op_close, op_send, op_note};

/* ---- frames ---------------------------------------------------------------------------------- */

/* Is it a datagram for a port of ours? Cheap, for every frame of the station. */
static bool for_us(const struct nettftp *t, const struct pkt *p)
{
	const struct eth_hdr *eth = pkt_at(p, 0, sizeof(*eth));
	const struct ip4_hdr *ip = pkt_at(p, ETH_HLEN_, sizeof(*ip));
	const struct udp_hdr *udp;
	bool four = eth && eth->type == htons(ETHERTYPE_IP4);

	if (!ip || !mac_equal(&eth->dst, &station_port(t->net)->mac) ||
	    (!four && eth->type != htons(ETHERTYPE_IP6)) ||
	    (four ? ip->proto : ((const struct ip6_hdr_wire *)(const void *)ip)->next) !=
		    IPPROTO_UDP_)
		return false;
	udp = pkt_at(p, ETH_HLEN_ + (four ? ip4_ihl(ip) : sizeof(struct ip6_hdr_wire)),
		     sizeof(*udp));
	return udp && tftp_server_port(&t->server, ntohs(udp->dport));
}

bool nettftp_take(struct net *net, struct pkt *p)
{
	struct nettftp *t = net->tftp;
	struct tftp_peer peer;
	struct dns_frame f;
	enum drop_reason why;

	if (!t || !for_us(t, p))
		return false;
	why = dns_frame_read_any(p, &f);
	if (why || !(ip_addr_is4(&f.ends.own) ? netdhcp_is_own(net, ip_addr_get4(&f.ends.own))
					      : netsix_is_own(net, &f.ends.own)))
		return false; /* the others say what is wrong with it */
	peer = (struct tftp_peer){f.ends.addr, f.ends.own, f.ends.mac, f.ends.port};
	t->server.mtu = net_mtu(net);
	tftp_server_input(&t->server, &peer, f.own_port, f.l4 + sizeof(struct udp_hdr),
			  f.len - sizeof(struct udp_hdr), net->runner->now);
	pkt_put(p);
	return true;
}

void nettftp_tick(struct net *net, msec now)
{
	if (!net->tftp)
		return;
	tftp_server_tick(&net->tftp->server, now);
	net_flush(net);
}

/* ---- boot files ------------------------------------------------------------------------------ */

/* By architecture (RFC 4578 2.1 and IANA's list), the best first. */
static const struct {
	int arch;
	const char *files[5];
} boot_files[] = {
	{0, {"undionly.kpxe", "pxelinux.0", "lpxelinux.0", "ipxe.pxe"}}, /* BIOS */
	{6, {"ipxe32.efi", "bootia32.efi", "grubia32.efi"}},		 /* EFI, 32 bits */
	{7, {"ipxe.efi", "bootx64.efi", "grubx64.efi", "syslinux.efi"}}, /* EFI, x86-64 */
	{9, {"ipxe.efi", "bootx64.efi", "grubx64.efi", "syslinux.efi"}}, /* the same */
	{11, {"ipxe-arm64.efi", "bootaa64.efi", "grubaa64.efi"}},	 /* EFI, ARM 64 bits */
};
static const char *const ipxe_files[] = {"boot.ipxe", "autoexec.ipxe", NULL};

static bool first_there(const struct nettftp *t, const char *const *files, char *file, size_t size)
{
	uint64_t len;

	for (; *files; files++) {
		int fd = tftp_file_open(t->dir, *files, &len);

		if (fd < 0)
			continue;
		tftp_file_close(fd);
		snprintf(file, size, "%s", *files);
		return true;
	}
	return false;
}

bool nettftp_boot(void *ctx, int arch, bool ipxe, char *file, size_t size)
{
	const struct net *net = ctx;

	if (!net->tftp)
		return false;
	if (ipxe)
		return first_there(net->tftp, ipxe_files, file, size);
	for (size_t i = 0; i < ARRAY_SIZE(boot_files); i++)
		if (boot_files[i].arch == arch)
			return first_there(net->tftp, boot_files[i].files, file, size);
	return false;
}

bool nettftp_boot6(void *ctx, int arch, bool ipxe, char *url, size_t size)
{
	struct ip_addr station = netsix_addr(ctx, NETSIX_STATION);
	char file[64], text[IP_ADDR_STR];

	if (!nettftp_boot(ctx, arch, ipxe, file, sizeof(file)))
		return false;
	snprintf(url, size, "tftp://[%s]/%s", ip_addr_format(&station, text), file);
	return true;
}

/* ---- life ------------------------------------------------------------------------------------ */

void nettftp_stop(struct net *net)
{
	struct nettftp *t = net->tftp;

	if (!t)
		return;
	tftp_server_fini(&t->server);
	tftp_file_close(t->dir);
	free(t);
	net->tftp = NULL;
}

void nettftp_show(const struct net *net, json_t *out)
{
	const struct nettftp *t = net->tftp;

	json_object_set_new(
		out, "tftp",
		t ? json_pack("{s:s, s:i, s:I, s:I, s:I, s:I, s:I}", "directory", t->path,
			      "transfers", (int)tftp_server_sessions(&t->server), "requests",
			      (json_int_t)t->server.requests, "refused",
			      (json_int_t)t->server.refused, "done", (json_int_t)t->server.done,
			      "failed", (json_int_t)t->server.failed, "resent",
			      (json_int_t)t->server.resent)
		  : json_null());
}

static int start(struct net *net, const char *path, int dir, struct err *err)
{
	struct nettftp *t = calloc(1, sizeof(*t));
	uint64_t seed;

	if (!t) {
		tftp_file_close(dir);
		return err_set(err, -ENOMEM, "memory is short");
	}
	random_bytes(&seed, sizeof(seed));
	t->net = net;
	t->dir = dir;
	snprintf(t->path, sizeof(t->path), "%s", path);
	tftp_server_init(&t->server, &ops, t, net_mtu(net), seed);
	nettftp_stop(net);
	net->tftp = t;
	return 0;
}

static int dir_set(struct net *net, const char *value, struct err *err)
{
	int dir;

	if (!strcmp(value, "off")) {
		nettftp_stop(net);
		return 0;
	}
	if (value[0] != '/')
		return err_set(err, -EINVAL, "wants off or the whole path of a directory");
	if (!net->station)
		return err_set(err, -EINVAL,
			       "there is nothing to serve it from: the network has neither "
			       "dhcp=on nor ipv6=");
	dir = tftp_dir_open(value);
	if (dir < 0)
		return err_set(err, dir, "can't be opened: %s", strerror(-dir));
	return start(net, value, dir, err);
}

static bool dir_get(const struct net *net, char *text, size_t size)
{
	snprintf(text, size, "%s", net->tftp ? net->tftp->path : "off");
	return net->tftp;
}

const struct net_setting nettftp_settings[] = {
	{"tftp", "off or the path of a directory", dir_set, dir_get},
	{0},
};
