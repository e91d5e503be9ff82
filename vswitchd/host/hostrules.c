/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's private nftables table.
 *
 * Theory of operation. One table with two chains and seven sets, made for the first rule
 * (libnftables is loaded then: many daemons never have a rule); what changes later is only elements
 * of the sets, one transaction each. The table has the owner flag: it belongs to the netlink socket
 * inside `ctx`, nobody else can change it, and the kernel removes it when the socket closes, which
 * a crash does too.
 *
 *	guard  prerouting, before raw (-300) and so before conntrack: a packet that belongs to a
 *	       translated flow is never seen by the host's stack. Defragmentation has been at -400.
 *	       The same chain drops what is for guests behind a NIC's one MAC address.
 *	leg    forward: nothing from or to a host leg is routed.
 *
 * Guards are counted here, because a set holds an element once.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nftables/libnftables.h>

#include "lib/addr.h"
#include "lib/late.h"
#include "vswitchd/host/hostrules.h"

struct guard {
	struct guard *next;
	char ifname[16];
	struct ip_addr addr;
	uint16_t first, last;
	unsigned int protos, users;
};

/* What one network has put into the sets. */
struct guests {
	struct guests *next;
	char ifname[16];
	unsigned int n;
	uint8_t addrs[][16];
};

static struct guests *guest_lists;

static struct {
	typeof(&nft_ctx_new) ctx_new;
	typeof(&nft_ctx_free) ctx_free;
	typeof(&nft_ctx_buffer_error) buffer_error;
	typeof(&nft_ctx_buffer_output) buffer_output;
	typeof(&nft_ctx_get_error_buffer) get_error;
	typeof(&nft_run_cmd_from_buffer) run;
} lib;

static struct nft_ctx *ctx; /* NULL: no table yet */
static char table[64];
static struct guard *guards;

/* Run nftables commands, all or none. */
static int nft_text(struct err *err, const char *text)
{
	const char *said;

	if (lib.run(ctx, text) == 0)
		return 0;
	/* The first line has the reason, the rest points into the command. */
	said = lib.get_error(ctx);
	return err_set(err, -EIO, "nftables: %.*s", (int)strcspn(said, "\n"), said);
}

/* Run one nftables command, all or nothing. */
static int nft(struct err *err, const char *fmt, ...) CHECK_PRINTF(2, 3);

static int nft(struct err *err, const char *fmt, ...)
{
	char cmd[2048];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(cmd))
		return err_set(err, -E2BIG, "nftables command too long");
	return nft_text(err, cmd);
}

static int load(struct err *err)
{
	static const char *const sonames[] = {"libnftables.so.1", NULL};
	static const struct late_symbol symbols[] = {
		LATE_SYMBOL(lib.ctx_new, nft_ctx_new),
		LATE_SYMBOL(lib.ctx_free, nft_ctx_free),
		LATE_SYMBOL(lib.buffer_error, nft_ctx_buffer_error),
		LATE_SYMBOL(lib.buffer_output, nft_ctx_buffer_output),
		LATE_SYMBOL(lib.get_error, nft_ctx_get_error_buffer),
		LATE_SYMBOL(lib.run, nft_run_cmd_from_buffer),
	};

	return lib.run ? 0 : late_load(sonames, symbols, ARRAY_SIZE(symbols), err);
}

static int table_make(struct err *err)
{
	return nft(
		err,
		"table %s {\n"
		" flags owner;\n"
		" set guard { typeof iifname . ip daddr . meta l4proto . th dport; flags interval; }\n"
		" set guard6 { typeof iifname . ip6 daddr . meta l4proto . th dport; flags interval; }\n"
		" set pairs { typeof iifname . ip daddr . ip protocol . ip saddr; }\n"
		" set extras { typeof iifname . ip daddr; }\n"
		" set guests4 { typeof iifname . ip daddr; }\n"
		" set guests6 { typeof iifname . ip6 daddr; }\n"
		" set leg { type ifname; }\n"
		" chain guard {\n"
		"  type filter hook prerouting priority -310; policy accept;\n"
		"  iifname . ip daddr . meta l4proto . th dport @guard drop\n"
		"  iifname . ip6 daddr . meta l4proto . th dport @guard6 drop\n"
		"  iifname . ip daddr . ip protocol . ip saddr @pairs drop\n"
		"  iifname . ip daddr @extras drop\n"
		"  iifname . ip daddr @guests4 drop\n"
		"  iifname . ip6 daddr @guests6 drop\n"
		" }\n"
		" chain leg {\n"
		"  type filter hook forward priority -310; policy accept;\n"
		"  iifname @leg drop\n"
		"  oifname @leg drop\n"
		" }\n"
		"}\n",
		table);
}

