/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdns_host.c - which resolvers the host has, and follows them as they change.
 *
 * Theory of operation. Before a question is looked at, the files that say so are: by stat(2), and
 * at most every LOOK_MS. Not by inotify: /etc/resolv.conf is a link to a file in a directory that
 * comes and goes, or is mounted over, and a watch on one of these misses the others; and a daemon
 * whose guests ask nothing is not woken by a file that nobody cares about.
 *
 * With systemd-resolved the file names its stub, 127.0.0.53, which is asked like any other: it
 * knows which link's resolver is for which domain (VPN). The resolvers behind it, which it lists in
 * a file of its own, stand behind it for the day it is not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "vswitchd/netdns_int.h"
#include "vswitchd/switch/runner.h"

enum { LOOK_MS = 200, FILE_MAX_ = 8192 };

static const char *const paths[] = {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"};
enum { MAIN, BEHIND, FILES };

static struct {
	msec looked_ms;
	struct {
		bool there;
		dev_t dev;
		ino_t ino;
		off_t size;
		struct timespec changed;
	} file[FILES];
	unsigned int n;
	struct dns_server server[DNS_SERVERS_MAX];
} host;

/* ---- the files ------------------------------------------------------------------------------- */

static bool changed(unsigned int i)
{
	struct stat st = {0};
	bool there = stat(paths[i], &st) == 0;
	bool same = host.file[i].there == there && host.file[i].dev == st.st_dev &&
		    host.file[i].ino == st.st_ino && host.file[i].size == st.st_size &&
		    host.file[i].changed.tv_sec == st.st_ctim.tv_sec &&
		    host.file[i].changed.tv_nsec == st.st_ctim.tv_nsec;

	host.file[i].there = there;
	host.file[i].dev = st.st_dev;
	host.file[i].ino = st.st_ino;
	host.file[i].size = st.st_size;
	host.file[i].changed = st.st_ctim;
	return !same;
}

/* Add @path's resolvers that are not there already. */
static void read_file(const char *path)
{
	struct dns_server_addr addrs[3]; /* as many as resolv.conf(5) has */
	char text[FILE_MAX_];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text));
	unsigned int n = len > 0 ? dns_resolv_parse(text, (size_t)len, addrs, 3) : 0;

	if (fd >= 0)
		close(fd);
	for (unsigned int i = 0; i < n && host.n < DNS_SERVERS_MAX; i++) {
		unsigned int scope = addrs[i].ifname[0] ? if_nametoindex(addrs[i].ifname) : 0, k;

		for (k = 0; k < host.n; k++)
			if (ip_addr_equal(&host.server[k].addr, &addrs[i].addr))
				break;
		if (k == host.n)
			host.server[host.n++] =
				(struct dns_server){.addr = addrs[i].addr, .scope = scope};
	}
}

static bool has_stub(void)
{
	static const struct ip_addr stub = {{[10] = 0xff, 0xff, 127, 0, 0, 53}};

	for (unsigned int i = 0; i < host.n; i++)
		if (ip_addr_equal(&host.server[i].addr, &stub))
			return true;
	return false;
}

static void tell(void)
{
	char text[DNS_SERVERS_MAX * (IP_ADDR_STR + 2)] = "", addr[IP_ADDR_STR];
	size_t n = 0;

	for (unsigned int i = 0; i < host.n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i ? ", " : "",
				      ip_addr_format(&host.server[i].addr, addr));
	log_info("names are asked for at %s", host.n ? text : "nobody: the host has no resolver");
}

void netdns_host_look(msec now)
{
	bool any = false;

	if (host.looked_ms && now - host.looked_ms < LOOK_MS)
		return;
	host.looked_ms = now ? now : 1;
	for (unsigned int i = 0; i < FILES; i++)
		any |= changed(i);
	if (!any)
		return;
	host.n = 0;
	read_file(paths[MAIN]);
	if (has_stub())
		read_file(paths[BEHIND]);
	tell();
	for (struct netdns *d = netdns_all; d; d = d->next)
		netdns_host_apply(d, now);
}

/* ---- to the networks ------------------------------------------------------------------------- */

/* An address where one of our own name servers is: asking it would ask ourselves. */
static bool is_ours(const struct ip_addr *a)
{
	for (const struct netdns *d = netdns_all; d; d = d->next) {
		const struct net_conf *c = &d->net->conf;
		be32 four = ip_addr_is4(a) ? ip_addr_get4(a) : 0;

		if (four && (four == c->gateway || four == c->dhcp_server))
			return true;
		if (!four && c->subnet6.given && !memcmp(a->b, c->subnet6.prefix, 8) &&
		    (a->b[15] == 2 || a->b[15] == 254))
			return true;
	}
	return false;
}

void netdns_host_apply(struct netdns *d, msec now)
{
	const struct net_conf *c = &d->net->conf;
	struct dns_server all[DNS_SERVERS_MAX], use[DNS_SERVERS_MAX];
	unsigned int n = 0, n_use = 0;

	for (; c->dns.way == NET_DNS_LIST && n < c->dns.n; n++)
		all[n] = (struct dns_server){.addr = c->dns.addr[n]};
	if (c->dns.way != NET_DNS_LIST && d->proxy.forward) {
		memcpy(all, host.server, sizeof(all));
		n = host.n;
	}
	for (unsigned int i = 0; i < n; i++)
		if (!is_ours(&all[i].addr))
			use[n_use++] = all[i];
	dns_proxy_set_servers(&d->proxy, use, n_use, now);
}
