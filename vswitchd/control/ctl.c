/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctl.c - the control socket: who may connect, lines in, lines out.
 *
 * Rights are the file's: mode 0660 lets in root, the daemon's user and the socket's group. Once
 * connected, SO_PEERCRED tells which of them it is; only the first two may do everything.
 *
 * A client has a line buffer for what it sends and a queue of whole messages for what it gets.
 * Nothing here ever waits: a message leaves at once if the socket takes it, else when the loop
 * finds it writable; the replies to what one read brought leave together. Each message may carry
 * one descriptor, passed with its first byte, so that descriptors and replies can't get out of
 * step. Three things end a client: it hangs up, it lets more than CTL_BACKLOG_MAX wait, or it sends
 * what is not JSON (then after the error reply has left). A client is freed from the loop only,
 * never under the feet of a handler: until then it is `dead` and takes no more messages.
 */
#include "vswitchd/control/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/control/linebuf.h"
#include "vswitchd/control/rpc.h"

struct message {
	struct message *next;
	size_t len, sent;
	int fd; /* goes with the first byte; -1 when there is none (any more) */
	char text[];
};

enum { TOPICS_MAX = 8, TOPIC_MAX = 32, AT_ONCE = 64 /* messages in one call */ };
enum { TOGETHER_MAX = 65536 /* bytes of replies that wait for each other */ };

struct client {
	struct client *next;
	struct ctl *ctl;
	int fd;
	uid_t uid;
	gid_t gid;
	struct ev_io rd, wr;
	struct linebuf in;
	struct message *out, **out_tail;
	size_t backlog; /* bytes in the queue */
	bool subscribed;
	unsigned int n_topics; /* 0: whatever is not loud */
	char topics[TOPICS_MAX][TOPIC_MAX];
	uint64_t events_lost;
	bool closing; /* read no more; close when the queue is empty */
	bool serving; /* in client_lines(): replies leave together at its end */
	bool dead;
};

struct ctl {
	struct daemon *d;
	int fd;
	struct ev_io io;
	struct ev_prepare reap; /* frees dead clients before the loop sleeps */
	struct client *clients;
	unsigned int n_clients;
	dev_t dev; /* of our socket file, so that we remove only ours */
	ino_t ino;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* ---- messages out ---------------------------------------------------------------------------- */

static void message_free(struct message *m)
{
	if (m->fd >= 0)
		close(m->fd);
	free(m);
}

/* As much as one call shall send: @m, and those behind it without a descriptor. */
static size_t message_iov(struct message *m, struct iovec iov[AT_ONCE])
{
	size_t n = 0;

	do {
		iov[n++] = (struct iovec){m->text + m->sent, m->len - m->sent};
		m = m->next;
	} while (m && m->fd < 0 && n < AT_ONCE);
	return n;
}

/* Send what the socket takes of @m and those behind it. Bytes, or a negative errno. */
static ssize_t message_write(int sock, struct message *m)
{
	struct iovec iov[AT_ONCE];
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} ctrl = {0};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = message_iov(m, iov)};
	ssize_t n;

	if (m->fd >= 0) {
		msg.msg_control = ctrl.buf;
		msg.msg_controllen = sizeof(ctrl.buf);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &m->fd, sizeof(int));
	}
	n = sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return -errno;
	if (m->fd >= 0) {
		close(m->fd);
		m->fd = -1;
	}
	return n;
}

static void client_die(struct client *c)
{
	c->dead = true;
	ev_io_stop(c->ctl->d->loop, &c->rd);
	ev_io_stop(c->ctl->d->loop, &c->wr);
}

/* @n bytes of the queue have left. */
static void client_sent(struct client *c, size_t n)
{
	c->backlog -= n;
	for (struct message *m; n && (m = c->out);) {
		size_t part = MIN(n, m->len - m->sent);

		m->sent += part;
		n -= part;
		if (m->sent < m->len)
			return;
		c->out = m->next;
		if (!c->out)
			c->out_tail = &c->out;
		message_free(m);
	}
}