static void ctx_end(void)
{
	if (ctx)
		lib.ctx_free(ctx);
	ctx = NULL;
}

void hostrules_init(const char *instance)
{
	snprintf(table, sizeof(table), "inet vswitchd-%s", instance);
}

int hostrules_ready(struct err *err)
{
	if (ctx)
		return 0;
	if (load(err) < 0)
		return -EOPNOTSUPP;
	ctx = lib.ctx_new(NFT_CTX_DEFAULT);
	if (!ctx)
		return err_set(err, -ENOMEM, "nftables: out of memory");
	lib.buffer_error(ctx);
	lib.buffer_output(ctx);
	if (table_make(err) == 0)
		return 0;
	ctx_end();
	return err_set(err, -EOPNOTSUPP,
		       "this kernel refuses nf_tables: the host's own stack can't be kept out");
}

void hostrules_fini(void)
{
	ctx_end();
	while (guest_lists) {
		struct guests *next = guest_lists->next;

		free(guest_lists);
		guest_lists = next;
	}
	while (guards) {
		struct guard *next = guards->next;

		free(guards);
		guards = next;
	}
}

/* ---- guards ------------------------------------------------------------------------------- */

static struct guard **guard_find(const char *ifname, const struct ip_addr *addr,
				 unsigned int protos, uint16_t first, uint16_t last)
{
	struct guard **g;

	for (g = &guards; *g; g = &(*g)->next)
		if (!strcmp((*g)->ifname, ifname) && ip_addr_equal(&(*g)->addr, addr) &&
		    (*g)->first == first && (*g)->last == last && (*g)->protos == protos)
			break;
	return g;
}

static const char *const guard_words[] = {"tcp", "udp"};

static int guard_change(const char *verb, const struct guard *g, struct err *err)
{
	char addr[IP_ADDR_STR], list[240];
	size_t n = 0;

	ip_addr_format(&g->addr, addr);
	list[0] = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(guard_words); i++)
		if (g->protos & 1u << i)
			n += (size_t)snprintf(list + n, sizeof(list) - n,
					      "%s\"%s\" . %s . %s . %u-%u", n ? ", " : "",
					      g->ifname, addr, guard_words[i], g->first, g->last);
	return nft(err, "%s element %s guard%s { %s }", verb, table,
		   ip_addr_is4(&g->addr) ? "" : "6", list);
}

/* Interface names may have almost any byte in them; ours go into a command in quotes, where '"' and
 * a '*' at the end mean something. */
static int ifname_check(const char *ifname, struct err *err)
{
	if (ifname[0] && !strpbrk(ifname, "\"\\*$;{}"))
		return 0;
	return err_set(err, -EINVAL, "interface '%.20s' has a name that no rule can have", ifname);
}

int hostrules_guard_add(const char *ifname, const struct ip_addr *addr, unsigned int protos,
			uint16_t first, uint16_t last, struct err *err)
{
	struct guard *g = *guard_find(ifname, addr, protos, first, last);
	int rc;

	if (g) {
		g->users++;
		return 0;
	}
	rc = ifname_check(ifname, err);
	if (rc == 0)
		rc = hostrules_ready(err);
	if (rc < 0)
		return rc;
	g = calloc(1, sizeof(*g));
	if (!g)
		return err_set(err, -ENOMEM, "out of memory");
	*g = (struct guard){
		.addr = *addr, .first = first, .last = last, .protos = protos, .users = 1};
	snprintf(g->ifname, sizeof(g->ifname), "%s", ifname);
	rc = guard_change("add", g, err);
	if (rc < 0) {
		free(g);
		return rc;
	}
	g->next = guards;
	guards = g;
	return 0;
}

void hostrules_guard_del(const char *ifname, const struct ip_addr *addr, unsigned int protos,
			 uint16_t first, uint16_t last)
{
	struct guard **where = guard_find(ifname, addr, protos, first, last), *g = *where;

	if (!g || --g->users)
		return;
	guard_change("delete", g, NULL);
	*where = g->next;
	free(g);
}

