/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * save_network.c - what the network of a node is set to, as lines, and back.
 *
 * They come back from a stranger: lines are of few kinds, each of which is read strictly and made
 * into a command here. Rules go to nft as they are, which runs no programs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/node.h"
#include "lab/save_parts.h"
#include "lib/addr.h"
#include "lib/ipaddr.h"

#define FORWARD6 "/proc/sys/net/ipv6/conf/all/forwarding"

/* The words that it takes: cards that are set by hand, each with its MAC address; what comes before
 * the list of interfaces that were made.
 *
 * Of IPv6 what somebody has set, not what came by advertisements or follows from the MAC address.
 * A MAC address that is the lab's own may be another where the work is graded. */
static const char collect_network[] =
	"for c in %s; do\n"
	"i=${c%%%%,*}\n"
	"echo \"link $i $(ip -o link show dev $i | sed 's/.*<\\(.*\\)>.*/\\1/')\"\n"
	"m=$(ip -o link show dev $i | sed -n 's/.*link.ether \\([^ ]*\\).*/\\1/p')\n"
	"[ $m != ${c#*,} ] || m=own\n"
	"echo mac $i $m\n"
	"ip -4 neigh show dev $i nud permanent | sed \"s/^/neigh $i /\"\n"
	"ip -o -4 addr show dev $i | awk '{ print \"addr\", $2, $4 }'\n"
	"echo link6 $i own\n"
	"ip -6 neigh show dev $i nud permanent | sed \"s/^/neigh $i /\"\n"
	"ip -o -6 addr show dev $i scope global permanent | awk '{ print \"addr6\", $2, $4 }'\n"
	"done\n"
	"ip -4 route show | grep -v 'proto kernel' | grep -v linkdown | sed 's/^/route /'\n"
	"ip -6 route show | grep -v 'proto kernel' | grep -v 'proto ra' | grep -v linkdown |"
	" sed 's/^/route6 /'\n"
	"echo forward $(cat /proc/sys/net/ipv4/ip_forward)\n"
	"[ ! -e " FORWARD6 " ] || echo forward6 $(cat " FORWARD6 ")\n"
	"r=$(nft list ruleset 2>/dev/null) && echo \"$r\" | sed -n 's/^./nft &/p' ||"
	" { iptables-save 2>/dev/null | sed -n 's/^[^#]/ipt &/p';"
	" ip6tables-save 2>/dev/null | sed -n 's/^[^#]/ip6t &/p'; }\n"
	"%sip -o link show | sed 's/^[0-9]*: //; s/[@:].*//' |"
	" grep -vE '^(lo|eth[0-9]+|(dummy|bond|tunl|sit|gre|gretap|erspan|ip_vti|ip6_vti|ip6tnl|ip6gre)0)$' |"
	" sed 's/^/made /'\n"
	"true\n";

int save_run(struct lab_run *r, const struct lab_node *node, const char *command,
	     struct exec_result *res, struct err *err)
{
	char words[120];
	int rc = node_work(r, node, command, SAVE_TIMEOUT_S, res, err);

	if (rc)
		return err_wrap(err, "%s", node->name.s);
	if (!res->status)
		return 0;
	str_escape(res->err, strcspn(res->err, "\n"), words, sizeof(words));
	exec_result_fini(res);
	return err_set(err, -EIO, "%s: %s", node->name.s, words);
}

/* The cards that the student sets: not those that have their address from a server. */
static void own_cards(const struct lab_node *node, char *out, size_t size)
{
	char mac[MAC_STR];
	size_t len = 0;

	*out = 0;
	for (size_t i = 0; i < node->n_nics && len < size; i++)
		if (lab_nic_how(&node->nics[i]) != LAB_ADDR_DHCP)
			len += (size_t)snprintf(out + len, size - len, "%s,%s ", lab_nic_name(i),
						mac_format(&node->nics[i].mac, mac));
}

/* A guest's rc.local makes them anew. A namespace's is not run (restore.c). */
static const char *unless_rc_local(const struct lab_node *node)
{
	return node->kind == LAB_VM ? "[ -x /etc/rc.local ] || " : "";
}

