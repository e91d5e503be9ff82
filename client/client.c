/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * client.c - JSON-RPC 2.0 over a UNIX stream socket, one object a line.
 *
 * Theory of operation. Input is gathered in one growing buffer until a newline closes a message.
 * A message is the answer to the id that is being waited for, an answer to another id, or an event;
 * the latter two go to the `stash` array until someone asks. A descriptor arrives with the first
 * byte of the answer it belongs to (SCM_RIGHTS does not cross a sendmsg boundary), and only one
 * call that answers with a descriptor is ever under way, so one slot is enough: `fd`.
 *
 * Nothing from the daemon is trusted to be well formed: a line that is no JSON object, or longer
 * than LINE_MAX_BYTES, ends the connection with an error.
 */
#include "client/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* vm.exec answers carry up to twice 256 KiB, each byte escaped as six at worst. */
enum { LINE_MAX_BYTES = 8 << 20, READ_CHUNK = 64 << 10, PROTOCOL = 1 };

struct client {
	char *path;
	int sock;
	int fd; /* received, not yet handed out; -1 when none */
	bool interruptible;
	json_int_t last_id;
	char *buf;
	size_t len, size;
	json_t *stash; /* array of messages nobody has asked for yet */
	json_t *hello;
};

static int connect_error(struct err *err, int code, const char *path)
{
	if (code == -ENOENT || code == -ECONNREFUSED)
		return err_set(
			err, code,
			"no vswitchd at %s: start it with `vswitchd --socket %s` (as root), or "
			"name another socket with -s",
			path, path);
	if (code == -EACCES || code == -EPERM)
		return err_set(err, code,
			       "no right to use %s: run as root, or join the group that owns the "
			       "socket",
			       path);
	return err_sys(err, code, "can't connect to %s", path);
}

static int socket_connect(const char *path, struct err *err)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(sa.sun_path))
		return err_set(err, -ENAMETOOLONG, "socket path '%s' is longer than %zu bytes",
			       path, sizeof(sa.sun_path) - 1);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, -errno, "can't make a socket");
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		int code = -errno;

		close(fd);
		return connect_error(err, code, path);
	}
	return fd;
}

static int hello(struct client *c, struct err *err)
{
	json_int_t protocol = 0;

	c->hello = client_call(c, "hello", json_pack("{s:i}", "protocol", PROTOCOL), err);
	if (!c->hello)
		return err_wrap(err, "the daemon did not greet back");
	json_unpack(c->hello, "{s?I}", "protocol", &protocol);
	if (protocol != PROTOCOL)
		return err_set(
			err, -EPROTO,
			"the daemon speaks protocol %lld, this vnetctl %d: install both from one "
			"version",
			(long long)protocol, PROTOCOL);
	return 0;
}

struct client *client_open(const char *path, struct err *err)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c) {
		err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	c->fd = -1;
	c->path = strdup(path);
	c->stash = json_array();
	c->sock = socket_connect(path, err);
	if (c->sock < 0 || hello(c, err) < 0) {
		client_close(c);
		return NULL;
	}
	return c;
}

void client_close(struct client *c)
{
	if (!c)
		return;
	if (c->sock >= 0)
		close(c->sock);
	if (c->fd >= 0)
		close(c->fd);
	json_decref(c->stash);
	json_decref(c->hello);
	free(c->buf);
	free(c->path);
	free(c);
}

const char *client_path(const struct client *c)
{
	return c->path;
}

void client_interruptible(struct client *c, bool on)
{
	c->interruptible = on;
}

static int write_all(int fd, const char *data, size_t len, struct err *err)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, -errno, "the daemon closed the connection");
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

json_int_t client_send(struct client *c, const char *method, json_t *params, struct err *err)
{
	json_int_t id = ++c->last_id;
	json_t *msg = json_pack("{s:s, s:I, s:s, s:o}", "jsonrpc", "2.0", "id", id, "method",
				method, "params", params ? params : json_object());
	char *text = msg ? json_dumps(msg, JSON_COMPACT) : NULL;
	int rc;

	json_decref(msg);
	if (!text)
		return err_set(err, -EINVAL, "%s: an argument is not valid UTF-8", method);
	rc = write_all(c->sock, text, strlen(text), err);
	if (!rc)
		rc = write_all(c->sock, "\n", 1, err);
	free(text);
	return rc < 0 ? rc : id;
}

/* Keep the first descriptor of a message, close any other. */
static void take_fds(struct client *c, struct msghdr *mh)
{
	for (struct cmsghdr *cm = CMSG_FIRSTHDR(mh); cm; cm = CMSG_NXTHDR(mh, cm)) {
		size_t n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cm) + i * sizeof(int), sizeof(fd));
			if (c->fd < 0)
				c->fd = fd;
			else
				close(fd);
		}
	}
}

static int grow(struct client *c, struct err *err)
{
	size_t size = c->size ? c->size * 2 : READ_CHUNK;
	char *buf;

	if (c->len + READ_CHUNK / 2 <= c->size)
		return 0;
	if (size > LINE_MAX_BYTES)
		return err_set(err, -EMSGSIZE, "the daemon sent a line of more than %d MiB",
			       LINE_MAX_BYTES >> 20);
	buf = realloc(c->buf, size);
	if (!buf)
		return err_set(err, -ENOMEM, "out of memory");
	c->buf = buf;
	c->size = size;
	return 0;
}