static void client_flush(struct client *c)
{
	while (c->out) {
		ssize_t n = message_write(c->fd, c->out);

		if (n == -EAGAIN || n == -EINTR) {
			ev_io_start(c->ctl->d->loop, &c->wr);
			return;
		}
		if (n < 0) {
			client_die(c);
			return;
		}
		client_sent(c, (size_t)n);
	}
	ev_io_stop(c->ctl->d->loop, &c->wr);
	if (c->closing)
		client_die(c);
}

static struct message *message_make(const json_t *msg, int fd)
{
	size_t len = json_dumpb(msg, NULL, 0, JSON_COMPACT);
	struct message *m = len ? malloc(sizeof(*m) + len + 1) : NULL;

	if (!m)
		return NULL;
	*m = (struct message){.len = len + 1, .fd = fd};
	json_dumpb(msg, m->text, len, JSON_COMPACT);
	m->text[len] = '\n';
	return m;
}

void client_send(struct client *c, const json_t *msg, int fd)
{
	struct message *m = c->dead ? NULL : message_make(msg, fd);

	if (!m) {
		if (fd >= 0)
			close(fd);
		if (!c->dead)
			client_die(c); /* a reply that can't be given must not be waited for */
		return;
	}
	*c->out_tail = m;
	c->out_tail = &m->next;
	c->backlog += m->len;
	if (c->serving ? c->backlog > TOGETHER_MAX : c->out == m)
		client_flush(c);
	if (!c->dead && c->backlog > CTL_BACKLOG_MAX) {
		log_warn("control client (uid %u) does not read its replies: closed", c->uid);
		client_die(c);
	}
}

bool client_is_root(const struct client *c)
{
	return c->uid == 0 || c->uid == geteuid();
}

uid_t client_uid(const struct client *c)
{
	return c->uid;
}

gid_t client_gid(const struct client *c)
{
	return c->gid;
}

/* ---- events ---------------------------------------------------------------------------------- */

static int topic_add(struct client *c, const json_t *topic, struct err *err)
{
	const char *text = json_string_value(topic);

	if (c->n_topics == TOPICS_MAX || !text || !text[0] || strlen(text) >= TOPIC_MAX)
		return err_set(err, -EINVAL, "topics: at most %d words of at most %d letters",
			       TOPICS_MAX, TOPIC_MAX - 1);
	snprintf(c->topics[c->n_topics++], TOPIC_MAX, "%s", text);
	return 0;
}

int client_subscribe(struct client *c, const json_t *topics, struct err *err)
{
	json_t *topic;
	size_t i;

	c->n_topics = 0;
	json_array_foreach (topics, i, topic)
		if (topic_add(c, topic, err) < 0)
			return -EINVAL;
	c->subscribed = true;
	return 0;
}

static bool client_wants(const struct client *c, const char *event, bool loud)
{
	if (!c->subscribed || c->dead)
		return false;
	for (unsigned int i = 0; i < c->n_topics; i++)
		if (!strncmp(event, c->topics[i], strlen(c->topics[i])))
			return true;
	return !c->n_topics && !loud;
}

/* Does @c read fast enough for one more? Tells it what it missed once it does again. */
static bool client_keeps_up(struct client *c)
{
	json_t *msg;

	if (c->backlog > CTL_BACKLOG_MAX / 2) {
		c->events_lost++;
		return false;
	}
	if (!c->events_lost || c->backlog)
		return !c->dead;
	msg = json_pack("{s:s, s:s, s:{s:s, s:I}}", "jsonrpc", "2.0", "method", "event", "params",
			"event", "events.lost", "count", (json_int_t)c->events_lost);
	c->events_lost = 0;
	client_send(c, msg, -1);
	json_decref(msg);
	return !c->dead;
}

