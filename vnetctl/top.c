/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * top.c - the busiest ports, again and again; and rates in words for `port list`.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "vnetctl/args.h"
#include "vnetctl/nouns.h"
#include "client/table.h"
#include "vnetctl/top.h"

enum { PORTS_SHOWN_MAX = 4096 };

char *human_rate(json_int_t n, char *buf, size_t size)
{
	static const char units[] = " kMGT";
	double v = (double)n;
	int unit = 0;

	while (v >= 999.5 && units[unit + 1]) {
		v /= 1000;
		unit++;
	}
	if (!unit)
		snprintf(buf, size, "%lld", (long long)n);
	else
		snprintf(buf, size, v < 9.95 ? "%.1f%c" : "%.0f%c", v, units[unit]);
	return buf;
}

struct top {
	const char *net;
	long count;   /* -n; 0: until q */
	long delay_s; /* -d */
};

static json_int_t busy(const json_t *port)
{
	const json_t *rate = json_object_get(port, "rate");

	return jint(rate, "rx_bps") + jint(rate, "tx_bps");
}

/* The busiest first; what is idle by name. */
static int by_rate(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;

	if (busy(x) != busy(y))
		return busy(x) < busy(y) ? 1 : -1;
	return strcmp(jstr(x, "name"), jstr(y, "name"));
}

/* "too-big 12, spoofed 3": the largest reasons first come as they are stored. */
static void add_drops(struct table *t, const json_t *port)
{
	char text[160] = "";
	size_t used = 0;
	const char *word;
	json_t *n;

	json_object_foreach (json_object_get(port, "drops"), word, n) {
		if (used < sizeof(text))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %lld",
						 used ? ", " : "", word,
						 (long long)json_integer_value(n));
	}
	table_add(t, text);
}

static void add_row(struct table *t, const json_t *port)
{
	static const char *const keys[] = {"rx_bps", "rx_fps", "tx_bps", "tx_fps", "drops_ps"};
	const json_t *rate = json_object_get(port, "rate");
	char text[16];

	table_add(t, jstr(port, "name"));
	table_add(t, jstr(port, "net"));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		table_add(t, human_rate(jint(rate, keys[i]), text, sizeof(text)));
	add_drops(t, port);
}

/* At most @rows ports. */
static void print_ports(const json_t *list, size_t rows)
{
	static const char *const titles[] = {"~PORT",	  "~NET",	">IN bit/s",
					     ">frames/s", ">OUT bit/s", ">frames/s",
					     ">DROPS/s",  "~DROPPED",	NULL};
	size_t n = MIN(json_array_size(list), (size_t)PORTS_SHOWN_MAX);
	json_t **ports = calloc(n + 1, sizeof(*ports));
	struct table *t = table_create(titles);

	if (!ports || !t) {
		free(ports);
		return;
	}
	for (size_t i = 0; i < n; i++)
		ports[i] = json_array_get(list, i);
	qsort(ports, n, sizeof(*ports), by_rate);
	for (size_t i = 0; i < MIN(n, rows); i++)
		add_row(t, ports[i]);
	free(ports);
	table_finish(t, "no ports");
}

/* A line for each network whose name server is asked. */
static void print_names(struct ctl *c, const struct top *top)
{
	json_t *nets = ctl_call(c, "net.list", NULL), *net;
	size_t i;

	json_array_foreach (nets, i, net) {
		const json_t *names = json_object_get(net, "names");
		char asked[16], cached[16];

		if (!jint(names, "queries_ps") || (top->net && strcmp(top->net, jstr(net, "name"))))
			continue;
		printf("names of %s: %s asked a second, %s of them from the cache\n",
		       jstr(net, "name"),
		       human_rate(jint(names, "queries_ps"), asked, sizeof(asked)),
		       human_rate(jint(names, "cached_ps"), cached, sizeof(cached)));
	}
	json_decref(nets);
}

static json_t *ask(struct ctl *c, const struct top *top)
{
	return ctl_call(c, "port.list", top->net ? json_pack("{s:s}", "net", top->net) : NULL);
}

/* One table, or one list of JSON. */
static int once(struct ctl *c, const struct top *top)
{
	json_t *list = ask(c, top);

	if (!list)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(list);
	print_ports(list, PORTS_SHOWN_MAX);
	print_names(c, top);
	json_decref(list);
	return CTL_OK;
}

/* ---- the screen ------------------------------------------------------------------------------ */

static size_t screen_rows(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row < 4)
		return 20;
	return size.ws_row - 3u; /* the line above, the titles, where the cursor rests */
}

/* Keys one by one and unseen. Ctrl-C comes as a key too, so that the terminal is always put back.
 */
static bool keys_begin(struct termios *before)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, before) < 0)
		return false;
	raw = *before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	return tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

/* True when a key says that it is enough. */
static bool wait_key(const struct top *top, bool keys)
{
	struct pollfd in = {.fd = keys ? STDIN_FILENO : -1, .events = POLLIN};
	char key;

	if (poll(&in, 1, (int)top->delay_s * 1000) <= 0)
		return false;
	return read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q' || key == 3;
}

static int screens(struct ctl *c, const struct top *top)
{
	struct termios before;
	bool keys = keys_begin(&before);
	int rc = CTL_OK;

	for (long n = 0; !top->count || n < top->count; n++) {
		json_t *list = n && wait_key(top, keys) ? NULL : ask(c, top);

		if (!list) {
			rc = c->client && n ? CTL_OK : CTL_FAILED;
			break;
		}
		printf("\033[H\033[Jvnetctl top: %s, every %ld s, q quits\n",
		       top->net ? top->net : "all networks", top->delay_s);
		print_names(c, top);
		print_ports(list, screen_rows());
		fflush(stdout);
		json_decref(list);
	}
	if (keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	return rc;
}

/* Without a screen: tables one after the other. */
static int tables(struct ctl *c, const struct top *top)
{
	int rc = CTL_OK;

	for (long n = 0; n < MAX(top->count, 1) && !rc; n++) {
		if (n)
			sleep((unsigned int)top->delay_s);
		rc = once(c, top);
		fflush(stdout);
	}
	return rc;
}

static int top_run(struct ctl *c, int argc, char **argv)
{
	struct top top = {.delay_s = 1};

	for (int i = 0; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (!strcmp(argv[i], "-n") || !strcmp(argv[i], "-d")) {
			if (!arg_number(value, 1, 86400,
					argv[i][1] == 'n' ? &top.count : &top.delay_s))
				return ctl_usage(c, "'%s' wants a number from 1", argv[i]);
			i++;
		} else if (argv[i][0] == '-' || top.net) {
			return ctl_usage(c, "'%s' is no option here", argv[i]);
		} else {
			top.net = argv[i];
		}
	}
	if (c->json || !isatty(STDOUT_FILENO))
		return tables(c, &top);
	return screens(c, &top);
}

static const struct verb verbs[] = {
	{"", "[NET] [-d SECONDS] [-n TIMES]",
	 "the busiest ports with rates and drops by reason, again and again until q", top_run},
	{0},
};

const struct noun noun_top = {
	"top", "the busiest ports", verbs,
	"Rates are over the last few seconds. Into a pipe it prints one table, or -n of them.\n"};
