/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vnetctl/frames.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/addr.h"

enum {
	NAMES_MAX = 4096,
	NAME_SIZE = 64,
	STOP_WAIT_MS = 3000,
	RECORD_MAX = 256 << 10,
	READ_MAX = 256 << 10
};

struct frames {
	struct client *client;
	json_int_t id;
	int fd;
	bool head_read;	   /* classic: the file's head has passed */
	bool asked;	   /* the daemon is ending it */
	sigset_t unmasked; /* while we wait */
	unsigned int n_names;
	char (*names)[NAME_SIZE];
	size_t at, have; /* of what was read, from where on is not used yet */
	uint8_t in[READ_MAX];
	uint8_t buf[PCAPNG_BLOCK_MAX];
};

static volatile sig_atomic_t signals;

static void signal_cb(int sig)
{
	(void)sig;
	signals++;
}

/* Signals reach us only where frames_read() waits. */
static void catch_signals(struct frames *f)
{
	struct sigaction sa = {.sa_handler = signal_cb};
	sigset_t both;

	sigemptyset(&both);
	sigaddset(&both, SIGINT);
	sigaddset(&both, SIGTERM);
	sigprocmask(SIG_BLOCK, &both, &f->unmasked);
	sigdelset(&f->unmasked, SIGINT);
	sigdelset(&f->unmasked, SIGTERM);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Is @what a port? If not it is taken for a network, whose absence the daemon reports. */
static const char *kind_of(struct client *client, const char *what)
{
	struct err ignored;
	json_t *port = client_call(client, "port.show", json_pack("{s:s}", "port", what), &ignored);

	json_decref(port);
	return port ? "port" : "net";
}

struct frames *frames_open(struct client *client, const char *what, json_t *params, struct err *err)
{
	struct frames *f = calloc(1, sizeof(*f));
	json_t *result;

	if (f)
		f->names = calloc(NAMES_MAX, NAME_SIZE);
	if (!f || !f->names) {
		free(f);
		json_decref(params);
		err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	f->client = client;
	if (strcmp(what, "all"))
		json_object_set_new(params, kind_of(client, what), json_string(what));
	result = client_call_fd(client, "capture.start", params, &f->fd, err);
	if (!result) {
		if (err->code == -ENOENT)
			err_set(err, -ENOENT, "there is no port and no network '%s'", what);
		f->fd = -1;
		frames_close(f);
		return NULL;
	}
	f->id = json_integer_value(json_object_get(result, "id"));
	json_decref(result);
	catch_signals(f);
	return f;
}

void frames_close(struct frames *f)
{
	if (!f)
		return;
	if (f->fd >= 0)
		close(f->fd);
	free(f->names);
	free(f);
}

void frames_stop(struct frames *f)
{
	struct err ignored;

	if (f->asked)
		return;
	f->asked = true;
	json_decref(
		client_call(f->client, "capture.stop", json_pack("{s:I}", "id", f->id), &ignored));
}

/* Wait for bytes. False when there is no sense in waiting longer. */
static bool wait_in(struct frames *f)
{
	struct pollfd in = {.fd = f->fd, .events = POLLIN};
	const struct timespec limit = {.tv_sec = STOP_WAIT_MS / 1000};

	for (;;) {
		int n = ppoll(&in, 1, f->asked ? &limit : NULL, &f->unmasked);

		if (n > 0)
			return true;
		if (n == 0 || signals > 1 || errno != EINTR)
			return false;
		if (signals)
			frames_stop(f);
	}
}

/* A stream that never dries up lets ppoll() return before it looks at signals. */
static void take_signals(struct frames *f)
{
	sigset_t masked;

	sigprocmask(SIG_SETMASK, &f->unmasked, &masked);
	sigprocmask(SIG_SETMASK, &masked, NULL);
	if (signals)
		frames_stop(f);
}

/* Read as much as there is. False at the end. */
static bool refill(struct frames *f)
{
	ssize_t n;

	do {
		n = wait_in(f) ? read(f->fd, f->in, sizeof(f->in)) : 0;
	} while (n < 0 && errno == EINTR);
	take_signals(f);
	f->at = 0;
	f->have = n > 0 ? (size_t)n : 0;
	return n > 0;
}

/* Exactly @len bytes to @offset of the buffer; false at the end and when the stream breaks off. */
static bool read_all(struct frames *f, size_t offset, size_t len)
{
	while (len) {
		size_t n;

		if (f->at == f->have && !refill(f))
			return false;
		n = MIN(len, f->have - f->at);
		memcpy(f->buf + offset, f->in + f->at, n);
		f->at += n;
		offset += n;
		len -= n;
	}
	return true;
}

bool frames_waiting(const struct frames *f)
{
	return f->at < f->have;
}

static bool learn_interface(struct frames *f, size_t len)
{
	const char *name;
	uint16_t linktype, name_len;

	if (!pcapng_get_interface(f->buf, len, &linktype, &name, &name_len))
		return false;
	if (f->n_names < NAMES_MAX)
		str_escape(name ? name : "?", name ? name_len : 1, f->names[f->n_names++],
			   NAME_SIZE);
	return true;
}

int frames_next(struct frames *f, uint32_t *type, const uint8_t **block, size_t *len,
		struct err *err)
{
	uint32_t size;

	if (!read_all(f, 0, 8))
		return 0;
	if (!pcapng_block(f->buf, type, &size))
		return err_set(err, -EPROTO, "the daemon's stream is not pcapng");
	if (!read_all(f, 8, size - 8))
		return 0;
	if (*type == PCAPNG_INTERFACE && !learn_interface(f, size))
		return err_set(err, -EPROTO, "the daemon sent a malformed interface block");
	*block = f->buf;
	*len = size;
	return 1;
}

int frames_next_classic(struct frames *f, const uint8_t **record, size_t *len, struct err *err)
{
	uint32_t caplen;

	*len = f->head_read ? 16 : 24;
	*record = f->buf;
	if (!read_all(f, 0, *len))
		return 0;
	if (!f->head_read) {
		f->head_read = true;
		return 1;
	}
	memcpy(&caplen, f->buf + 8, sizeof(caplen));
	if (caplen > RECORD_MAX)
		return err_set(err, -EPROTO, "the daemon sent a packet of %u bytes", caplen);
	if (!read_all(f, *len, caplen))
		return 0;
	*len += caplen;
	return 1;
}

const char *frames_port(const struct frames *f, uint32_t nr)
{
	return nr < f->n_names ? f->names[nr] : "?";
}
