/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * graph.c - a picture of a lab: as text, for Graphviz, for Mermaid.
 *
 * A picture is drawn from the file's model; where the lab runs, @live says what its NICs and cables
 * have now: addresses, rates, faults.
 */
#include "lab/graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "client/ctl.h"
#include "lab/probe.h"

/* ---- what a card or network says of itself --------------------------------------------------- */

/* What a NIC's address setting says in a picture. */
static const char *address(const struct lab_nic *nic, const json_t *live, char buf[static 64])
{
	const json_t *now = nic->port ? json_object_get(live, nic->port) : NULL;
	const char *addr = json_string_value(json_object_get(now, "address"));

	if (addr)
		snprintf(buf, 64, "%s", addr);
	else if (nic->how == LAB_ADDR_STATIC)
		ip4_prefix_format(nic->address.p, buf);
	else
		snprintf(buf, 64, "%s", lab_nic_how(nic) == LAB_ADDR_DHCP ? "dhcp" : "no address");
	return buf;
}

static void rate(double bps, FILE *out)
{
	if (bps >= 1e9)
		fprintf(out, "%.1f Gbit/s", bps / 1e9);
	else if (bps >= 1e6)
		fprintf(out, "%.1f Mbit/s", bps / 1e6);
	else
		fprintf(out, "%.0f kbit/s", ceil(bps / 1e3));
}

static bool down(const char *port, const json_t *live)
{
	const json_t *now = port ? json_object_get(live, port) : NULL;

	return now && !json_is_true(json_object_get(now, "up"));
}

/* What the cable does: the file's words, or those that hold now; its traffic. @nl parts lines. */
static void cable_words(const char *port, const char *link, const json_t *live, const char *nl,
			FILE *out)
{
	const json_t *now = port ? json_object_get(live, port) : NULL;
	const char *words = now ? json_string_value(json_object_get(now, "words")) : link;
	double bps = json_number_value(json_object_get(now, "bps"));

	if (words)
		fprintf(out, "%s%s", nl, words);
	if (bps > 0) {
		fputs(nl, out);
		rate(bps, out);
	}
	if (down(port, live))
		fprintf(out, "%sDOWN", nl);
}

/* An interface may be called almost anything: what means something to Graphviz or Mermaid is not
 * shown as it is. */
static void interface_name(const char *name, FILE *out)
{
	for (; *name; name++)
		fputc(strchr("<>&\"'\\", *name) || (unsigned char)*name < ' ' ? '?' : *name, out);
}

static void net_words(const struct lab_net *net, const char *nl, FILE *out)
{
	char buf[IP4_PREFIX_STR];

	fprintf(out, "%s%s", nl, lab_mode_word(net->mode));
	if (net->subnet.given)
		fprintf(out, "%s%s", nl, ip4_prefix_format(net->subnet.p, buf));
	if (net->nic.s) {
		fputs(nl, out);
		interface_name(net->nic.s, out);
	}
	if (net->dhcp.on || (!net->dhcp.given && lab_net_serves(net) && net->mode != LAB_BRIDGE))
		fprintf(out, "%sDHCP", nl);
}

static bool touches_host(const struct lab_net *net)
{
	return net->mode == LAB_NAT || net->mode == LAB_HOST_ONLY || net->mode == LAB_BRIDGE;
}

static bool host_in_picture(const struct lab *lab)
{
	for (size_t n = 0; n < lab->n_nodes; n++)
		for (size_t i = 0; i < lab->nodes[n].n_nics; i++)
			if (lab->nodes[n].nics[i].veth.s)
				return true;
	for (size_t i = 0; i < lab->n_nets; i++)
		if (touches_host(&lab->nets[i]))
			return true;
	return false;
}

/* The address of a network's probe, known only where it runs; else "". */
static const char *probe_now(const struct lab_net *net, const json_t *live)
{
	return json_string_value(json_object_get(json_object_get(live, "probes"), net->name.s))
		       ?: "";
}

/* ---- text ------------------------------------------------------------------------------------ */

