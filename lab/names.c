/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names.c - what the daemon calls the objects of a lab.
 */
#include <stdio.h>
#include <string.h>

#include "lab/parse.h"

/* The host end of a veth has the file's name for it, but when the lab runs under another name: then
 * there may be several of them on this host, and each gets a name made from the lab's. */
static const char *host_end(struct lab *lab, const char *veth)
{
	char seed[2 * NAME_MAX_];
	struct mac m;

	if (!strcmp(lab->name.s, lab->file_name.s))
		return veth;
	snprintf(seed, sizeof(seed), "%s/%s", lab->name.s, veth);
	m = mac_from_name(seed);
	return lab_printf(lab, "%.6s-%02x%02x%02x", veth, m.b[3], m.b[4], m.b[5]);
}

/* Objects of a lab carry its name before their own, so that several labs, or the same one under two
 * names, can be up at once. */
void lab_name_objects(struct lab *lab)
{
	const char *l = lab->name.s;

	for (size_t i = 0; i < lab->n_nets; i++)
		lab->nets[i].id = lab_printf(lab, "%s.%s", l, lab->nets[i].name.s);
	for (size_t n = 0; n < lab->n_nodes; n++) {
		struct lab_node *node = &lab->nodes[n];

		node->id = lab_printf(lab, "%s.%s", l, node->name.s);
		for (size_t i = 0; i < node->n_nics; i++) {
			struct lab_nic *nic = &node->nics[i];

			nic->port = lab_printf(lab, "%s.%s", node->id, lab_nic_name(i));
			if (nic->veth.s)
				nic->host_end = host_end(lab, nic->veth.s);
		}
	}
}

const char *lab_port_of(const struct lab *lab, const char *word)
{
	const struct lab_cable *cable = lab_cable_find(lab, word);

	if (cable)
		return cable->end[0].port;
	for (size_t n = 0; n < lab->n_nodes; n++)
		for (size_t i = 0; i < lab->nodes[n].n_nics; i++) {
			const struct lab_nic *nic = &lab->nodes[n].nics[i];

			if (nic->net && !strcmp(nic->port + strlen(lab->name.s) + 1, word))
				return nic->port;
		}
	return NULL;
}

bool lab_boots_from_network(const struct lab *lab, const struct lab_node *node)
{
	const struct lab_machine *m = &node->machine;

	return m->boot.s || (lab->defaults.boot.s && !m->image.s && !m->kernel.s);
}