int hostrules_guards(const char *verb, const char *ifname, const struct ip_addr *addr,
		     const struct port_range *ranges, unsigned int n, struct err *err)
{
	char own[IP_ADDR_STR], *text = NULL;
	size_t len;
	int rc = ifname_check(ifname, err);
	FILE *f;

	if (rc == 0)
		rc = hostrules_ready(err);
	if (rc < 0)
		return rc;
	f = open_memstream(&text, &len);
	if (!f)
		return err_set(err, -ENOMEM, "out of memory");
	ip_addr_format(addr, own);
	fprintf(f, "%s element %s guard%s { ", verb, table, ip_addr_is4(addr) ? "" : "6");
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int k = 0; k < ARRAY_SIZE(guard_words); k++)
			if (ranges[i].protos & 1u << k)
				fprintf(f, "\"%s\" . %s . %s . %u-%u, ", ifname, own,
					guard_words[k], ranges[i].first, ranges[i].last);
	fprintf(f, "}\n");
	rc = fclose(f) == 0 ? nft_text(err, text) : err_set(err, -ENOMEM, "out of memory");
	free(text);
	return rc;
}

int hostrules_pair(const char *verb, const char *ifname, be32 addr, uint8_t proto, be32 peer,
		   struct err *err)
{
	char own[IP4_STR], far[IP4_STR];
	int rc = ifname_check(ifname, err);

	if (rc == 0)
		rc = hostrules_ready(err);
	if (rc < 0)
		return rc;
	return nft(err, "%s element %s pairs { \"%s\" . %s . %u . %s }", verb, table, ifname,
		   ip4_format(addr, own), proto, ip4_format(peer, far));
}

int hostrules_extra(const char *verb, const char *ifname, be32 addr, struct err *err)
{
	char text[IP4_STR];
	int rc = ifname_check(ifname, err);

	if (rc == 0)
		rc = hostrules_ready(err);
	if (rc < 0)
		return rc;
	return nft(err, "%s element %s extras { \"%s\" . %s }", verb, table, ifname,
		   ip4_format(addr, text));
}

/* ---- guests behind one MAC address -------------------------------------------------------- */

static struct guests *guests_new(const char *ifname, const uint8_t (*addrs)[16], unsigned int n)
{
	struct guests *g = malloc(sizeof(*g) + n * sizeof(*addrs));

	if (!g)
		return NULL;
	*g = (struct guests){.n = n};
	snprintf(g->ifname, sizeof(g->ifname), "%s", ifname);
	memcpy(g->addrs, addrs, n * sizeof(*addrs));
	return g;
}

static void guests_print(FILE *f, const struct guests *g)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char text[INET6_ADDRSTRLEN];

	for (unsigned int i = 0; i < g->n; i++) {
		bool four = memcmp(g->addrs[i], mapped, sizeof(mapped)) == 0;

		inet_ntop(four ? AF_INET : AF_INET6, g->addrs[i] + (four ? 12 : 0), text,
			  sizeof(text));
		fprintf(f, "add element %s guests%c { \"%s\" . %s }\n", table, four ? '4' : '6',
			g->ifname, text);
	}
}

/* Both sets anew, in one transaction. */
static int guests_write(struct err *err)
{
	char *text = NULL;
	size_t len;
	int rc = hostrules_ready(err);
	FILE *f;

	if (rc < 0)
		return rc;
	f = open_memstream(&text, &len);
	if (!f)
		return err_set(err, -ENOMEM, "out of memory");
	fprintf(f, "flush set %s guests4\nflush set %s guests6\n", table, table);
	for (const struct guests *g = guest_lists; g; g = g->next)
		guests_print(f, g);
	if (fclose(f) == 0)
		rc = nft_text(err, text);
	else
		rc = err_set(err, -ENOMEM, "out of memory");
	free(text);
	return rc;
}

int hostrules_guests_set(const char *ifname, const uint8_t (*addrs)[16], unsigned int n,
			 struct err *err)
{
	struct guests **at = &guest_lists, *old, *new = NULL;
	int rc = ifname_check(ifname, err);

	if (rc == 0 && n && !(new = guests_new(ifname, addrs, n)))
		rc = err_set(err, -ENOMEM, "out of memory");
	if (rc < 0)
		return rc;
	while (*at && strcmp((*at)->ifname, ifname) != 0)
		at = &(*at)->next;
	old = *at;
	if (!old && !new)
		return 0;
	if (new)
		new->next = old ? old->next : NULL;
	*at = new ? new : old->next;
	free(old);
	return guests_write(err);
}

/* ---- legs --------------------------------------------------------------------------------- */

int hostrules_leg_add(const char *ifname, struct err *err)
{
	int rc = hostrules_ready(err);

	return rc < 0 ? rc : nft(err, "add element %s leg { \"%s\" }", table, ifname);
}

void hostrules_leg_del(const char *ifname)
{
	if (ctx)
		nft(NULL, "delete element %s leg { \"%s\" }", table, ifname);
}
