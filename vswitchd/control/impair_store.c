/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * impair_store.c - cables in the state store.
 *
 * A record of its own and not a member of the port's, because guests' NICs and the ports of a
 * network's mode have cables too but are recorded elsewhere, or nowhere.
 */
#include <stdlib.h>

#include "vswitchd/switch/impair.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/host/state.h"

int impair_record(const struct port *port, struct err *err)
{
	char *words = impair_words(port);
	json_t *doc;
	int rc;

	if (!words) {
		impair_forget(port->name);
		return 0;
	}
	doc = json_pack("{s:s}", "words", words);
	rc = state_put("impair", port->name, doc, err);
	json_decref(doc);
	free(words);
	return rc;
}

void impair_forget(const char *port)
{
	state_del("impair", port, NULL);
}

int impair_restore(struct daemon *d, const char *name, const json_t *doc, struct err *err)
{
	const char *words = json_string_value(json_object_get(doc, "words"));
	struct port *port = port_find(name);
	json_t *record;

	(void)d;
	if (port && words)
		return impair_set(port, words, err);
	/* One that could not be restored keeps its cable for the next start. */
	record = state_get("port", name);
	if (!record)
		impair_forget(name);
	json_decref(record);
	return 0;
}