/* Interfaces that were made in there are lost, which is to be said while it can be mended. */
static void tell_lost(struct lab_run *r, const struct lab_node *node, const char *lines)
{
	char name[64], shown[4 * sizeof(name)];

	for (; *lines; lines += strcspn(lines, "\n"), lines += *lines == '\n') {
		if (strncmp(lines, "made ", 5))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(lines + 5, "\n"), lines + 5);
		progress_line(&r->progress,
			      "not saved %s: the interface %s (%svnet-lab(5), FOLDERS)",
			      node->name.s, str_escape(name, strlen(name), shown, sizeof(shown)),
			      node->kind == LAB_VM ? "/etc/rc.local makes it anew: " : "");
	}
}

int save_network(struct lab_run *r, const struct lab_node *node, struct package *p, struct err *err)
{
	char cards[LAB_NICS_MAX * (MAC_STR + 8)], name[128];
	char command[sizeof(collect_network) + sizeof(cards) + 40];
	struct exec_result res;
	int rc;

	own_cards(node, cards, sizeof(cards));
	snprintf(command, sizeof(command), collect_network, cards, unless_rc_local(node));
	rc = save_run(r, node, command, &res, err);
	if (rc)
		return rc;
	snprintf(name, sizeof(name), "nodes/%s/network", node->name.s);
	rc = package_add(p, name, res.out, strlen(res.out), err);
	tell_lost(r, node, res.out);
	exec_result_fini(&res);
	return rc;
}

/* ---- restoring ------------------------------------------------------------------------------- */

static bool only(const char *text, const char *allowed)
{
	return text[strspn(text, allowed)] == 0;
}

/* "ADDR lladdr MAC ..." */
static void neigh_line(const char *ifname, char *rest, FILE *out)
{
	const char *addr = strsep(&rest, " ");
	struct mac mac;
	char text[MAC_STR], number[IP_ADDR_STR];
	struct ip_net a;

	if (!rest || strncmp(rest, "lladdr ", 7))
		return;
	snprintf(text, sizeof(text), "%s", rest + 7);
	if (!ip_net_parse(addr, &a) && !mac_parse(text, &mac))
		fprintf(out, "ip neigh replace %s dev %s lladdr %s nud permanent\n",
			ip_addr_format(&a.addr, number), ifname, text);
}

/* Flags: "BROADCAST,MULTICAST,UP,LOWER_UP". */
static void link_line(const char *ifname, const char *flags, FILE *out)
{
	fprintf(out, "ip -4 addr flush dev %s\nip link set %s %s arp %s\n", ifname, ifname,
		strstr(flags, "UP") == flags || strstr(flags, ",UP") ? "up" : "down",
		strstr(flags, "NOARP") ? "off" : "on");
}

/* Some cards take an address only while they are down; those that have it are left alone. */
static void mac_line(const struct lab_nic *nic, const char *ifname, const char *text, FILE *out)
{
	char own[MAC_STR];
	struct mac mac;

	if (!strcmp(text, "own"))
		text = mac_format(&nic->mac, own);
	if (mac_parse(text, &mac))
		return;
	fprintf(out,
		"[ \"$(cat /sys/class/net/%s/address)\" = %s ] || ip link set %s address %s || "
		"{ ip link set %s down; ip link set %s address %s; ip link set %s up; }\n",
		ifname, mac_format(&mac, own), ifname, text, ifname, ifname, text, ifname);
}

/* What a card is set to. */
static void card_line(const char *word, const struct lab_nic *nic, const char *ifname, char *rest,
		      FILE *out)
{
	char text[IP_NET_STR];
	struct ip4_prefix p;
	struct ip_net p6;

	if (!strcmp(word, "addr") && !ip4_prefix_parse(rest, &p))
		fprintf(out, "ip addr add %s dev %s\n", rest, ifname);
	else if (!strcmp(word, "addr6") && !ip_net_parse(rest, &p6))
		fprintf(out, "ip -6 addr add %s dev %s nodad\n", ip_net_format(&p6, text), ifname);
	else if (!strcmp(word, "link6"))
		fprintf(out,
			"ip -6 route flush dev %s proto boot\n"
			"ip -6 addr flush dev %s scope global permanent\n",
			ifname, ifname);
	else if (!strcmp(word, "link"))
		link_line(ifname, rest, out);
	else if (!strcmp(word, "mac"))
		mac_line(nic, ifname, rest, out);
	else if (!strcmp(word, "neigh"))
		neigh_line(ifname, rest, out);
}

