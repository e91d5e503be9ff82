/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * save_parts.h - what save.c and restore.c are made of.
 */
#ifndef LAB_SAVE_PARTS_H
#define LAB_SAVE_PARTS_H

#include "lab/node.h"
#include "lab/package.h"

enum { SAVE_TIMEOUT_S = 60 };

/* Run @command in the node; a status other than 0 is an error with its last words. @res is the
 * caller's when 0 is returned. */
int save_run(struct lab_run *r, const struct lab_node *node, const char *command,
	     struct exec_result *res, struct err *err);

/* Addresses, MAC addresses, routes, fixed neighbours, forwarding and rules, as nodes/NODE/network
 * of @p; and @saved, the content of one, into the node. */
int save_network(struct lab_run *r, const struct lab_node *node, struct package *p,
		 struct err *err);
int restore_network(struct lab_run *r, const struct lab_node *node, const char *saved,
		    struct err *err);

#endif
