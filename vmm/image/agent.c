/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest agent's loop.
 *
 * A job is a command in its own session (so in its own process group), its two output pipes and a
 * pidfd. It passes through: running -> exited (pidfd readable, status known) -> gone (what was in
 * the pipes has been sent, then D). A background process that a command leaves behind does not
 * hold the job up: after the exit only what is already in the pipes is read. A job past its time is
 * killed as a group and reported as 124.
 *
 * Output to the host goes through one bounded buffer; pipes are read only while it has room, so a
 * slow line slows the commands, and a host that does not read cannot make the agent grow. Time
 * limits keep running meanwhile. A command text that stops arriving for STALL_MS is given up: its
 * sender has gone, and the next one must not be taken for its rest.
 *
 * Input of a command is gathered, before the command itself comes, in a file without a name, which
 * then is its standard input. There is one such file at a time, and it is bounded.
 */
#include "vmm/image/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
	OUT_MAX = 32 * 1024,
	CHUNK = 4096,
	HEADER = 40, /* longest header we send: "O 4294967295 4096\n" and room */
	STALL_MS = 5000,
	STATUS_TIMEOUT = 124,
	STATUS_REFUSED = 126,
};

enum { JOB_OUT, JOB_ERR, JOB_PIPES };

struct job {
	bool used;
	bool exited;
	bool timed_out;
	uint32_t id;
	pid_t pid;
	int pidfd;
	int pipe[JOB_PIPES]; /* -1 when closed */
	int status;
	int64_t deadline_ms; /* 0: none */
};

