/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture.c - frames of a port, a network or all of them, to whoever reads them.
 *
 * Theory of operation. Hooks on the frames' path (watch.h) filter and copy frames into a stream's
 * buffer (capture_stream.h); the loop writes the buffer into a pipe when that can take more. When
 * the buffer is full, frames are counted as lost: a slow reader never holds up the switch. Super-
 * frames are shown whole, as they pass, and checksums that a sender left to an offload look wrong,
 * as they do in a capture on any tap; the stream says so.
 *
 * A capture is watching, ending (it watches no longer: what waits is written, then the counts) or
 * closed. It ends when its reader asks (capture_stop()) or when what it watched is deleted, and is
 * closed at once when the reader closes the pipe.
 *
 * With steps, the story of a frame must be asked for when its walk begins, before anybody knows
 * where it will leave. So a story is asked for of every frame that a port's could be, up to
 * STORIES_PER_TOLD times the limit of those that are shown.
 */
#include "vswitchd/control/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vswitchd/control/capture_stream.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/control/events.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/host/pcapfilter.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/walk.h"

enum { STORIES_PER_TOLD = 16 };

struct capture {
	struct capture *next; /* of the daemon */
	unsigned int id;
	struct frame_hook hook;
	struct frame_hook mark; /* with steps on a port: which frames leave by it */
	struct daemon *d;
	struct port *port;
	char what[PORT_NAME_MAX + 1];
	struct bpf_program filter;
	bool filtered;
	char *filter_text;
	/* Steps: the second that counts are of, stories asked for and told in it. */
	unsigned int steps_per_s, asked, told;
	msec second;
	const struct walk *wanted, *marked; /* the walk under way: its story comes; it is ours */
	int fd;
	struct ev_io wr;
	struct stream stream;
};

static uint64_t wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- its end --------------------------------------------------------------------------------- */

static void capture_free(struct capture *c)
{
	if (c->filtered)
		pcapfilter_free(&c->filter);
	free(c->filter_text);
	free(c);
}

static void capture_close(struct capture *c)
{
	struct capture **link = &c->d->captures;

	frame_hook_del(&c->hook);
	frame_hook_del(&c->mark);
	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	ev_io_stop(c->d->loop, &c->wr);
	close(c->fd);
	events_send(c->d, "capture.ended",
		    json_pack("{s:s, s:I, s:I}", "of", c->what, "frames",
			      (json_int_t)c->stream.frames, "lost", (json_int_t)c->stream.lost));
	capture_free(c);
}

void capture_close_all(struct daemon *d)
{
	while (d->captures)
		capture_close(d->captures);
}

/* Watch no longer. The loop writes the rest and closes it. */
static void capture_end(struct capture *c)
{
	frame_hook_del(&c->hook);
	frame_hook_del(&c->mark);
	ev_io_start(c->d->loop, &c->wr);
}

int capture_stop(struct daemon *d, unsigned int id, struct err *err)
{
	struct capture *c = d->captures;

	while (c && c->id != id)
		c = c->next;
	if (!c)
		return err_set(err, -ENOENT, "there is no capture %u", id);
	capture_end(c);
	return 0;
}

static void gone_cb(struct frame_hook *hook)
{
	capture_end(CONTAINER_OF(hook, struct capture, hook));
}

static void mark_gone_cb(struct frame_hook *hook)
{
	capture_end(CONTAINER_OF(hook, struct capture, mark));
}

static void write_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct capture *c = w->data;
	struct stream *s = &c->stream;
	bool told = c->hook.list ? false : stream_end(s, wall_ns());
	ssize_t n = s->len ? write(c->fd, s->buf + s->start, s->len) : 0;

	(void)revents;
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		capture_close(c); /* the reader has closed its end */
		return;
	}
	if (n > 0)
		stream_written(s, (size_t)n);
	if (s->len)
		return;
	ev_io_stop(loop, w);
	if (told)
		capture_close(c);
	else if (!c->hook.list)
		ev_io_start(loop, w);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static bool matches(const struct capture *c, const struct pkt *p)
{
	return !c->filtered || pcapfilter_match(&c->filter, p->data, p->len);
}

static void show(struct capture *c, const struct sighting *s)
{
	stream_frame(&c->stream, s, wall_ns());
	ev_io_start(c->d->loop, &c->wr);
}

static void frame_cb(struct frame_hook *hook, const struct sighting *s)
{
	struct capture *c = CONTAINER_OF(hook, struct capture, hook);

	if (matches(c, s->p))
		show(c, s);
}

