/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * graph.h - a picture of a lab.
 */
#ifndef LAB_GRAPH_H
#define LAB_GRAPH_H

#include <stdio.h>

#include "lab/node.h"

/* What the cards and cables of a running lab have now, by port: {PORT: {up, address, bps, words}}.
 * New reference. */
json_t *lab_graph_live(struct lab_run *r);

/* Draw the lab; @live may be NULL: as the file says. */
void lab_graph_text(const struct lab *lab, const json_t *live, FILE *out);
void lab_graph_dot(const struct lab *lab, const json_t *live, FILE *out);
void lab_graph_mermaid(const struct lab *lab, const json_t *live, FILE *out);

#endif