void ctl_broadcast(struct ctl *ctl, const char *event, bool loud, const json_t *msg)
{
	for (struct client *c = ctl->clients; c; c = c->next)
		if (client_wants(c, event, loud) && client_keeps_up(c))
			client_send(c, msg, -1);
}

bool ctl_wants(const struct ctl *ctl, const char *event, bool loud)
{
	for (const struct client *c = ctl ? ctl->clients : NULL; c; c = c->next)
		if (client_wants(c, event, loud))
			return true;
	return false;
}

/* ---- lines in -------------------------------------------------------------------------------- */

static void client_finish(struct client *c)
{
	c->closing = true;
	ev_io_stop(c->ctl->d->loop, &c->rd);
	client_flush(c);
}

static void client_refuse_line(struct client *c)
{
	json_t *msg = json_pack("{s:s, s:n, s:{s:i, s:s}}", "jsonrpc", "2.0", "id", "error", "code",
				RPC_PARSE_ERROR, "message", "a request is longer than 1 MiB");

	client_send(c, msg, -1);
	json_decref(msg);
	client_finish(c);
}

static void client_lines(struct client *c)
{
	size_t len;
	char *line;

	c->serving = true;
	while (!c->dead && !c->closing && (line = linebuf_next(&c->in, &len)))
		if (len && !rpc_serve(c->ctl->d, c, line, len))
			client_finish(c);
	c->serving = false;
	if (!c->dead && !c->closing)
		client_flush(c);
	if (!c->dead && !c->closing && linebuf_overlong(&c->in))
		client_refuse_line(c);
}

static void client_read_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct client *c = CONTAINER_OF(w, struct client, rd);
	char buf[65536];
	ssize_t n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);

	(void)loop;
	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || linebuf_append(&c->in, buf, (size_t)n) < 0) {
		client_die(c);
		return;
	}
	client_lines(c);
}

static void client_write_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	(void)loop;
	(void)revents;
	client_flush(CONTAINER_OF(w, struct client, wr));
}

/* ---- clients --------------------------------------------------------------------------------- */

static void client_free(struct client *c)
{
	struct message *m;

	rpc_client_gone(c->ctl->d, c);
	client_die(c);
	while ((m = c->out)) {
		c->out = m->next;
		message_free(m);
	}
	linebuf_fini(&c->in);
	close(c->fd);
	c->ctl->n_clients--;
	free(c);
}

static void reap_cb(struct ev_loop *loop, struct ev_prepare *w, int revents)
{
	struct ctl *ctl = CONTAINER_OF(w, struct ctl, reap);

	(void)loop;
	(void)revents;
	for (struct client **link = &ctl->clients, *c; (c = *link);) {
		if (c->dead) {
			*link = c->next;
			client_free(c);
		} else {
			link = &c->next;
		}
	}
}

static void client_add(struct ctl *ctl, int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct client *c = calloc(1, sizeof(*c));

	if (!c || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0) {
		free(c);
		close(fd);
		return;
	}
	c->ctl = ctl;
	c->fd = fd;
	c->uid = cred.uid;
	c->gid = cred.gid;
	c->out_tail = &c->out;
	linebuf_init(&c->in, CTL_LINE_MAX);
	ev_io_init(&c->rd, client_read_cb, fd, EV_READ);
	ev_io_init(&c->wr, client_write_cb, fd, EV_WRITE);
	ev_io_start(ctl->d->loop, &c->rd);
	c->next = ctl->clients;
	ctl->clients = c;
	ctl->n_clients++;
}