static void text_members(const struct lab *lab, const struct lab_net *net, const json_t *live,
			 FILE *out)
{
	char buf[64];

	for (size_t n = 0; n < lab->n_nodes; n++)
		for (size_t i = 0; i < lab->nodes[n].n_nics; i++) {
			const struct lab_nic *nic = &lab->nodes[n].nics[i];

			if (nic->net != net)
				continue;
			fprintf(out, "  |-- %s.%s  %s", lab->nodes[n].name.s, lab_nic_name(i),
				address(nic, live, buf));
			cable_words(nic->port, nic->link.s, live, "  ", out);
			fputc('\n', out);
		}
	if (lab_net_has_probe(net))
		fprintf(out, "  |-- (probe)%s%s\n", *probe_now(net, live) ? "  " : "",
			probe_now(net, live));
}

static void text_veths(const struct lab *lab, FILE *out)
{
	char buf[64], host[IP4_PREFIX_STR];

	for (size_t n = 0; n < lab->n_nodes; n++)
		for (size_t i = 0; i < lab->nodes[n].n_nics; i++) {
			const struct lab_nic *nic = &lab->nodes[n].nics[i];

			if (nic->veth.s)
				fprintf(out, "%s (host) %s --- %s.%s  %s\n", nic->veth.s,
					nic->host_address.given
						? ip4_prefix_format(nic->host_address.p, host)
						: "",
					lab->nodes[n].name.s, lab_nic_name(i),
					address(nic, NULL, buf));
		}
}

void lab_graph_text(const struct lab *lab, const json_t *live, FILE *out)
{
	fprintf(out, "%s%s%s\n", lab->name.s, lab->title.s ? ": " : "",
		lab->title.s ? lab->title.s : "");
	for (size_t i = 0; i < lab->n_nets; i++) {
		const struct lab_net *net = &lab->nets[i];

		fprintf(out, "%s (", net->name.s);
		net_words(net, net->name.s[0] ? " " : "", out);
		fputs(" )\n", out);
		text_members(lab, net, live, out);
	}
	for (size_t i = 0; i < lab->n_cables; i++) {
		const struct lab_cable *c = &lab->cables[i];

		fprintf(out, "%s --- %s  cable %s", c->end[0].network.s, c->end[1].network.s,
			c->name.s);
		cable_words(c->end[0].port, c->link.s, live, "  ", out);
		fputc('\n', out);
	}
	text_veths(lab, out);
}

/* ---- Graphviz -------------------------------------------------------------------------------- */

/* Colours of modes: dark enough for white paper, told apart also without colour by the word. */
static const char *mode_colour(enum lab_mode mode)
{
	static const char *const colours[] = {"#fde9c9", "#d8e8d0", "#dce6f5", "#eadff0",
					      "#eeeeee"};

	return colours[mode];
}

/* Which shape a role has in Graphviz. */
static const char *shape(const struct lab_node *node)
{
	static const struct {
		const char *role, *shape;
	} shapes[] = {{"router", "circle"},
		      {"firewall", "box3d"},
		      {"server", "cylinder"},
		      {"switch", "hexagon"},
		      {"attacker", "octagon"}};

	for (size_t i = 0; node->role.s && i < ARRAY_SIZE(shapes); i++)
		if (!strcmp(shapes[i].role, node->role.s))
			return shapes[i].shape;
	return node->kind == LAB_VM ? "box" : "component";
}

/* The label of an edge, on white, so that the line does not run through it. */
static void edge_label(const char *first, const char *second, const char *port, const char *link,
		       const json_t *live, FILE *out)
{
	fprintf(out,
		"label=<<table border=\"0\" cellspacing=\"0\" cellpadding=\"1\" "
		"bgcolor=\"white\"><tr><td>%s%s%s",
		first, *second ? "<br/>" : "", second);
	cable_words(port, link, live, "<br/>", out);
	fputs("</td></tr></table>>", out);
}

static void dot_net(const struct lab_net *net, FILE *out)
{
	fprintf(out,
		"\t\"net %s\" [shape=ellipse, fillcolor=\"%s\", label=<<b>%s</b>"
		"<font point-size=\"10\">",
		net->name.s, mode_colour(net->mode), net->name.s);
	net_words(net, "<br/>", out);
	fputs("</font>>];\n", out);
	if (touches_host(net))
		fprintf(out, "\t\"net %s\" -- \"host\" [style=%s];\n", net->name.s,
			net->mode == LAB_BRIDGE ? "dashed" : "solid");
}

