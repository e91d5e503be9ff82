/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console.c - consoles of guests, and shells in namespaces, on this terminal.
 */
#include <sys/ioctl.h>
#include <termios.h>

#include "vnetctl/relay.h"
#include "vnetctl/vm.h"

/* A guest whose console is to be told of a window. */
struct guest {
	struct client *client;
	const char *name;
};

/* The agent in the guest sets the size; a guest without one is as it was. */
static void guest_window(void *ctx, unsigned int rows, unsigned int cols)
{
	struct guest *g = ctx;
	struct err ignored;

	json_decref(client_call(g->client, "vm.window",
				json_pack("{s:s, s:i, s:i}", "vm", g->name, "rows", (int)rows,
					  "columns", (int)cols),
				&ignored));
}

int vm_console_run(struct ctl *c, const char *name, const char *shown, bool watch)
{
	struct guest g = {.name = name};
	struct relay how = {.name = shown, .watch = watch, .window = guest_window, .ctx = &g};
	struct err err;
	json_t *r;
	int fd;

	if (!ctl_client(c))
		return CTL_FAILED;
	g.client = c->client;
	r = client_call_fd(c->client, "vm.console",
			   json_pack("{s:s, s:s}", "vm", name, "mode", watch ? "watch" : "type"),
			   &fd, &err);
	if (!r)
		return ctl_fail(&err);
	how.others = (unsigned int)jint(r, "others");
	json_decref(r);
	return relay_console(fd, &how, &err) < 0 ? ctl_fail(&err) : CTL_OK;
}

static void terminal_window(void *ctx, unsigned int rows, unsigned int cols)
{
	const struct winsize size = {.ws_row = (unsigned short)rows,
				     .ws_col = (unsigned short)cols};

	ioctl(*(const int *)ctx, TIOCSWINSZ, &size);
}

int ns_console_run(struct ctl *c, const char *name, const char *shown)
{
	struct err err;
	json_t *r;
	int fd;
	const struct relay how = {.name = shown, .window = terminal_window, .ctx = &fd};

	if (!ctl_client(c))
		return CTL_FAILED;
	r = client_call_fd(c->client, "ns.console",
			   json_pack("{s:s, s:s}", "name", name, "prompt", shown), &fd, &err);
	if (!r)
		return ctl_fail(&err);
	json_decref(r);
	return relay_console(fd, &how, &err) < 0 ? ctl_fail(&err) : CTL_OK;
}
