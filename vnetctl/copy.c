/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * copy.c - `vm copy` and `lab copy`: files into nodes and out of them.
 */
#include "vnetctl/copy.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/table.h"
#include "lib/clock.h"

/* So much may come out of a node unless max= says more. */
#define MAX_DEFAULT (1ULL << 30)

struct shown {
	msec began_ms, told_ms;
	bool tty, any;
	const char *what;
};

static void progress(void *ctx, uint64_t done, uint64_t total)
{
	struct shown *s = ctx;
	char a[32], b[32], rate[32];
	msec now = clock_now_ms(), ms = now - s->began_ms;

	/* Short ones need none. */
	if (!s->tty || ms < 500 || (now - s->told_ms < 200 && done != total))
		return;
	s->told_ms = now;
	s->any = true;
	fprintf(stderr, "\r\033[K%s: %s of %s, %s/s", s->what, human_bytes(done, a, sizeof(a)),
		human_bytes(total, b, sizeof(b)),
		human_bytes(done * 1000 / (uint64_t)(ms ? ms : 1), rate, sizeof(rate)));
}

/* A signal ends the wait for an answer, so that what is half there can be removed. */
static void signal_cb(int sig)
{
	(void)sig;
}

static json_t *result_json(const struct tree_unpacked *r)
{
	return json_pack("{s:I, s:i, s:i, s:i, s:i}", "bytes", (json_int_t)r->bytes, "files",
			 (int)r->files, "folders", (int)r->folders, "links", (int)r->links,
			 "left_out", (int)r->left_out);
}

static int tell(const struct ctl *c, const struct copy *copy)
{
	const struct tree_unpacked *r = &copy->result;

	if (r->left_out)
		fprintf(stderr,
			"vnetctl: note: %u left out, among them %s: only files, folders and links "
			"that stay among them are copied\n",
			r->left_out, r->first_left_out);
	return c->json ? ctl_print_json(result_json(r)) : CTL_OK;
}

bool copy_words(const char *from, const char *to, struct copy_words *out)
{
	const char *from_colon = strchr(from, ':'), *to_colon = strchr(to, ':');
	const char *colon, *text;

	/* As with scp: a colon behind a slash is part of a name. */
	if (from_colon && memchr(from, '/', (size_t)(from_colon - from)))
		from_colon = NULL;
	if (to_colon && memchr(to, '/', (size_t)(to_colon - to)))
		to_colon = NULL;
	colon = to_colon ? to_colon : from_colon;
	if (!colon || (from_colon && to_colon))
		return false;
	out->in = colon == to_colon;
	text = out->in ? to : from;
	snprintf(out->node, sizeof(out->node), "%.*s", (int)(colon - text), text);
	out->there = colon + 1;
	out->here = out->in ? from : to;
	/* Paths there begin where a command does, at home. */
	return out->node[0] && (*out->there || out->in);
}

bool copy_max(int *argc, char **argv, struct copy *copy)
{
	const char *word = *argc ? argv[*argc - 1] : "";
	char *end;
	uint64_t n;

	copy->max = MAX_DEFAULT;
	if (strncmp(word, "max=", 4))
		return true;
	n = word[4] >= '0' && word[4] <= '9' ? strtoull(word + 4, &end, 10) : 0;
	--*argc;
	if (n && n < 1 << 20 && !strcmp(end, "MiB"))
		copy->max = n << 20;
	else if (n && n < 1 << 10 && !strcmp(end, "GiB"))
		copy->max = n << 30;
	else
		return false;
	return true;
}

int copy_run(struct ctl *c, struct copy *copy, const struct copy_words *w)
{
	struct sigaction sa = {.sa_handler = signal_cb}, old[2];
	struct shown shown = {
		.began_ms = clock_now_ms(), .tty = isatty(STDERR_FILENO), .what = w->node};
	struct err err;
	int rc;

	if (!ctl_client(c))
		return CTL_FAILED;
	copy->client = c->client;
	copy->shown = w->node;
	copy->progress = progress;
	copy->ctx = &shown;
	sigaction(SIGINT, &sa, &old[0]);
	sigaction(SIGTERM, &sa, &old[1]);
	client_interruptible(c->client, true);
	rc = w->in ? copy_in(copy, w->here, *w->there ? w->there : "./", false, &err)
		   : copy_out(copy, w->there, w->here, &err);
	client_interruptible(c->client, false);
	copy->ctx = NULL;
	sigaction(SIGINT, &old[0], NULL);
	sigaction(SIGTERM, &old[1], NULL);
	if (shown.any)
		fputs("\r\033[K", stderr);
	return rc ? ctl_fail(&err) : tell(c, copy);
}
