/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * image.c - guest images: list, show.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/table.h"
#include "vnetctl/nouns.h"

enum { DIGEST_SHOWN = 12, LINE_WIDTH = 78 };

static int image_list(struct ctl *c, int argc, char **argv)
{
	static const char *const titles[] = {"NAME", ">SIZE", "DIGEST", "~WHAT IS IN IT", NULL};
	json_t *r, *image;
	struct table *t;
	size_t i;

	if (argc)
		return ctl_usage(c, "takes no arguments, but got '%s'", argv[0]);
	r = ctl_call(c, "image.list", NULL);
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	t = table_create(titles);
	json_array_foreach (r, i, image) {
		char size[32];

		table_add(t, jstr(image, "name"));
		table_add(t, human_bytes((uint64_t)jint(image, "size"), size, sizeof(size)));
		table_addf(t, "%.*s", DIGEST_SHOWN, jstr(image, "sha256"));
		table_add(t, jstr(image, "about"));
	}
	json_decref(r);
	table_finish(t, "no images: `make image` builds them");
	return CTL_OK;
}

/* The tools in lines of a terminal's width. */
static void print_tools(const json_t *tools)
{
	size_t i, col = 0;
	json_t *tool;

	json_array_foreach (tools, i, tool) {
		const char *name = json_string_value(tool);
		size_t len = name ? strlen(name) + 1 : 0;

		if (!len)
			continue;
		if (!i || col + len > LINE_WIDTH) {
			printf("%s  %-9s", i ? "\n" : "", i ? "" : "tools");
			col = 11;
		}
		printf(" %s", name);
		col += len;
	}
	if (col)
		printf("\n  %-9s and the small ones of busybox\n", "");
}

static void print_image(const json_t *image)
{
	char size[32];

	printf("%s", jstr(image, "name"));
	if (json_is_string(json_object_get(image, "about")))
		printf(": %s", jstr(image, "about"));
	printf("\n  file      %s\n  size      %s\n", jstr(image, "path"),
	       human_bytes((uint64_t)jint(image, "size"), size, sizeof(size)));
	if (json_is_string(json_object_get(image, "sha256")))
		printf("  sha256    %s\n", jstr(image, "sha256"));
	print_tools(json_object_get(image, "tools"));
}

static int image_show(struct ctl *c, int argc, char **argv)
{
	json_t *r, *image, *found = NULL;
	struct err err;
	size_t i;

	if (argc != 1)
		return ctl_usage(c, "wants one image");
	r = ctl_call(c, "image.list", NULL);
	if (!r)
		return CTL_FAILED;
	json_array_foreach (r, i, image)
		if (!strcmp(jstr(image, "name"), argv[0]))
			found = json_incref(image);
	json_decref(r);
	if (!found) {
		err_set(&err, -ENOENT, "there is no image '%s' (see: vnetctl image list)", argv[0]);
		return ctl_fail(&err);
	}
	if (c->json)
		return ctl_print_json(found);
	print_image(found);
	json_decref(found);
	return CTL_OK;
}

static const struct verb verbs[] = {
	{"list", "", "the guest images there are", image_list},
	{"show", "NAME", "one, with the tools in it", image_show},
	{0},
};

const struct noun noun_image = {
	"image", "what guests run", verbs,
	"`vnetctl vm run NAME image=frr` or `image: frr` in a topology file takes one; with a path, a\n"
	"file of one's own (doc/own-images.md). A guest changes nothing in it: what it writes is in its\n"
	"memory.\n"};