/* One line of the saved network as a command to @out; what is not understood is left out. */
static void network_line(char *line, const struct lab_node *node, FILE *out)
{
	char *rest = line, *word = strsep(&rest, " "), *ifname;
	int i;

	if (!rest)
		return;
	if (!strcmp(word, "forward")) {
		fprintf(out, "echo %d >/proc/sys/net/ipv4/ip_forward\n", *rest == '1');
	} else if (!strcmp(word, "forward6")) {
		fprintf(out, "[ ! -e %s ] || echo %d >%s\n", FORWARD6, *rest == '1', FORWARD6);
	} else if (!strcmp(word, "route") || !strcmp(word, "route6")) {
		if (only(rest, "abcdefghijklmnopqrstuvwxyz0123456789.:/ "))
			fprintf(out, "ip %s route replace %s\n", word[5] ? "-6" : "-4", rest);
	} else {
		ifname = strsep(&rest, " ");
		i = rest ? lab_nic_index(node, ifname) : -1;
		if (i >= 0)
			card_line(word, &node->nics[i], ifname, rest, out);
	}
}

/* What saved lines come to; all freed by texts_fini(). */
struct texts {
	char *script, *nft, *iptables, *ip6tables;
};

static void texts_fini(struct texts *t)
{
	free(t->script);
	free(t->nft);
	free(t->iptables);
	free(t->ip6tables);
}

/* nft may read other files. iptables may start programs (-M), so its lines are for guests, whose
 * root is no more than the guest's; in namespaces nft says all that it can say. */
static bool rule_line(const char *line, size_t len, FILE *const out[])
{
	static const char *const kinds[] = {NULL, "nft ", "ipt ", "ip6t "};

	for (size_t i = 1; i < ARRAY_SIZE(kinds); i++) {
		size_t head = strlen(kinds[i]);

		if (len >= head && !strncmp(line, kinds[i], head) &&
		    (i != 1 || !memmem(line, len, "include", 7)))
			return fprintf(out[i], "%.*s\n", (int)(len - head), line + head) > 0;
	}
	return false;
}

static bool network_texts(const char *saved, const struct lab_node *node, struct texts *t)
{
	char **const texts[] = {&t->script, &t->nft, &t->iptables, &t->ip6tables};
	FILE *out[ARRAY_SIZE(texts)];
	size_t n[ARRAY_SIZE(texts)];
	bool ok = true;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		out[i] = open_memstream(texts[i], &n[i]);
		ok &= out[i] != NULL;
	}
	while (ok && *saved) {
		size_t len = strcspn(saved, "\n");
		char line[512];

		if (!rule_line(saved, len, out) && len < sizeof(line)) {
			memcpy(line, saved, len);
			line[len] = 0;
			network_line(line, node, out[0]);
		}
		saved += len + (saved[len] == '\n');
	}
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (out[i])
			fclose(out[i]);
	return ok;
}

static int restore_rules(struct lab_run *r, const struct lab_node *node, const char *rules,
			 const char *command, struct err *err)
{
	struct exec_result res;
	int rc;

	if (!*rules)
		return 0;
	rc = node_write(r, node, "/tmp/.vnet-rules", rules, strlen(rules), err);
	if (!rc)
		rc = save_run(r, node, command, &res, err);
	if (!rc)
		exec_result_fini(&res);
	return rc;
}

int restore_network(struct lab_run *r, const struct lab_node *node, const char *saved,
		    struct err *err)
{
	struct texts t = {0};
	struct exec_result res;
	int rc = network_texts(saved, node, &t) ? 0 : err_set(err, -ENOMEM, "out of memory");

	/* A route that no longer fits must not keep the others away. */
	if (!rc && *t.script) {
		rc = node_work(r, node, t.script, SAVE_TIMEOUT_S, &res, err);
		if (!rc)
			exec_result_fini(&res);
	}
	if (!rc)
		rc = restore_rules(r, node, t.nft,
				   "nft flush ruleset && nft -f /tmp/.vnet-rules; s=$?; "
				   "rm -f /tmp/.vnet-rules; exit $s",
				   err);
	if (!rc && node->kind == LAB_VM)
		rc = restore_rules(r, node, t.iptables,
				   "iptables-restore </tmp/.vnet-rules; s=$?; "
				   "rm -f /tmp/.vnet-rules; exit $s",
				   err);
	if (!rc && node->kind == LAB_VM)
		rc = restore_rules(r, node, t.ip6tables,
				   "ip6tables-restore </tmp/.vnet-rules; s=$?; "
				   "rm -f /tmp/.vnet-rules; exit $s",
				   err);
	texts_fini(&t);
	return rc;
}
