/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe_name.c - which probe a file means by "probe" or "probe.NET".
 */
#include <stdio.h>
#include <string.h>

#include "lib/nearest.h"
#include "lab/parse.h"

bool lab_net_has_probe(const struct lab_net *net)
{
	for (size_t i = 0; i < net->settings.n; i++)
		if (!strcmp(net->settings.v[i].name, "probe"))
			return net->settings.v[i].value.s &&
			       strcmp(net->settings.v[i].value.s, "off") != 0;
	return false;
}

bool lab_is_probe_word(const struct lab *lab, const char *word)
{
	return !lab_node_of(lab, word) && !strncmp(word, "probe", 5) &&
	       (!word[5] || word[5] == '.');
}

struct lab_net *lab_probe_net(const struct lab *lab, const char *word)
{
	struct lab_net *only = NULL;
	size_t n = 0;

	if (!lab_is_probe_word(lab, word))
		return NULL;
	for (size_t i = 0; i < lab->n_nets; i++) {
		struct lab_net *net = &lab->nets[i];

		if (!lab_net_has_probe(net) || (word[5] && strcmp(net->name.s, word + 6)))
			continue;
		only = net;
		n++;
	}
	return n == 1 ? only : NULL;
}

void lab_unknown_probe(const struct lab *lab, const struct lab_text *word, struct lab_errors *e)
{
	const struct lab_net *net = word->s[5] ? lab_net_find(lab, word->s + 6) : NULL;
	size_t n = 0;

	for (size_t i = 0; i < lab->n_nets; i++)
		n += lab_net_has_probe(&lab->nets[i]);
	if (n > 1 && !word->s[5])
		lab_error(e, word->pos, "%zu networks have a probe: say which, as probe.%s", n,
			  "NETWORK");
	else if (word->s[5] && !net)
		lab_error(e, word->pos, "no network '%s' in this lab", word->s + 6);
	else
		lab_error(e, word->pos,
			  "%s has no probe: add 'probe: on' to %s, or 'probe: ADDR/PLEN' where it "
			  "has no subnet",
			  net ? "that network" : "this lab", net ? "it" : "a network");
}
