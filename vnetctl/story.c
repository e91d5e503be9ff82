/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vnetctl/story.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/addr.h"
#include "client/ctl.h"

enum { TEXT_SIZE = 1024 };

static const char *direction(const struct pcapng_packet *p)
{
	return (p->flags & PCAPNG_DIRECTION) == PCAPNG_OUTBOUND ? "out" : "in";
}

/* Comment @i; "" when there is none. */
static const char *comment(const struct pcapng_packet *p, unsigned int i,
			   char text[static TEXT_SIZE])
{
	text[0] = '\0';
	if (i < p->n_comments)
		str_escape(p->comment[i], p->comment_len[i], text, TEXT_SIZE);
	return text;
}

static void print_head(struct decoder *d, const struct frames *f, const struct pcapng_packet *p)
{
	time_t s = (time_t)(p->time_ns / 1000000000);
	char clock[16];
	struct tm tm;

	strftime(clock, sizeof(clock), "%H:%M:%S", localtime_r(&s, &tm));
	printf("%s.%06u %s %s %s", clock, (unsigned int)(p->time_ns % 1000000000 / 1000),
	       frames_port(f, p->interface), direction(p), decode(d, p));
}

/* What the message in the frame says, where the daemon knows (DHCP, IPv6 addresses): its second
 * comment. */
static const char *said(const struct pcapng_packet *p, char text[static TEXT_SIZE])
{
	comment(p, 1, text);
	return strncmp(text, "dhcp", 4) && strncmp(text, "ipv6: ", 6) ? NULL : text;
}

void story_line(struct decoder *d, const struct frames *f, const struct pcapng_packet *p)
{
	char text[TEXT_SIZE];

	print_head(d, f, p);
	printf(" [%s]", comment(p, 0, text));
	if (said(p, text))
		printf(" [%s]", text);
	putchar('\n');
	fflush(stdout);
}

void story_step(const char *step, const char *text)
{
	printf("    %-8s %s\n", step, text);
}

void story_verdict(const char *text, bool good)
{
	printf("  %s= %s%s\n", ctl_colour(good ? COLOUR_GOOD : COLOUR_BAD), text,
	       ctl_colour(COLOUR_NONE));
}

/* "step: text" in two. A text without a step stays whole. */
static const char *split(char *comment)
{
	char *colon = strstr(comment, ": ");

	if (!colon)
		return comment;
	*colon = '\0';
	return colon + 2;
}

void story_block(struct decoder *d, const struct frames *f, const struct pcapng_packet *p)
{
	char verdict[TEXT_SIZE], text[TEXT_SIZE];

	print_head(d, f, p);
	putchar('\n');
	for (unsigned int i = 1; i < p->n_comments; i++) {
		comment(p, i, text);
		story_step(text, split(text));
	}
	comment(p, 0, verdict);
	story_verdict(verdict, !strstr(verdict, "dropped: ") && !strstr(verdict, "not delivered"));
	if (p->dropped)
		printf("    (%llu more frames before this one, not told)\n",
		       (unsigned long long)p->dropped);
	fflush(stdout);
}

void story_json(struct decoder *d, const struct frames *f, const struct pcapng_packet *p)
{
	json_t *steps = json_array();
	char verdict[TEXT_SIZE], text[TEXT_SIZE];
	json_t *all;

	for (unsigned int i = 1; i < p->n_comments; i++) {
		const char *rest;

		comment(p, i, text);
		rest = split(text);
		json_array_append_new(steps, json_pack("{s:s, s:s}", "step", text, "text", rest));
	}
	all = json_pack("{s:I, s:s, s:s, s:I, s:s, s:s, s:o, s:I}", "time_ns",
			(json_int_t)p->time_ns, "port", frames_port(f, p->interface), "direction",
			direction(p), "bytes", (json_int_t)p->len, "frame", decode(d, p), "verdict",
			comment(p, 0, verdict), "steps", steps, "lost_before",
			(json_int_t)p->dropped);
	if (p->id)
		json_object_set_new(all, "pair", json_integer((json_int_t)p->id));
	json_dumpf(all, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(all);
}
