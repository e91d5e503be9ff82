/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port_impair.c - `port impair`, and what `port show` says of a cable.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/linkspec.h"
#include "vnetctl/nouns.h"
#include "client/table.h"

/* One text of all words; NULL when memory is short. */
static char *join(int argc, char **argv)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (int i = 0; out && i < argc; i++)
		fprintf(out, "%s%s", i ? " " : "", argv[i]);
	if (out)
		fclose(out);
	return text;
}

int port_impair(struct ctl *c, int argc, char **argv)
{
	struct link_spec scratch = {0};
	struct link_words words;
	struct err err;
	char *text;
	int rc;

	if (argc < 2 || strchr(argv[0], '='))
		return ctl_usage(c, "wants a port and what its cable is to do, or none");
	/* A word that nobody knows is wrong usage; whether they make sense together depends on
	 * what the cable does already. */
	link_words_begin(&words, &scratch);
	for (int i = 1; i < argc; i++) {
		char *equals = strchr(argv[i], '=');
		size_t len = equals ? (size_t)(equals - argv[i]) : strlen(argv[i]);
		char key[LINK_WORD_MAX];

		if (len >= sizeof(key) || (equals ? !equals[1] : strcmp(argv[i], "none") != 0))
			return ctl_usage(c, "wants words such as delay=20ms, or none");
		snprintf(key, sizeof(key), "%.*s", (int)len, argv[i]);
		if (link_word(&words, key, equals ? equals + 1 : "", &err))
			return ctl_usage(c, "%s", err.text);
	}
	text = join(argc - 1, argv + 1);
	rc = ctl_do(c, "port.impair",
		    json_pack("{s:s, s:s}", "port", argv[0], "words", text ? text : ""));
	free(text);
	return rc;
}

static void print_way(const char *name, const json_t *way)
{
	static const struct {
		const char *key, *text;
	} counts[] = {{"lost", "lost"},
		      {"queue_full", "found the queue full"},
		      {"duplicated", "duplicated"},
		      {"corrupted", "corrupted"},
		      {"reordered", "overtook"},
		      {"cut", "super-frames cut"}};
	const char *now = jstr(way, "now");

	printf("  %-9s %s\n", name, *now ? now : "plain");
	printf("  %-9s %lld frames, %lld held", "", (long long)jint(way, "frames"),
	       (long long)jint(way, "held"));
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		if (jint(way, counts[i].key))
			printf(", %lld %s", (long long)jint(way, counts[i].key), counts[i].text);
	putchar('\n');
}

static void print_schedule(const json_t *impair)
{
	const json_t *next = json_object_get(impair, "next");
	char time[32];
	json_t *step;
	size_t i;

	json_array_foreach (jarr(impair, "schedule"), i, step)
		printf("  %-9s at %s: %s\n", i ? "" : "schedule", jstr(step, "at"),
		       jstr(step, "words"));
	if (jint(impair, "repeat_ms"))
		printf("  %-9s and again every %s\n", "",
		       human_seconds((double)jint(impair, "repeat_ms") / 1e3, time, sizeof(time)));
	if (json_is_object(next))
		printf("  %-9s in %.1f s: %s\n", "next", (double)jint(next, "in_ms") / 1e3,
		       jstr(next, "words"));
}

void port_print_impair(const json_t *impair)
{
	if (!json_is_object(impair))
		return;
	print_way("cable in", json_object_get(impair, "in"));
	print_way("cable out", json_object_get(impair, "out"));
	printf("  %-9s %lld\n", "seed", (long long)jint(impair, "seed"));
	print_schedule(impair);
}
