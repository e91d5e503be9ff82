/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture.c - frames of a port, a network or all: to a file, to a pipe, or as text; and trace,
 * the same with every step that was taken.
 *
 * Every block is looked at as it passes, so that `-c N` can count and so that what reaches a file
 * always ends with a whole block, also after Ctrl-C.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vnetctl/args.h"
#include "vnetctl/decode.h"
#include "vnetctl/frames.h"
#include "vnetctl/nouns.h"
#include "vnetctl/story.h"

enum { TRACE_RATE = 200 };

struct capture {
	const char *what;  /* port, network or "all" */
	const char *file;  /* -w; NULL: as text */
	const char *steps; /* not NULL: each step is told */
	bool classic;	   /* -F pcap */
	bool pairs;	   /* --pairs */
	bool json;
	long count;   /* -c; 0: until Ctrl-C */
	char *filter; /* NULL: all */
	struct frames *frames;
	struct decoder *decoder; /* as text */
	FILE *out;		 /* file or stdout; NULL: as text */
	long seen;
	uint64_t lost;
	int code; /* why writing failed; 0 */
};

/* ---- where frames go ------------------------------------------------------------------------- */

static int open_output(struct capture *cap, struct err *err)
{
	if (!cap->file) {
		cap->decoder = decoder_create();
		return cap->decoder ? 0 : err_set(err, -ENOMEM, "out of memory");
	}
	if (!strcmp(cap->file, "-")) {
		if (isatty(STDOUT_FILENO))
			return err_set(err, -EINVAL,
				       "-w - would write binary data to the terminal: pipe it into "
				       "`wireshark -k -i -`, or leave -w out");
		cap->out = stdout;
		return 0;
	}
	cap->out = fopen(cap->file, "we");
	return cap->out ? 0 : err_sys(err, -errno, "can't write %s", cap->file);
}

static int close_output(struct capture *cap, struct err *err)
{
	decoder_destroy(cap->decoder);
	if (cap->out && !cap->code && fflush(cap->out))
		cap->code = -errno;
	if (cap->out && cap->out != stdout && fclose(cap->out) && !cap->code)
		cap->code = -errno;
	/* A reader that has had enough (head, a closed Wireshark) is no failure: what waits for
	 * it goes nowhere. */
	if (cap->code == -EPIPE && freopen("/dev/null", "we", stdout))
		return 0;
	if (cap->code)
		return err_sys(err, cap->code, "can't write %s",
			       cap->file ? cap->file : "the output");
	return 0;
}

/* False when the output takes no more; cap->code tells why. */
static bool put(struct capture *cap, const void *data, size_t len)
{
	if (fwrite(data, len, 1, cap->out) == 1 &&
	    (frames_waiting(cap->frames) || !fflush(cap->out)))
		return true;
	cap->code = -errno;
	return false;
}

static bool full(const struct capture *cap)
{
	return cap->count && cap->seen == cap->count;
}

static bool show_text(struct capture *cap, const struct pcapng_packet *p)
{
	if (cap->json)
		story_json(cap->decoder, cap->frames, p);
	else if (cap->steps)
		story_block(cap->decoder, cap->frames, p);
	else
		story_line(cap->decoder, cap->frames, p);
	if (ferror(stdout))
		cap->code = -errno;
	return !cap->code;
}

/* ---- the stream ------------------------------------------------------------------------------ */

/* A packet block. False when it is the last that is wanted and goes nowhere any more. */
static bool take_packet(struct capture *cap, const uint8_t *block, size_t len)
{
	struct pcapng_packet p;
	bool ok;

	if (full(cap) || !pcapng_get_packet(block, len, &p))
		return true;
	cap->seen++;
	ok = cap->out ? put(cap, block, len) : show_text(cap, &p);
	if (full(cap))
		frames_stop(cap->frames);
	return ok;
}

static int copy_blocks(struct capture *cap, struct err *err)
{
	struct pcapng_stats stats;
	const uint8_t *block;
	uint32_t type;
	size_t len;
	bool ok = true;
	int rc = 1;

	while (ok && (rc = frames_next(cap->frames, &type, &block, &len, err)) == 1) {
		if (type == PCAPNG_STATS && pcapng_get_stats(block, len, &stats))
			cap->lost += stats.dropped;
		if (type == PCAPNG_PACKET)
			ok = take_packet(cap, block, len);
		else if (cap->out)
			ok = put(cap, block, len);
	}
	return rc < 0 ? rc : 0;
}

static int copy_classic(struct capture *cap, struct err *err)
{
	const uint8_t *record;
	bool head = true;
	size_t len;
	int rc = 1;

	while (!full(cap) && (rc = frames_next_classic(cap->frames, &record, &len, err)) == 1) {
		cap->seen += !head;
		head = false;
		if (!put(cap, record, len))
			break;
	}
	return rc < 0 ? rc : 0;
}

/* ---- the commands ---------------------------------------------------------------------------- */

static json_t *start_params(const struct capture *cap)
{
	json_t *params = json_pack("{s:s*}", "filter", cap->filter);

	if (cap->classic)
		json_object_set_new(params, "format", json_string("pcap"));
	if (cap->steps)
		json_object_set_new(params, "steps", json_integer(TRACE_RATE));
	if (cap->pairs)
		json_object_set_new(params, "pairs", json_true());
	return params;
}