static void refuse_full(int fd)
{
	static const char text[] =
		"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,"
		"\"message\":\"64 clients are connected already: try again later\"}}\n";

	/* Best effort: the peer may have gone. */
	(void)!send(fd, text, sizeof(text) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void accept_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct ctl *ctl = CONTAINER_OF(w, struct ctl, io);
	int fd = accept4(ctl->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)loop;
	(void)revents;
	if (fd < 0)
		return;
	if (ctl->n_clients >= CTL_CLIENTS_MAX)
		refuse_full(fd);
	else
		client_add(ctl, fd);
}

/* ---- the socket ------------------------------------------------------------------------------ */

/* Is the file at @sa a socket that nobody serves any more? Removes it then. */
static int take_over(const struct sockaddr_un *sa, struct err *err)
{
	struct stat st;
	int fd, rc;

	if (lstat(sa->sun_path, &st) < 0)
		return errno == ENOENT ? 0
				       : err_sys(err, -errno, "cannot look at %s", sa->sun_path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, -EEXIST, "%s exists and is not a socket: it is left alone",
			       sa->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, -errno, "cannot make a socket");
	rc = connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) < 0 ? -errno : 0;
	close(fd);
	if (rc != -ECONNREFUSED)
		return err_set(err, -EADDRINUSE,
			       "another daemon serves %s: give this one its own --socket",
			       sa->sun_path);
	if (unlink(sa->sun_path) < 0)
		return err_sys(err, -errno, "cannot remove the stale socket %s", sa->sun_path);
	return 0;
}

static void make_parent(const char *path)
{
	char dir[PATH_MAX];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return;
	*slash = '\0';
	mkdir(dir, 0755); /* bind tells when this was not enough */
}

static void give_to_group(const char *path)
{
	struct group *gr = getgrnam("vswitchd");

	if (gr && chown(path, (uid_t)-1, gr->gr_gid) < 0)
		log_warn("%s: cannot give it to group vswitchd: %s", path, strerror(errno));
}

static int ctl_bind(struct ctl *ctl, const char *path, struct err *err)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct stat st;
	mode_t old;
	int rc;

	if (strlen(path) >= sizeof(sa.sun_path))
		return err_set(err, -ENAMETOOLONG, "socket path is longer than %zu bytes: %s",
			       sizeof(sa.sun_path) - 1, path);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	make_parent(path);
	rc = take_over(&sa, err);
	if (rc)
		return rc;
	ctl->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ctl->fd < 0)
		return err_sys(err, -errno, "cannot make a socket");
	old = umask(0117);
	rc = bind(ctl->fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ? -errno : 0;
	umask(old);
	if (rc)
		return err_sys(err, rc, "cannot make the control socket %s", path);
	snprintf(ctl->path, sizeof(ctl->path), "%s", path);
	if (lstat(path, &st) == 0) {
		ctl->dev = st.st_dev;
		ctl->ino = st.st_ino;
	}
	give_to_group(path);
	if (listen(ctl->fd, 64) < 0)
		return err_sys(err, -errno, "cannot listen on %s", path);
	return 0;
}

struct ctl *ctl_open(struct daemon *d, const char *path, struct err *err)
{
	struct ctl *ctl = calloc(1, sizeof(*ctl));

	if (!ctl) {
		err_set(err, -ENOMEM, "memory is short");
		return NULL;
	}
	ctl->d = d;
	ctl->fd = -1;
	if (ctl_bind(ctl, path, err)) {
		ctl_close(ctl);
		return NULL;
	}
	ev_io_init(&ctl->io, accept_cb, ctl->fd, EV_READ);
	ev_io_start(d->loop, &ctl->io);
	ev_prepare_init(&ctl->reap, reap_cb);
	ev_prepare_start(d->loop, &ctl->reap);
	return ctl;
}

void ctl_close(struct ctl *ctl)
{
	struct stat st;
	struct client *c;

	if (!ctl)
		return;
	if (ev_is_active(&ctl->io)) {
		ev_io_stop(ctl->d->loop, &ctl->io);
		ev_prepare_stop(ctl->d->loop, &ctl->reap);
	}
	while ((c = ctl->clients)) {
		ctl->clients = c->next;
		client_free(c);
	}
	if (ctl->path[0] && lstat(ctl->path, &st) == 0 && st.st_dev == ctl->dev &&
	    st.st_ino == ctl->ino)
		unlink(ctl->path);
	if (ctl->fd >= 0)
		close(ctl->fd);
	free(ctl);
}
