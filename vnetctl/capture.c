/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture.c - packets of a port or network: to a file, to a pipe, or as text.
 *
 * The daemon gives a descriptor with a pcap stream. Every record is looked at as it passes (pcapng
 * and byte-swapped files do not come from our own daemon), so that `-c N` can count and so that
 * what reaches a file always ends with a whole packet, also after Ctrl-C. As text they go through
 * tcpdump where it is installed, else one short line each (packet_text.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vnetctl/args.h"
#include "vnetctl/nouns.h"
#include "vnetctl/packet_text.h"

enum { RECORD_MAX = 256 << 10 };
static const uint32_t MAGIC_US = 0xa1b2c3d4, MAGIC_NS = 0xa1b23c4d;

/* The file header and record header of pcap, in the daemon's (our) byte order. */
struct pcap_head {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, sigfigs, snaplen, linktype;
};

struct pcap_record {
	uint32_t s, frac, caplen, len;
};

struct capture {
	const char *what; /* port or network */
	const char *file; /* -w; NULL: as text */
	long count;	  /* -c; 0: until Ctrl-C */
	char *filter;	  /* NULL: all */
	int in;		  /* the stream */
	FILE *out;	  /* file, stdout or tcpdump's stdin; NULL: lines of our own */
	pid_t tcpdump;	  /* -1: none */
	long seen;
	int code; /* why writing failed; 0 */
};

static volatile sig_atomic_t stopped;

static void stop_cb(int sig)
{
	(void)sig;
	stopped = 1;
}

/* ---- where packets go ------------------------------------------------------------------------ */

/* Start `tcpdump -r -` in a process group of its own: Ctrl-C ends us, and the end of its input
 * ends it, so it prints everything first. False when there is none. */
static bool start_tcpdump(struct capture *cap)
{
	int fds[2], failed[2];
	char byte;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return false;
	if (pipe2(failed, O_CLOEXEC) < 0) {
		close(fds[0]);
		close(fds[1]);
		return false;
	}
	cap->tcpdump = fork();
	if (cap->tcpdump == 0) {
		setpgid(0, 0);
		dup2(fds[0], STDIN_FILENO);
		execlp("tcpdump", "tcpdump", "-n", "-l", "-e", "-r", "-", (char *)NULL);
		byte = 1;
		(void)!write(failed[1], &byte, 1);
		_exit(127);
	}
	close(fds[0]);
	close(failed[1]);
	/* The pipe is closed by exec, or says that there was none. */
	if (cap->tcpdump < 0 || read(failed[0], &byte, 1) == 1) {
		if (cap->tcpdump > 0)
			waitpid(cap->tcpdump, NULL, 0);
		cap->tcpdump = -1;
		close(fds[1]);
	} else {
		cap->out = fdopen(fds[1], "w");
	}
	close(failed[0]);
	return cap->out;
}

static int open_output(struct capture *cap, struct err *err)
{
	if (!cap->file) {
		start_tcpdump(cap);
		return 0;
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
	if (cap->out && cap->out != stdout && fclose(cap->out) && !cap->code)
		cap->code = -errno;
	if (cap->tcpdump > 0)
		waitpid(cap->tcpdump, NULL, 0);
	/* A reader that has had enough (head, a closed Wireshark) is no failure. */
	if (cap->code && cap->code != -EPIPE)
		return err_sys(err, cap->code, "can't write %s", cap->file);
	return 0;
}

/* ---- the stream ------------------------------------------------------------------------------ */

/* Exactly @len bytes; false at the end, on Ctrl-C, and when the stream breaks off. */
static bool read_all(int fd, void *buf, size_t len)
{
	char *p = buf;

	while (len && !stopped) {
		ssize_t n = read(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return !len;
}

/* False when the output takes no more; cap->code tells why. */
static bool put(struct capture *cap, const void *head, size_t head_len, const void *data,
		size_t len)
{
	if (fwrite(head, head_len, 1, cap->out) == 1 &&
	    (!len || fwrite(data, len, 1, cap->out) == 1) && !fflush(cap->out))
		return true;
	cap->code = -errno;
	return false;
}

static int copy_packets(struct capture *cap, uint32_t magic, uint8_t *buf, struct err *err)
{
	struct pcap_record rec;

	while ((!cap->count || cap->seen < cap->count) && read_all(cap->in, &rec, sizeof(rec))) {
		if (rec.caplen > RECORD_MAX)
			return err_set(err, -EPROTO, "the daemon sent a packet of %u bytes",
				       rec.caplen);
		if (!read_all(cap->in, buf, rec.caplen))
			break;
		cap->seen++;
		if (cap->out && !put(cap, &rec, sizeof(rec), buf, rec.caplen))
			break;
		if (!cap->out)
			packet_print(stdout, rec.s, magic == MAGIC_NS ? rec.frac / 1000 : rec.frac,
				     buf, rec.caplen, rec.len);
	}
	return 0;
}

static int copy_stream(struct capture *cap, struct err *err)
{
	uint8_t *buf = malloc(RECORD_MAX);
	struct pcap_head head;
	int rc = 0;

	if (!buf)
		return err_set(err, -ENOMEM, "out of memory");
	if (!read_all(cap->in, &head, sizeof(head)))
		rc = stopped ? 0 : err_set(err, -EPROTO, "the daemon sent no packets");
	else if (head.magic != MAGIC_US && head.magic != MAGIC_NS)
		rc = err_set(err, -EPROTO, "the daemon's stream is not pcap");
	else if (!cap->out || put(cap, &head, sizeof(head), NULL, 0))
		rc = copy_packets(cap, head.magic, buf, err);
	free(buf);
	return rc;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* Is @what a port? If not it is taken for a network, whose absence the daemon reports. */
static bool is_port(struct client *client, const char *what)
{
	struct err ignored;
	json_t *port = client_call(client, "port.show", json_pack("{s:s}", "port", what), &ignored);

	json_decref(port);
	return port;
}

static int start(struct ctl *c, struct capture *cap, struct err *err)
{
	json_t *params = json_pack("{s:s, s:s*}", is_port(c->client, cap->what) ? "port" : "net",
				   cap->what, "filter", cap->filter);
	json_t *result = client_call_fd(c->client, "capture.start", params, &cap->in, err);

	json_decref(result);
	if (result)
		return 0;
	if (err->code == -ENOENT)
		err_set(err, -ENOENT, "there is no port and no network '%s'", cap->what);
	return err->code;
}

static int capture(struct ctl *c, struct capture *cap)
{
	struct sigaction sa = {.sa_handler = stop_cb};
	struct err err, ignored;
	int rc;

	if (!ctl_client(c))
		return CTL_FAILED;
	rc = start(c, cap, &err);
	if (!rc)
		rc = open_output(cap, &err);
	if (rc)
		return ctl_fail(&err);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	rc = copy_stream(cap, &err);
	close(cap->in);
	if (close_output(cap, rc ? &ignored : &err) && !rc)
		rc = -EIO;
	if (cap->file)
		fprintf(stderr, "%ld packets\n", cap->seen);
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

static int capture_run(struct ctl *c, int argc, char **argv)
{
	struct capture cap = {.tcpdump = -1, .in = -1};
	int i, rc;

	for (i = 0; i < argc; i++) {
		bool has_value = i + 1 < argc;

		if (!strcmp(argv[i], "-w") && has_value)
			cap.file = argv[++i];
		else if (!strcmp(argv[i], "-c") && has_value) {
			if (!arg_number(argv[++i], 1, 1L << 40, &cap.count))
				return ctl_usage(c, "'-c %s' is not a number of packets", argv[i]);
		} else if (argv[i][0] == '-')
			return ctl_usage(c, "'%s' is no option here, or lacks its value", argv[i]);
		else if (!cap.what)
			cap.what = argv[i];
		else
			break;
	}
	if (!cap.what)
		return ctl_usage(c, "wants a port or a network");
	cap.filter = join(argc - i, argv + i);
	rc = capture(c, &cap);
	free(cap.filter);
	return rc;
}

static const struct verb verbs[] = {
	{"", "PORT|NET [-w FILE|-] [-c COUNT] [FILTER...]",
	 "packets as text, or with -w as a pcap file; until Ctrl-C or COUNT packets", capture_run},
	{0},
};

const struct noun noun_capture = {"capture", "packets of a port or network", verbs,
				  "FILTER is in the language of pcap-filter(7). In Wireshark:\n"
				  "  vnetctl capture web.eth0 -w - | wireshark -k -i -\n"};
