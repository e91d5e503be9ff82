/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * graph.c - a picture of a lab: networks with their nodes as text, or for `dot`.
 */
#include <string.h>

#include "lab/run.h"

/* What a NIC's address setting says in a picture. */
static const char *address(const struct lab_nic *nic, char buf[static IP4_PREFIX_STR])
{
	if (nic->how == LAB_ADDR_STATIC)
		return ip4_prefix_format(nic->address.p, buf);
	return lab_nic_how(nic) == LAB_ADDR_DHCP ? "dhcp" : "no address";
}

static void text_members(const struct lab *lab, const struct lab_net *net, FILE *out)
{
	char buf[IP4_PREFIX_STR];

	for (size_t n = 0; n < lab->n_nodes; n++)
		for (size_t i = 0; i < lab->nodes[n].n_nics; i++)
			if (lab->nodes[n].nics[i].net == net)
				fprintf(out, "  |-- %s.%s  %s\n", lab->nodes[n].name.s,
					lab_nic_name(i), address(&lab->nodes[n].nics[i], buf));
}

static void text_veths(const struct lab *lab, FILE *out)
{
	char buf[IP4_PREFIX_STR], host[IP4_PREFIX_STR];

	for (size_t n = 0; n < lab->n_nodes; n++)
		for (size_t i = 0; i < lab->nodes[n].n_nics; i++) {
			const struct lab_nic *nic = &lab->nodes[n].nics[i];

			if (nic->veth.s)
				fprintf(out, "%s (host) %s --- %s.%s  %s\n", nic->veth.s,
					nic->host_address.given
						? ip4_prefix_format(nic->host_address.p, host)
						: "",
					lab->nodes[n].name.s, lab_nic_name(i), address(nic, buf));
		}
}

static void text_cables(const struct lab *lab, FILE *out)
{
	for (size_t i = 0; i < lab->n_cables; i++)
		fprintf(out, "%s --- %s  cable %s%s%s\n", lab->cables[i].end[0].network.s,
			lab->cables[i].end[1].network.s, lab->cables[i].name.s,
			lab->cables[i].link.s ? ": " : "",
			lab->cables[i].link.s ? lab->cables[i].link.s : "");
}

void lab_graph_text(const struct lab *lab, FILE *out)
{
	char buf[IP4_PREFIX_STR];

	fprintf(out, "%s%s%s\n", lab->name.s, lab->title.s ? ": " : "",
		lab->title.s ? lab->title.s : "");
	for (size_t i = 0; i < lab->n_nets; i++) {
		const struct lab_net *net = &lab->nets[i];

		fprintf(out, "%s (%s%s%s%s%s)\n", net->name.s, lab_mode_word(net->mode),
			net->subnet.given ? ", " : "",
			net->subnet.given ? ip4_prefix_format(net->subnet.p, buf) : "",
			net->nic.s ? ", " : "", net->nic.s ? net->nic.s : "");
		text_members(lab, net, out);
	}
	text_cables(lab, out);
	text_veths(lab, out);
}

static void dot_edges(const struct lab_node *node, FILE *out)
{
	char buf[IP4_PREFIX_STR];

	for (size_t i = 0; i < node->n_nics; i++) {
		const struct lab_nic *nic = &node->nics[i];

		if (nic->net)
			fprintf(out, "\t\"node %s\" -- \"net %s\"", node->name.s, nic->net->name.s);
		else
			fprintf(out, "\t\"node %s\" -- \"host\"", node->name.s);
		fprintf(out, " [label=\"%s\\n%s\"];\n", lab_nic_name(i), address(nic, buf));
	}
}

static bool host_in_picture(const struct lab *lab)
{
	for (size_t n = 0; n < lab->n_nodes; n++)
		for (size_t i = 0; i < lab->nodes[n].n_nics; i++)
			if (lab->nodes[n].nics[i].veth.s)
				return true;
	for (size_t i = 0; i < lab->n_nets; i++)
		if (lab->nets[i].mode == LAB_NAT || lab->nets[i].mode == LAB_HOST_ONLY ||
		    lab->nets[i].mode == LAB_BRIDGE)
			return true;
	return false;
}

/* Names pass name_valid(): no quote, no backslash. */
void lab_graph_dot(const struct lab *lab, FILE *out)
{
	char buf[IP4_PREFIX_STR];

	fprintf(out,
		"graph \"%s\" {\n\tlayout=neato; overlap=false; splines=true;\n"
		"\tnode [fontname=sans]; edge [fontname=sans, fontsize=9];\n",
		lab->name.s);
	if (host_in_picture(lab))
		fputs("\t\"host\" [shape=house];\n", out);
	for (size_t i = 0; i < lab->n_nets; i++) {
		const struct lab_net *net = &lab->nets[i];

		fprintf(out, "\t\"net %s\" [shape=ellipse, label=\"%s\\n%s%s%s\"];\n", net->name.s,
			net->name.s, lab_mode_word(net->mode), net->subnet.given ? "\\n" : "",
			net->subnet.given ? ip4_prefix_format(net->subnet.p, buf) : "");
		if (net->mode == LAB_NAT || net->mode == LAB_HOST_ONLY || net->mode == LAB_BRIDGE)
			fprintf(out, "\t\"net %s\" -- \"host\" [style=%s];\n", net->name.s,
				net->mode == LAB_BRIDGE ? "dashed" : "solid");
	}
	for (size_t i = 0; i < lab->n_cables; i++)
		fprintf(out, "\t\"net %s\" -- \"net %s\" [label=\"%s\"];\n",
			lab->cables[i].end[0].network.s, lab->cables[i].end[1].network.s,
			lab->cables[i].name.s);
	for (size_t n = 0; n < lab->n_nodes; n++) {
		fprintf(out, "\t\"node %s\" [shape=%s, label=\"%s\"];\n", lab->nodes[n].name.s,
			lab->nodes[n].kind == LAB_VM ? "box" : "component", lab->nodes[n].name.s);
		dot_edges(&lab->nodes[n], out);
	}
	fputs("}\n", out);
}