static void pair_cb(struct frame_hook *hook, const struct sighting *s)
{
	struct capture *c = CONTAINER_OF(hook, struct capture, hook);

	if (matches(c, s->p) || (s->pair->other && matches(c, s->pair->other)))
		show(c, s);
}

/* With steps: is the story of this frame wanted? */
static bool narrate_cb(struct frame_hook *hook, const struct walk *w)
{
	struct capture *c = CONTAINER_OF(hook, struct capture, hook);

	c->wanted = c->marked = NULL;
	if ((c->port && c->port->net != w->net) || !matches(c, w->p))
		return false;
	if (c->d->runner.now - c->second >= 1000) {
		c->second = c->d->runner.now;
		c->asked = c->told = 0;
	}
	c->wanted = w;
	return c->told < c->steps_per_s && c->asked++ < c->steps_per_s * STORIES_PER_TOLD;
}

static void story_cb(struct frame_hook *hook, const struct sighting *s)
{
	struct capture *c = CONTAINER_OF(hook, struct capture, hook);

	if (c->wanted != s->walk || (c->port && s->port != c->port && c->marked != s->walk))
		return;
	if (s->told && c->told < c->steps_per_s) {
		c->told++;
		show(c, s);
	} else {
		stream_lost(&c->stream, s->port);
	}
}

static void mark_cb(struct frame_hook *hook, const struct sighting *s)
{
	struct capture *c = CONTAINER_OF(hook, struct capture, mark);

	if (s->out)
		c->marked = s->walk;
}

/* ---- its beginning --------------------------------------------------------------------------- */

static int compile(struct capture *c, const char *filter, struct err *err)
{
	int rc = pcapfilter_compile(filter, DLT_EN10MB, (int)c->stream.snaplen, &c->filter, err);

	c->filtered = rc == 0;
	c->filter_text = strdup(filter);
	c->stream.filter = c->filter_text;
	return rc;
}

static int open_pipe(struct capture *c, struct err *err)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "cannot make a pipe");
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	fcntl(p[1], F_SETPIPE_SZ, 1 << 20); /* fewer, longer writes; it works without too */
	c->fd = p[1];
	ev_io_init(&c->wr, write_cb, c->fd, EV_WRITE);
	c->wr.data = c;
	return p[0];
}

/* Ports that are there already are named before the first frame. */
static void name_ports(struct capture *c, const struct capture_conf *conf)
{
	const struct net *nets = conf->net ? conf->net : c->d->runner.nets;

	if (conf->port) {
		stream_port(&c->stream, conf->port);
		return;
	}
	for (const struct net *net = nets; net; net = conf->net ? NULL : net->next)
		for (const struct port *port = net->ports; port; port = port->next)
			stream_port(&c->stream, port);
}

static void start(struct capture *c, const struct capture_conf *conf)
{
	static unsigned int ids;
	struct runner *r = &c->d->runner;
	bool steps = conf->steps_per_s;

	c->id = ++ids;
	snprintf(c->what, sizeof(c->what), "%s",
		 conf->port  ? conf->port->name
		 : conf->net ? conf->net->conf.name
			     : "all");
	c->next = c->d->captures;
	c->d->captures = c;
	stream_begin(&c->stream, wall_ns());
	if (!conf->pairs)
		name_ports(c, conf);
	c->hook.frame = steps ? story_cb : frame_cb;
	c->hook.narrate = steps ? narrate_cb : NULL;
	c->hook.gone = gone_cb;
	if (conf->pairs) {
		c->hook.frame = pair_cb;
		frame_hook_add_pairs(&c->hook, r, conf->net);
	} else {
		frame_hook_add(&c->hook, r, conf->net, steps ? NULL : conf->port);
	}
	if (steps && conf->port) {
		c->port = conf->port;
		c->mark = (struct frame_hook){.frame = mark_cb, .gone = mark_gone_cb};
		frame_hook_add(&c->mark, r, NULL, conf->port);
	}
	ev_io_start(c->d->loop, &c->wr);
}

int capture_open(struct daemon *d, const struct capture_conf *conf, unsigned int *id,
		 struct err *err)
{
	struct capture *c = calloc(1, sizeof(*c));
	int rd = 0;

	if (!c)
		return err_set(err, -ENOMEM, "memory is short");
	c->d = d;
	c->steps_per_s = conf->steps_per_s;
	c->stream.classic = conf->classic;
	c->stream.snaplen = conf->snaplen;
	if (conf->filter && conf->filter[0])
		rd = compile(c, conf->filter, err);
	if (rd == 0)
		rd = open_pipe(c, err);
	if (rd < 0) {
		capture_free(c);
		return rd;
	}
	start(c, conf);
	*id = c->id;
	return rd;
}
