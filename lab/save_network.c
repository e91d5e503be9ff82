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

/* A MAC address that is the lab's own may be another where the work is graded. */
static const char collect_network[] =
	"for c in %s; do\n"
	"i=${c%%%%,*}\n"
	"echo \"link $i $(ip -o link show dev $i | sed 's/.*<\\(.*\\)>.*/\\1/')\"\n"
	"m=$(ip -o link show dev $i | sed -n 's/.*link.ether \\([^ ]*\\).*/\\1/p')\n"
	"[ $m != ${c#*,} ] || m=own\n"
	"echo mac $i $m\n"
	"ip -4 neigh show dev $i nud permanent | sed \"s/^/neigh $i /\"\n"
	"ip -o -4 addr show dev $i | awk '{ print \"addr\", $2, $4 }'\n"
	"done\n"
	"ip -4 route show | grep -v 'proto kernel' | grep -v linkdown | sed 's/^/route /'\n"
	"echo forward $(cat /proc/sys/net/ipv4/ip_forward)\n"
	"r=$(nft list ruleset 2>/dev/null) && echo \"$r\" | sed -n 's/^./nft &/p' ||"
	" iptables-save 2>/dev/null | sed -n 's/^[^#]/ipt &/p'\n"
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

int save_network(struct lab_run *r, const struct lab_node *node, struct package *p, struct err *err)
{
	char cards[LAB_NICS_MAX * (MAC_STR + 8)], command[sizeof(collect_network) + sizeof(cards)],
		name[128];
	struct exec_result res;
	int rc;

	own_cards(node, cards, sizeof(cards));
	snprintf(command, sizeof(command), collect_network, cards);
	rc = save_run(r, node, command, &res, err);
	if (rc)
		return rc;
	snprintf(name, sizeof(name), "nodes/%s/network", node->name.s);
	rc = package_add(p, name, res.out, strlen(res.out), err);
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
	char text[MAC_STR];
	be32 a;

	if (!rest || strncmp(rest, "lladdr ", 7))
		return;
	snprintf(text, sizeof(text), "%s", rest + 7);
	if (!ip4_parse(addr, &a) && !mac_parse(text, &mac))
		fprintf(out, "ip neigh replace %s dev %s lladdr %s nud permanent\n", addr, ifname,
			text);
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
	struct ip4_prefix p;

	if (!strcmp(word, "addr") && !ip4_prefix_parse(rest, &p))
		fprintf(out, "ip addr add %s dev %s\n", rest, ifname);
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
	} else if (!strcmp(word, "route")) {
		if (only(rest, "abcdefghijklmnopqrstuvwxyz0123456789./ "))
			fprintf(out, "ip route replace %s\n", rest);
	} else {
		ifname = strsep(&rest, " ");
		i = rest ? lab_nic_index(node, ifname) : -1;
		if (i >= 0)
			card_line(word, &node->nics[i], ifname, rest, out);
	}
}

/* What saved lines come to; all freed by texts_fini(). */
struct texts {
	char *script, *nft, *iptables;
};

static void texts_fini(struct texts *t)
{
	free(t->script);
	free(t->nft);
	free(t->iptables);
}

/* nft may read other files. iptables may start programs (-M), so its lines are for guests, whose
 * root is no more than the guest's; in namespaces nft says all that it can say. */
static bool rule_line(const char *line, size_t len, FILE *nft, FILE *iptables)
{
	if (!strncmp(line, "nft ", 4) && !memmem(line, len, "include", 7))
		return fprintf(nft, "%.*s\n", (int)len - 4, line + 4) > 0;
	return !strncmp(line, "ipt ", 4) && fprintf(iptables, "%.*s\n", (int)len - 4, line + 4) > 0;
}

static bool network_texts(const char *saved, const struct lab_node *node, struct texts *t)
{
	size_t n[3];
	FILE *out = open_memstream(&t->script, &n[0]), *nft = open_memstream(&t->nft, &n[1]),
	     *iptables = open_memstream(&t->iptables, &n[2]);
	bool ok = out && nft && iptables;

	while (ok && *saved) {
		size_t len = strcspn(saved, "\n");
		char line[512];

		if (!rule_line(saved, len, nft, iptables) && len < sizeof(line)) {
			memcpy(line, saved, len);
			line[len] = 0;
			network_line(line, node, out);
		}
		saved += len + (saved[len] == '\n');
	}
	if (out)
		fclose(out);
	if (nft)
		fclose(nft);
	if (iptables)
		fclose(iptables);
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
	texts_fini(&t);
	return rc;
}