struct agent {
	int fd;
	const char *console;
	struct agent_parser parser;
	int64_t heard_ms; /* when the last byte came from the host */
	size_t unsaid;	  /* bytes read that the host was not told of */
	int input;	  /* -1: none */
	uint32_t input_id;
	size_t input_len;
	struct job jobs[AGENT_JOBS];
	char out[OUT_MAX];
	size_t out_len;
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- output ---- */

static bool out_room(const struct agent *a, size_t want)
{
	return OUT_MAX - a->out_len >= want;
}

/* Append; the caller has checked out_room(), or can bear the loss of a pong. */
static void out_put(struct agent *a, const void *data, size_t len)
{
	if (!out_room(a, len))
		return;
	memcpy(a->out + a->out_len, data, len);
	a->out_len += len;
}

static void out_line(struct agent *a, char kind, uint32_t id, unsigned long value)
{
	char line[HEADER];
	int n = snprintf(line, sizeof(line), "%c %u %lu\n", kind, id, value);

	out_put(a, line, (size_t)n);
}

static int out_flush(struct agent *a)
{
	while (a->out_len) {
		ssize_t n = write(a->fd, a->out, a->out_len);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		memmove(a->out, a->out + n, a->out_len - (size_t)n);
		a->out_len -= (size_t)n;
	}
	return 0;
}

/* ---- jobs ---- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void job_destroy(struct job *j)
{
	close_fd(&j->pidfd);
	for (int i = 0; i < JOB_PIPES; i++)
		close_fd(&j->pipe[i]);
	j->used = false;
}

static void job_kill(struct job *j)
{
	if (j->exited)
		return;
	kill(-j->pid, SIGKILL);
	kill(j->pid, SIGKILL);
}

static struct job *job_find(struct agent *a, uint32_t id)
{
	for (int i = 0; i < AGENT_JOBS; i++)
		if (a->jobs[i].used && a->jobs[i].id == id)
			return &a->jobs[i];
	return NULL;
}

static struct job *job_slot(struct agent *a)
{
	for (int i = 0; i < AGENT_JOBS; i++)
		if (!a->jobs[i].used)
			return &a->jobs[i];
	return NULL;
}

static void child_exec(const char *command, int in, int out, int err)
{
	static const int reset[] = {SIGPIPE, SIGTERM, SIGHUP, SIGINT, SIGCHLD};

	if (in < 0)
		in = open("/dev/null", O_RDONLY);
	setsid();
	for (size_t i = 0; i < sizeof(reset) / sizeof(reset[0]); i++)
		signal(reset[i], SIG_DFL);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	if (chdir("/root") && chdir("/"))
		_exit(STATUS_REFUSED);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* Start @command with input @in (-1: none); 0 or a negative errno. */
static int job_spawn(struct job *j, const char *command, int in)
{
	int out[2], err[2];

	if (pipe2(out, O_CLOEXEC))
		return -errno;
	if (pipe2(err, O_CLOEXEC)) {
		close(out[0]);
		close(out[1]);
		return -ENFILE;
	}
	j->pid = fork();
	if (!j->pid)
		child_exec(command, in, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	j->pipe[JOB_OUT] = out[0];
	j->pipe[JOB_ERR] = err[0];
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	if (j->pid < 0)
		return -EAGAIN;
	j->pidfd = (int)syscall(SYS_pidfd_open, j->pid, 0);
	return j->pidfd < 0 ? -errno : 0;
}

static void refuse(struct agent *a, uint32_t id, const char *why)
{
	out_line(a, 'E', id, strlen(why));
	out_put(a, why, strlen(why));
	out_line(a, 'D', id, STATUS_REFUSED);
}

static void input_add(struct agent *a, const struct agent_request *req)
{
	if (!a->input_len || a->input_id != req->id) {
		close_fd(&a->input); /* its command never came */
		a->input = memfd_create("input", MFD_CLOEXEC);
		a->input_id = req->id;
		a->input_len = 0;
	}
	a->input_len += req->len;
	/* The command is refused when not all of it is there. */
	if (a->input_len <= AGENT_INPUT_MAX &&
	    write(a->input, req->data, req->len) != (ssize_t)req->len)
		a->input_len = AGENT_INPUT_MAX + 1;
}

static void input_drop(struct agent *a)
{
	close_fd(&a->input);
	a->input_len = 0;
}

/* False: there is input for command @id, but not all of it. */
static bool input_ready(struct agent *a, uint32_t id)
{
	if (a->input_id != id)
		input_drop(a);
	if (a->input >= 0)
		lseek(a->input, 0, SEEK_SET);
	return a->input_len <= AGENT_INPUT_MAX;
}

static void job_begin(struct agent *a, const struct agent_request *req)
{
	struct job *j = job_find(a, req->id);

	/* An id in use again: whoever started the first is gone (a host that restarted). */
	if (j) {
		job_kill(j);
		waitpid(j->pid, NULL, 0);
		job_destroy(j);
	}
	j = job_slot(a);
	if (!j) {
		refuse(a, req->id, "agent: too many commands at once\n");
		return;
	}
	*j = (struct job){.used = true, .id = req->id, .pidfd = -1, .pipe = {-1, -1}};
	if (job_spawn(j, req->command, a->input)) {
		if (j->pid > 0) {
			job_kill(j);
			waitpid(j->pid, NULL, 0);
		}
		job_destroy(j);
		refuse(a, req->id, "agent: cannot start a process\n");
		return;
	}
	if (req->timeout_ms)
		j->deadline_ms = now_ms() + req->timeout_ms;
}

static void job_start(struct agent *a, const struct agent_request *req)
{
	if (input_ready(a, req->id))
		job_begin(a, req);
	else
		refuse(a, req->id, "agent: no room for the command's input\n");
	input_drop(a);
}

/* The kernel tells the programs on it by SIGWINCH. */
static void set_window(const struct agent *a, const struct agent_request *req)
{
	const struct winsize size = {.ws_row = req->rows, .ws_col = req->cols};
	int fd = open(a->console, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return;
	ioctl(fd, TIOCSWINSZ, &size);
	close(fd);
}

static void request_cb(void *arg, const struct agent_request *req)
{
	struct agent *a = arg;
	char line[HEADER];

	switch (req->kind) {
	case AGENT_RUN:
		job_start(a, req);
		break;
	case AGENT_INPUT:
		input_add(a, req);
		break;
	case AGENT_PING:
		out_put(a, line, (size_t)snprintf(line, sizeof(line), "P %u\n", req->id));
		break;
	case AGENT_RESIZE:
		set_window(a, req);
		break;
	case AGENT_TOO_LONG:
		input_drop(a);
		refuse(a, req->id, "agent: the command is longer than 64 KiB\n");
		break;
	}
}

/* Move what pipe @i of @j holds to the host, as far as there is room. True when it is empty. */
static bool job_read(struct agent *a, struct job *j, int i)
{
	char chunk[CHUNK];
	ssize_t n;

	while (j->pipe[i] >= 0) {
		if (!out_room(a, CHUNK + 2 * HEADER))
			return false;
		n = read(j->pipe[i], chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0) {
			close_fd(&j->pipe[i]);
			return true;
		}
		out_line(a, i == JOB_OUT ? 'O' : 'E', j->id, (unsigned long)n);
		out_put(a, chunk, (size_t)n);
	}
	return true;
}

static void job_reap(struct job *j)
{
	int status;

	if (j->exited || waitpid(j->pid, &status, WNOHANG) != j->pid)
		return;
	j->exited = true;
	j->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (j->timed_out)
		j->status = STATUS_TIMEOUT;
}

static void job_service(struct agent *a, struct job *j, int64_t now)
{
	bool drained = true;

	if (j->deadline_ms && !j->timed_out && !j->exited && now >= j->deadline_ms) {
		j->timed_out = true;
		job_kill(j);
	}
	job_reap(j);
	for (int i = 0; i < JOB_PIPES; i++)
		drained &= job_read(a, j, i);
	if (!j->exited || !drained || !out_room(a, HEADER))
		return;
	out_line(a, 'D', j->id, (unsigned long)j->status);
	job_destroy(j);
}

/* ---- the loop ---- */

static int wait_ms(const struct agent *a, int64_t now)
{
	int64_t best = -1;

	for (int i = 0; i < AGENT_JOBS; i++) {
		const struct job *j = &a->jobs[i];
		int64_t left = j->deadline_ms > now ? j->deadline_ms - now : 0;

		if (j->used && j->deadline_ms && !j->exited && !j->timed_out &&
		    (best < 0 || left < best))
			best = left;
	}
	return best > 60000 ? 60000 : (int)best;
}

static nfds_t fill_poll(const struct agent *a, struct pollfd *p)
{
	bool room = out_room(a, CHUNK + 2 * HEADER);
	short events = a->out_len ? POLLOUT : 0;
	nfds_t n = 0;

	/* New requests only while the answers to a full read of them, were they all refused, fit.
	 */
	if (out_room(a, OUT_MAX / 2))
		events |= POLLIN;
	p[n++] = (struct pollfd){.fd = a->fd, .events = events};
	for (int i = 0; i < AGENT_JOBS; i++) {
		const struct job *j = &a->jobs[i];

		if (!j->used)
			continue;
		if (!j->exited)
			p[n++] = (struct pollfd){.fd = j->pidfd, .events = POLLIN};
		for (int k = 0; k < JOB_PIPES && room; k++)
			if (j->pipe[k] >= 0)
				p[n++] = (struct pollfd){.fd = j->pipe[k], .events = POLLIN};
	}
	return n;
}

/* 1 when something was read, 0 when nothing was there, negative at the end. */
static int read_host(struct agent *a, int64_t now)
{
	char buf[4096];
	ssize_t n = read(a->fd, buf, sizeof(buf));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!n)
		return -EPIPE;
	if (agent_parser_midway(&a->parser) && now - a->heard_ms > STALL_MS)
		agent_parser_reset(&a->parser);
	a->heard_ms = now;
	a->unsaid += (size_t)n;
	agent_parser_feed(&a->parser, buf, (size_t)n);
	return 1;
}

static void tell_read(struct agent *a)
{
	char line[HEADER];

	if (a->unsaid < AGENT_ACK || !out_room(a, HEADER))
		return;
	out_put(a, line, (size_t)snprintf(line, sizeof(line), "A %zu\n", a->unsaid));
	a->unsaid = 0;
}

static int agent_loop(struct agent *a)
{
	struct pollfd p[1 + AGENT_JOBS * (1 + JOB_PIPES)];
	int err = 0;

	for (;;) {
		int64_t now = now_ms();
		nfds_t n = fill_poll(a, p);

		if (poll(p, n, wait_ms(a, now)) < 0 && errno != EINTR)
			return -errno;
		now = now_ms();
		if (p[0].revents & (POLLIN | POLLHUP | POLLERR))
			err = read_host(a, now);
		if (err < 0)
			return err == -EPIPE ? 0 : err;
		tell_read(a);
		for (int i = 0; i < AGENT_JOBS; i++)
			if (a->jobs[i].used)
				job_service(a, &a->jobs[i], now);
		err = out_flush(a);
		if (err)
			return err;
	}
}

/* A terminal must pass bytes as they are: no echo, no line editing, no signals, no hang-up. */
static int make_raw(int fd)
{
	struct termios t;

	if (!isatty(fd))
		return 0;
	if (tcgetattr(fd, &t))
		return -errno;
	cfmakeraw(&t);
	t.c_cflag |= CLOCAL | CREAD;
	cfsetspeed(&t, B115200);
	return tcsetattr(fd, TCSANOW, &t) ? -errno : 0;
}

int agent_run(int fd, const char *console)
{
	struct agent *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	a->fd = fd;
	a->input = -1;
	a->console = console;
	a->parser.cb = request_cb;
	a->parser.arg = a;
	err = make_raw(fd);
	if (!err && fcntl(fd, F_SETFL, O_NONBLOCK))
		err = -errno;
	if (!err) {
		signal(SIGPIPE, SIG_IGN);
		out_put(a, "R 2\n", 4);
		err = out_flush(a);
	}
	if (!err)
		err = agent_loop(a);
	for (int i = 0; i < AGENT_JOBS; i++)
		if (a->jobs[i].used) {
			job_kill(&a->jobs[i]);
			job_destroy(&a->jobs[i]);
		}
	free(a);
	return err;
}
