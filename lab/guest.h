/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest.h - a node of kind vm as a vm.run request.
 */
#ifndef LAB_GUEST_H
#define LAB_GUEST_H

#include <jansson.h>

#include "lab/model.h"
#include "lib/err.h"

/* Parameters of vm.run for @node, its settings filled up from the lab's defaults; paths are
 * relative to @file's folder. New reference; NULL with @err. */
json_t *guest_params(const struct lab *lab, const struct lab_node *node, const char *file,
		     struct err *err);

/* Put each of @settings into a request's @params; networks and ports of the lab in their values by
 * their names for the daemon. */
void settings_put(const struct lab *lab, const struct lab_settings *settings, json_t *params);
/* @path, as @file beside it names it. The caller frees it; NULL when memory is short. */
char *lab_beside(const char *file, const char *path);

#endif
