/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture.c - frames of a port or a network to whoever reads them.
 *
 * The hook on the frames' path filters and copies a frame into a buffer; the loop writes the
 * buffer into a pipe when that can take more. When the buffer is full, frames are counted as
 * lost: a slow reader never holds up the switch. Super-frames are shown whole, as they pass, and
 * checksums that a sender left to an offload look wrong, as they do in a capture on any tap.
 *
 * The stream is the classic pcap format (draft-ietf-opsawg-pcap), in host byte order, which the
 * magic number tells readers.
 */
#include "vswitchd/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vswitchd/daemon.h"
#include "vswitchd/events.h"
#include "vswitchd/net.h"
#include "vswitchd/port.h"

enum { LINKTYPE_ETHERNET_ = 1 };

struct capture {
	struct capture *next; /* of the daemon */
	struct frame_hook hook;
	struct frame_hook **list; /* that the hook is on; NULL when it is on none */
	struct daemon *d;
	char what[PORT_NAME_MAX + 1];
	struct bpf_program filter;
	bool filtered;
	unsigned int snaplen;
	int fd;
	struct ev_io wr;
	uint64_t frames, lost;
	size_t len; /* bytes in buf */
	uint8_t buf[CAPTURE_BUFFER];
};

struct pcap_start {
	uint32_t magic;
	uint16_t major, minor;
	int32_t zone;
	uint32_t accuracy, snaplen, linktype;
};

struct pcap_record {
	uint32_t sec, usec, caplen, len;
};

static void unhook(struct capture *c)
{
	struct frame_hook **at = c->list;

	if (!at)
		return;
	while (*at != &c->hook)
		at = &(*at)->next;
	*at = c->hook.next;
	c->list = NULL;
}

static void capture_close(struct capture *c)
{
	struct capture **link = &c->d->captures;

	unhook(c);
	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	ev_io_stop(c->d->loop, &c->wr);
	close(c->fd);
	if (c->filtered)
		pcap_freecode(&c->filter);
	events_send(c->d, "capture.ended",
		    json_pack("{s:s, s:I, s:I}", "of", c->what, "frames", (json_int_t)c->frames,
			      "lost", (json_int_t)c->lost));
	free(c);
}

void capture_close_all(struct daemon *d)
{
	while (d->captures)
		capture_close(d->captures);
}

static void write_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct capture *c = w->data;
	ssize_t n = c->len ? write(c->fd, c->buf, c->len) : 0;

	(void)revents;
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		capture_close(c); /* the reader has closed its end */
		return;
	}
	if (n > 0) {
		c->len -= (size_t)n;
		memmove(c->buf, c->buf + n, c->len);
	}
	if (c->len)
		return;
	ev_io_stop(loop, w);
	if (!c->list)
		capture_close(c); /* what it watched is gone, and all of that has been told */
}

static bool put(struct capture *c, const void *head, size_t head_len, const void *data, size_t len)
{
	if (sizeof(c->buf) - c->len < head_len + len)
		return false;
	memcpy(c->buf + c->len, head, head_len);
	if (len)
		memcpy(c->buf + c->len + head_len, data, len);
	c->len += head_len + len;
	ev_io_start(c->d->loop, &c->wr);
	return true;
}

static void frame_cb(struct frame_hook *hook, const struct pkt *p, bool out)
{
	struct capture *c = CONTAINER_OF(hook, struct capture, hook);
	struct pcap_record rec = {.caplen = MIN(p->len, c->snaplen), .len = p->len};
	struct timespec ts;

	(void)out;
	if (c->filtered && !bpf_filter(c->filter.bf_insns, p->data, p->len, p->len))
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	rec.sec = (uint32_t)ts.tv_sec;
	rec.usec = (uint32_t)(ts.tv_nsec / 1000);
	if (put(c, &rec, sizeof(rec), p->data, rec.caplen))
		c->frames++;
	else
		c->lost++;
}

static void gone_cb(struct frame_hook *hook)
{
	struct capture *c = CONTAINER_OF(hook, struct capture, hook);

	c->list = NULL;
	ev_io_start(c->d->loop, &c->wr); /* closes it once the buffer is empty */
}

static int compile(struct capture *c, const char *filter, struct err *err)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, (int)c->snaplen);
	int rc = 0;

	if (!p)
		return err_set(err, -ENOMEM, "memory is short");
	if (pcap_compile(p, &c->filter, filter, 1, PCAP_NETMASK_UNKNOWN) < 0)
		rc = err_set(err, -EINVAL, "filter: %s", pcap_geterr(p));
	else
		c->filtered = true;
	pcap_close(p);
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

static void start(struct capture *c, struct port *port, struct net *net)
{
	const struct pcap_start head = {.magic = 0xa1b2c3d4,
					.major = 2,
					.minor = 4,
					.snaplen = c->snaplen,
					.linktype = LINKTYPE_ETHERNET_};

	snprintf(c->what, sizeof(c->what), "%s", port ? port->name : net->conf.name);
	c->hook = (struct frame_hook){.frame = frame_cb, .gone = gone_cb};
	c->list = port ? &port->hooks : &net->hooks;
	c->hook.next = *c->list;
	*c->list = &c->hook;
	c->next = c->d->captures;
	c->d->captures = c;
	put(c, &head, sizeof(head), NULL, 0);
}

int capture_open(struct daemon *d, struct port *port, struct net *net, const char *filter,
		 unsigned int snaplen, struct err *err)
{
	struct capture *c = calloc(1, sizeof(*c));
	int rd;

	if (!c)
		return err_set(err, -ENOMEM, "memory is short");
	c->d = d;
	c->snaplen = snaplen;
	rd = filter && filter[0] ? compile(c, filter, err) : 0;
	if (rd == 0)
		rd = open_pipe(c, err);
	if (rd < 0) {
		if (c->filtered)
			pcap_freecode(&c->filter);
		free(c);
		return rd;
	}
	start(c, port, net);
	return rd;
}
