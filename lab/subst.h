/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * subst.h - {NODE.ethN.ip}, {NODE.ip} and {NODE.ethN.mac} in the texts of checks; {probe.ip} and
 * {probe.NET.ip} are those of probes.
 */
#ifndef LAB_SUBST_H
#define LAB_SUBST_H

#include "lab/model.h"

/* What one placeholder asks for. */
struct subst {
	const struct lab_node *node; /* or else */
	const struct lab_net *probe; /* whose probe it is */
	int nic;		     /* -1: not said */
	bool mac;
};

/* Does every placeholder in @text name a node and NIC of @lab? If not, the first that does not is
 * copied to @bad. Braces that do not end in ".ip}" or ".mac}" are ordinary text. */
bool subst_known(const struct lab *lab, const char *text, char *bad, size_t size);

/* @text with "x" for each placeholder, to see what is around them; the caller frees it. */
char *subst_blank(const char *text);

/* Gives the value of @what into @buf; false when it has none yet. */
typedef bool subst_value_fn(void *ctx, const struct subst *what, char *buf, size_t size);
/* @text with every placeholder replaced; the caller frees it. NULL when a value is missing (then
 * *@missing is the place in @text) or memory is short (*@missing is NULL). */
char *subst_text(const struct lab *lab, const char *text, subst_value_fn *value, void *ctx,
		 const char **missing);

#endif