static int read_more(struct client *c, struct err *err)
{
	union {
		char bytes[CMSG_SPACE(4 * sizeof(int))];
		struct cmsghdr align;
	} ctl;
	struct iovec iov;
	struct msghdr mh = {.msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = ctl.bytes,
			    .msg_controllen = sizeof(ctl.bytes)};
	ssize_t n;
	int rc = grow(c, err);

	if (rc)
		return rc;
	iov.iov_base = c->buf + c->len;
	iov.iov_len = c->size - c->len;
	n = recvmsg(c->sock, &mh, MSG_CMSG_CLOEXEC);
	if (n < 0 && errno == EINTR)
		return c->interruptible ? err_set(err, -EINTR, "interrupted") : 0;
	if (n < 0)
		return err_sys(err, -errno, "can't read from the daemon");
	take_fds(c, &mh);
	if (n == 0)
		return err_set(err, -ECONNRESET, "the daemon closed the connection");
	c->len += (size_t)n;
	return 0;
}

/* The next whole message, a new reference. */
static json_t *next_message(struct client *c, struct err *err)
{
	json_error_t je;
	json_t *msg;
	size_t used;
	char *nl;

	while (!(nl = c->len ? memchr(c->buf, '\n', c->len) : NULL))
		if (read_more(c, err) < 0)
			return NULL;
	used = (size_t)(nl - c->buf) + 1;
	msg = json_loadb(c->buf, used, 0, &je);
	c->len -= used;
	memmove(c->buf, nl + 1, c->len);
	if (json_is_object(msg))
		return msg;
	json_decref(msg);
	err_set(err, -EPROTO, "the daemon sent something that is not a JSON object");
	return NULL;
}

static bool is_answer(const json_t *msg, json_int_t id)
{
	const json_t *have = json_object_get(msg, "id");

	return json_is_integer(have) && json_integer_value(have) == id;
}

static bool is_event(const json_t *msg)
{
	const char *method = json_string_value(json_object_get(msg, "method"));

	return method && !strcmp(method, "event");
}

/* The first stashed message that is an answer to @id, or (id 0) an event; a new reference. */
static json_t *unstash(struct client *c, json_int_t id)
{
	for (size_t i = 0; i < json_array_size(c->stash); i++) {
		json_t *msg = json_array_get(c->stash, i);

		if (id ? !is_answer(msg, id) : !is_event(msg))
			continue;
		json_incref(msg);
		json_array_remove(c->stash, i);
		return msg;
	}
	return NULL;
}

static json_t *wait_message(struct client *c, json_int_t id, struct err *err)
{
	json_t *msg = unstash(c, id);

	while (!msg) {
		msg = next_message(c, err);
		if (!msg)
			return NULL;
		if (id ? is_answer(msg, id) : is_event(msg))
			return msg;
		json_array_append_new(c->stash, msg);
		msg = NULL;
	}
	return msg;
}

/* The codes that callers tell apart; every other refusal is -EREMOTEIO. */
static int errno_from_word(const char *word)
{
	static const struct {
		const char *word;
		int code;
	} known[] = {{"EEXIST", EEXIST},	{"ENOENT", ENOENT},	{"EBUSY", EBUSY},
		     {"EINVAL", EINVAL},	{"EPERM", EPERM},	{"EAGAIN", EAGAIN},
		     {"EACCES", EACCES},	{"ENOTCONN", ENOTCONN}, {"ETIMEDOUT", ETIMEDOUT},
		     {"EOPNOTSUPP", EOPNOTSUPP}};

	for (size_t i = 0; word && i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i].word, word))
			return -known[i].code;
	return -EREMOTEIO;
}

json_t *client_wait(struct client *c, json_int_t id, struct err *err)
{
	const char *text = "the daemon refused without a reason", *word = NULL;
	json_t *msg = wait_message(c, id, err);
	json_t *result;

	if (!msg)
		return NULL;
	result = json_incref(json_object_get(msg, "result"));
	if (!result) {
		json_unpack(msg, "{s?{s?s, s?{s?s}}}", "error", "message", &text, "data", "errno",
			    &word);
		err_set(err, errno_from_word(word), "%s", text);
	}
	json_decref(msg);
	return result;
}

json_t *client_call(struct client *c, const char *method, json_t *params, struct err *err)
{
	json_int_t id = client_send(c, method, params, err);

	return id < 0 ? NULL : client_wait(c, id, err);
}

json_t *client_call_fd(struct client *c, const char *method, json_t *params, int *fd,
		       struct err *err)
{
	json_t *result = client_call(c, method, params, err);

	*fd = -1;
	if (result && c->fd < 0) {
		err_set(err, -EPROTO, "%s: the daemon sent no descriptor", method);
		json_decref(result);
		return NULL;
	}
	if (result) {
		*fd = c->fd;
		c->fd = -1;
	}
	return result;
}

json_t *client_event(struct client *c, struct err *err)
{
	json_t *msg = wait_message(c, 0, err);
	json_t *params = msg ? json_incref(json_object_get(msg, "params")) : NULL;

	json_decref(msg);
	if (msg && !params)
		err_set(err, -EPROTO, "the daemon sent an event without parameters");
	return params;
}