/* Small: it is there to look on. */
static void dot_probe(const struct lab_net *net, const json_t *live, FILE *out)
{
	const char *addr = probe_now(net, live);

	if (lab_net_has_probe(net))
		fprintf(out,
			"\t\"probe %s\" [shape=diamond, fontsize=9, margin=\"0.02,0.02\", "
			"fillcolor=\"#fff7d6\", label=\"probe%s%s\"];\n"
			"\t\"probe %s\" -- \"net %s\" [style=dotted];\n",
			net->name.s, *addr ? "\\n" : "", addr, net->name.s, net->name.s);
}

static void dot_node(const struct lab_node *node, const json_t *live, FILE *out)
{
	char buf[64];

	fprintf(out, "\t\"node %s\" [shape=%s, label=\"%s\"];\n", node->name.s, shape(node),
		node->name.s);
	for (size_t i = 0; i < node->n_nics; i++) {
		const struct lab_nic *nic = &node->nics[i];

		fprintf(out, "\t\"node %s\" -- \"%s%s\" [", node->name.s,
			nic->net ? "net " : "host", nic->net ? nic->net->name.s : "");
		edge_label(lab_nic_name(i), address(nic, live, buf), nic->port, nic->link.s, live,
			   out);
		fprintf(out, "%s];\n", down(nic->port, live) ? ", color=red, style=dashed" : "");
	}
}

/* Machines in a column, their networks beside them, the host last; where networks hang together in
 * more than one way there are no such columns, and springs draw it better. */
static bool in_columns(const struct lab *lab)
{
	size_t routers = 0;

	for (size_t i = 0; i < lab->n_nodes; i++)
		routers += lab->nodes[i].n_nics > 1;
	return !lab->n_cables && routers <= 2;
}

/* Names pass name_valid(), words and addresses are made here: nothing in them
 * means anything in quotes or in markup. */
void lab_graph_dot(const struct lab *lab, const json_t *live, FILE *out)
{
	fprintf(out,
		"graph \"%s\" {\n\t%s;\n"
		"\tnode [fontname=\"Helvetica,Arial,sans-serif\", fontsize=12, style=filled, "
		"fillcolor=white, color=\"#4a5560\"];\n"
		"\tedge [fontname=\"Helvetica,Arial,sans-serif\", fontsize=9, "
		"color=\"#4a5560\"];\n",
		lab->name.s,
		in_columns(lab) ? "layout=dot; rankdir=LR; nodesep=0.3; ranksep=0.6"
				: "layout=neato; overlap=false; splines=true; sep=\"+12\"");
	if (host_in_picture(lab))
		fputs("\t\"host\" [shape=house];\n", out);
	for (size_t i = 0; i < lab->n_nets; i++)
		dot_net(&lab->nets[i], out);
	for (size_t i = 0; i < lab->n_nets; i++)
		dot_probe(&lab->nets[i], live, out);
	for (size_t i = 0; i < lab->n_cables; i++) {
		const struct lab_cable *c = &lab->cables[i];

		fprintf(out, "\t\"net %s\" -- \"net %s\" [", c->end[0].network.s,
			c->end[1].network.s);
		edge_label(c->name.s, "", c->end[0].port, c->link.s, live, out);
		fputs("];\n", out);
	}
	for (size_t n = 0; n < lab->n_nodes; n++)
		dot_node(&lab->nodes[n], live, out);
	fputs("}\n", out);
}

/* ---- Mermaid --------------------------------------------------------------------------------- */

/* An identifier of Mermaid's: names may have dots and dashes, which are words of its own there. */
static void mermaid_id(const char *kind, const char *name, FILE *out)
{
	fputs(kind, out);
	for (; *name; name++)
		fputc(*name == '.' || *name == '-' ? '_' : *name, out);
}

static void mermaid_probe(const struct lab_net *net, const json_t *live, FILE *out)
{
	const char *addr = probe_now(net, live);

	if (!lab_net_has_probe(net))
		return;
	fputs("  ", out);
	mermaid_id("probe_", net->name.s, out);
	fprintf(out, "{{\"probe%s%s\"}} -.- ", *addr ? "<br>" : "", addr);
	mermaid_id("net_", net->name.s, out);
	fputc('\n', out);
}

