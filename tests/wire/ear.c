/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/wire/ear.h"

#include <string.h>

#include "tests/unit/unit.h"

static void hear(struct frame_hook *hook, const struct sighting *s)
{
	struct ear *e = CONTAINER_OF(hook, struct ear, hook);

	if (e->n < ARRAY_SIZE(e->said) && netsay(s->port->net, s->p, e->said[e->n]))
		e->n++;
}

static void gone(struct frame_hook *hook)
{
	(void)hook;
}

void ear_open(struct ear *e, struct runner *r, struct port *port)
{
	*e = (struct ear){.hook = {.frame = hear, .gone = gone}};
	frame_hook_add(&e->hook, r, NULL, port);
}

void ear_close(struct ear *e)
{
	frame_hook_del(&e->hook);
	e->n = 0;
}

void ear_heard(const struct ear *e, const char *text)
{
	for (unsigned int i = 0; i < e->n; i++)
		if (!strcmp(e->said[i], text))
			return;
	for (unsigned int i = 0; i < e->n; i++)
		print_error("%s\n", e->said[i]);
	fail_msg("not said: %s", text);
}
