/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse_cables.c - the schema of `cables:`, which join networks, and whether they make sense.
 */
#include <string.h>

#include "lab/parse.h"
#include "lab/parse_parts.h"
#include "lib/setting_names.h"

static void read_between(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_cable *cable = out;
	struct lab_text *ends;
	size_t n = 0;

	if (s->say)
		json_object_update_new(s->say, json_pack("{s:s, s:i, s:i, s:{s:s}}", "type",
							 "array", "minItems", 2, "maxItems", 2,
							 "items", "type", "string"));
	if (s->say || !schema_kind(s, t, YAML_LIST, "between"))
		return;
	ends = read_texts(s, t, "between", &n);
	if (n != 2) {
		lab_error(s->errors, t->pos,
			  "a cable is between two networks, not %zu: write "
			  "between: [NET, NET]",
			  n);
		return;
	}
	for (size_t i = 0; i < 2; i++)
		cable->end[i].network = ends[i];
}

static void read_cable(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {
		{"between", read_between, 0},
		{"link", read_link, offsetof(struct lab_cable, link)},
		{0},
	};
	struct lab *lab = out;
	struct lab_cable *cable = &lab->cables[lab->n_cables++];
	unsigned int before = s->errors->n;

	read_key_name(s, t, &cable->name);
	schema_map_more(s, t, "a cable", keys, cable,
			&(struct schema_more){port_setting_names, &cable->settings});
	schema_says_required(s, "between");
	if (!cable->end[0].network.s && s->errors->n == before && !s->say)
		lab_error(s->errors, t->key_pos,
			  "cable '%s' leads nowhere: add between: [NET, NET]", t->key);
}

void read_cables(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab *lab = out;

	lab->cables = lab_alloc(lab, t->n, sizeof(*lab->cables));
	if (lab->cables)
		schema_names(s, t, "cables", read_cable, lab);
}

/* ---- as a whole ------------------------------------------------------------------------------ */

static void name_check(const struct lab *lab, const struct lab_text *name, struct lab_errors *e)
{
	/* "CABLE.NET-2" must be a valid port name, and no other port's. */
	if (strlen(name->s) > LAB_NODE_NAME_MAX)
		lab_error(e, name->pos, "the name '%s' is longer than %d letters", name->s,
			  LAB_NODE_NAME_MAX);
	else if (lab_node_find(lab, name->s))
		lab_error(e, name->pos, "'%s' is a node: give the cable another name", name->s);
}

void lab_validate_cables(struct lab *lab, struct lab_errors *errors)
{
	for (size_t i = 0; i < lab->n_cables; i++) {
		struct lab_cable *c = &lab->cables[i];
		bool loop = c->end[0].network.s && c->end[1].network.s &&
			    !strcmp(c->end[0].network.s, c->end[1].network.s);

		if (c->name.s)
			name_check(lab, &c->name, errors);
		for (size_t k = 0; c->name.s && k < 2; k++) {
			struct lab_cable_end *end = &c->end[k];

			if (end->network.s && !lab_net_find(lab, end->network.s))
				lab_unknown_network(lab, &end->network, errors);
			if (end->network.s)
				end->port = lab_printf(lab, "%s.%s.%s%s", lab->name.s, c->name.s,
						       end->network.s, loop && k ? "-2" : "");
		}
	}
}