static void print_count(const struct capture *cap)
{
	fprintf(stderr, "%ld packets", cap->seen);
	if (cap->lost)
		fprintf(stderr, ", %llu lost: %s", (unsigned long long)cap->lost,
			cap->steps ? "too many to tell" : "the reader was too slow");
	fputc('\n', stderr);
}

static int capture(struct ctl *c, struct capture *cap)
{
	struct err err, ignored;
	int rc;

	if (!ctl_client(c))
		return CTL_FAILED;
	cap->json = c->json;
	cap->frames = frames_open(c->client, cap->what, start_params(cap), &err);
	if (!cap->frames)
		return ctl_fail(&err);
	rc = open_output(cap, &err);
	/* As tcpdump does, also for scripts that wait until they may send. */
	if (!rc)
		fprintf(stderr, "watching %s, Ctrl-C ends it\n", cap->what);
	if (!rc)
		rc = cap->classic ? copy_classic(cap, &err) : copy_blocks(cap, &err);
	frames_close(cap->frames);
	if (close_output(cap, rc ? &ignored : &err) && !rc)
		rc = -EIO;
	if (!rc && (cap->file || cap->lost))
		print_count(cap);
	return rc ? ctl_fail(&err) : CTL_OK;
}

/* The words of a filter, joined as tcpdump does. */
static char *join(int argc, char **argv)
{
	char *text = NULL;
	size_t size;
	FILE *out = argc ? open_memstream(&text, &size) : NULL;

	if (!out)
		return NULL;
	for (int i = 0; i < argc; i++)
		fprintf(out, "%s%s", i ? " " : "", argv[i]);
	fclose(out);
	return text;
}

static int set_format(const struct ctl *c, struct capture *cap, const char *format)
{
	cap->classic = !strcmp(format, "pcap");
	if (cap->classic || !strcmp(format, "pcapng"))
		return CTL_OK;
	return ctl_usage(c, "'-F %s': a format is pcapng or pcap", format);
}

/* Option argv[*i] and its value. */
static int option(const struct ctl *c, struct capture *cap, int argc, char **argv, int *i)
{
	const char *name = argv[*i], *value = *i + 1 < argc ? argv[++*i] : NULL;

	if (value && !strcmp(name, "-c")) {
		if (!arg_number(value, 1, 1L << 40, &cap->count))
			return ctl_usage(c, "'-c %s' is not a number of packets", value);
	} else if (value && !cap->steps && !strcmp(name, "-w")) {
		cap->file = value;
	} else if (value && !cap->steps && !strcmp(name, "-F")) {
		return set_format(c, cap, value);
	} else {
		return ctl_usage(c, "'%s' is no option here, or lacks its value", name);
	}
	return CTL_OK;
}

/* Options may stand anywhere, as with tcpdump. A "-" in a filter has no letter behind it. */
static int run(struct ctl *c, struct capture *cap, int argc, char **argv)
{
	int words = 0, rc = CTL_OK;

	for (int i = 0; i < argc && !rc; i++) {
		if (!cap->steps && !strcmp(argv[i], "--pairs"))
			cap->pairs = true;
		else if (argv[i][0] == '-' && isalpha((unsigned char)argv[i][1]))
			rc = option(c, cap, argc, argv, &i);
		else if (!cap->what)
			cap->what = argv[i];
		else
			argv[words++] = argv[i];
	}
	if (rc)
		return rc;
	if (!cap->what)
		return ctl_usage(c, "wants a port or a network, or all");
	if (cap->classic && !cap->file)
		return ctl_usage(c, "-F goes with -w");
	cap->filter = join(words, argv);
	rc = capture(c, cap);
	free(cap->filter);
	return rc;
}

static int capture_run(struct ctl *c, int argc, char **argv)
{
	struct capture cap = {0};

	return run(c, &cap, argc, argv);
}

static int trace_run(struct ctl *c, int argc, char **argv)
{
	struct capture cap = {.steps = "all"};

	return run(c, &cap, argc, argv);
}

static const struct verb capture_verbs[] = {
	{"", "PORT|NET|all [--pairs] [-w FILE|-] [-F pcapng|pcap] [-c COUNT] [FILTER...]",
	 "frames as text with what the switch did, or with -w as a file; until Ctrl-C or COUNT "
	 "frames",
	 capture_run},
	{0},
};
static const struct verb trace_verbs[] = {
	{"", "PORT|NET|all [-c COUNT] [FILTER...]",
	 "each frame with every step that it takes through the switch, and why", trace_run},
	{0},
};

const struct noun noun_capture = {
	"capture", "packets of a port or network", capture_verbs,
	"A port's frames are those that come in by it and those that leave by it; a network's are\n"
	"shown once, as they come in. Of a NAT network --pairs shows what it translates instead: each\n"
	"packet as it came and as it left, numbered alike (\"nat 7 before\", \"nat 7 after\"; the packet\n"
	"id in pcapng), and what it drops with the reason. FILTER is in the language of pcap-filter(7). In Wireshark,\n"
	"where what the switch did is the comment of each packet:\n"
	"  vnetctl capture web.eth0 -w - | wireshark -k -i -\n"};
const struct noun noun_trace = {
	"trace", "the life of each frame, step by step", trace_verbs,
	"On a port: frames that come in by it or leave by it. FILTER is in the language of\n"
	"pcap-filter(7). At most 200 frames a second are told; all of them pass.\n"};