void lab_graph_mermaid(const struct lab *lab, const json_t *live, FILE *out)
{
	char buf[64];

	fputs("graph LR\n", out);
	if (host_in_picture(lab))
		fputs("  host[/host\\]\n", out);
	for (size_t i = 0; i < lab->n_nets; i++) {
		const struct lab_net *net = &lab->nets[i];

		fputs("  ", out);
		mermaid_id("net_", net->name.s, out);
		fprintf(out, "([\"%s", net->name.s);
		net_words(net, "<br>", out);
		fputs("\"])\n", out);
		mermaid_probe(net, live, out);
		if (!touches_host(net))
			continue;
		fputs("  ", out);
		mermaid_id("net_", net->name.s, out);
		fputs(net->mode == LAB_BRIDGE ? " -.- host\n" : " --- host\n", out);
	}
	for (size_t i = 0; i < lab->n_cables; i++) {
		const struct lab_cable *c = &lab->cables[i];

		fputs("  ", out);
		mermaid_id("net_", c->end[0].network.s, out);
		fprintf(out, " ---|\"%s", c->name.s);
		cable_words(c->end[0].port, c->link.s, live, "<br>", out);
		fputs("\"| ", out);
		mermaid_id("net_", c->end[1].network.s, out);
		fputc('\n', out);
	}
	for (size_t n = 0; n < lab->n_nodes; n++) {
		const struct lab_node *node = &lab->nodes[n];

		fputs("  ", out);
		mermaid_id("node_", node->name.s, out);
		fprintf(out, "[\"%s\"]\n", node->name.s);
		for (size_t i = 0; i < node->n_nics; i++) {
			const struct lab_nic *nic = &node->nics[i];

			fputs("  ", out);
			mermaid_id("node_", node->name.s, out);
			fprintf(out, " ---|\"%s<br>%s", lab_nic_name(i), address(nic, live, buf));
			cable_words(nic->port, nic->link.s, live, "<br>", out);
			fputs("\"| ", out);
			if (nic->net)
				mermaid_id("net_", nic->net->name.s, out);
			else
				fputs("host", out);
			fputc('\n', out);
		}
	}
}

/* ---- what runs ------------------------------------------------------------------------------- */

static json_t *port_now(struct lab_run *r, const char *port)
{
	struct err ignored;
	json_t *obj = client_call(r->client, "port.show", json_pack("{s:s}", "port", port),
				  &ignored),
	       *rates, *now;

	if (!obj)
		return json_pack("{s:b}", "up", 0);
	rates = json_object_get(obj, "rate");
	now = json_pack(
		"{s:b, s:f, s:s?}", "up", !strcmp(jstr(obj, "state"), "up"), "bps",
		json_number_value(json_object_get(rates, "rx_bps")) +
			json_number_value(json_object_get(rates, "tx_bps")),
		"words",
		json_string_value(json_object_get(json_object_get(obj, "impair"), "words")));
	json_decref(obj);
	return now;
}

json_t *lab_graph_live(struct lab_run *r)
{
	json_t *live = json_object(), *probes = json_object();
	char text[IP4_STR];
	struct err ignored;
	be32 addr;

	for (size_t n = 0; n < r->lab->n_nodes; n++) {
		const struct lab_node *node = &r->lab->nodes[n];

		for (size_t i = 0; i < node->n_nics; i++) {
			json_t *now = node->nics[i].net ? port_now(r, node->nics[i].port) : NULL;

			if (!now)
				continue;
			if (node->nics[i].how != LAB_ADDR_STATIC &&
			    !node_address(r, node, i, &addr, &ignored))
				json_object_set_new(now, "address",
						    json_string(ip4_format(addr, text)));
			json_object_set_new(live, node->nics[i].port, now);
		}
	}
	for (size_t i = 0; i < r->lab->n_nets; i++)
		if (lab_net_has_probe(&r->lab->nets[i]) &&
		    !probe_address(r, &r->lab->nets[i], &addr, &ignored))
			json_object_set_new(probes, r->lab->nets[i].name.s,
					    json_string(ip4_format(addr, text)));
	/* No port is called so: theirs begin with the lab's name and a dot. */
	json_object_set_new(live, "probes", probes);
	for (size_t i = 0; i < r->lab->n_cables; i++)
		json_object_set_new(live, r->lab->cables[i].end[0].port,
				    port_now(r, r->lab->cables[i].end[0].port));
	return live;
}
