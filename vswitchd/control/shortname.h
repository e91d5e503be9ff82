/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shortname.h - objects of labs by the name that the topology file gives them.
 *
 * An object of a lab is called LAB.NAME, so that several labs can be up at once. Where only one of
 * them has a NAME, that is enough: `port show h1.eth0`. An exact name goes first; who looks calls
 * short_name_look() for every object there is, then short_name_end().
 */
#ifndef VSWITCHD_SHORTNAME_H
#define VSWITCHD_SHORTNAME_H

#include "lib/err.h"

struct short_name {
	const char *name, *kind; /* what was asked for; "network", for messages */
	unsigned int n;		 /* how many match */
	void *found;
	const char *first, *second; /* full names of two that do */
};

/* Is the object @obj, called @full and of lab @lab ("" when of none), one that is meant? */
void short_name_look(struct short_name *s, const char *lab, const char *full, void *obj);
/* The one in *@out, or -EINVAL with @err when there are more. For s->n > 0. */
int short_name_end(const struct short_name *s, void **out, struct err *err);

#endif
