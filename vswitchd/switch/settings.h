/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings.h - what can be set on a port or a network while it runs: one row a setting.
 *
 * `port set PORT key=value`, the NICs of `vm run`, the NICs of a topology file and the state store
 * all go through these rows; so do `net set` and `net add`. A value is the text that a user types.
 * Each module keeps the rows of its own (guard_settings[]...) and names them in settings.c.
 */
#ifndef VSWITCHD_SETTINGS_H
#define VSWITCHD_SETTINGS_H

#include <jansson.h>

#include "lib/clock.h"
#include "lib/err.h"

struct net;
struct port;

enum { SETTING_TEXT_MAX = 512 };

/* Rows end with a NULL name. */
struct port_setting {
	const char *name;
	const char *accepts; /* "on or off": for errors and help */
	/* Take @value into use, or leave all as it was and set @err (without the setting's name).
	 */
	int (*set)(struct port *port, const char *value, struct err *err);
	/* The value in the words of set(). False when it is the default (still filled in). */
	bool (*get)(const struct port *port, char *text, size_t size);
};

struct net_setting {
	const char *name;
	const char *accepts;
	int (*set)(struct net *net, const char *value, struct err *err);
	bool (*get)(const struct net *net, char *text, size_t size);
};

/* Set all that @values (an object of strings) names, or nothing. Unknown keys are errors that name
 * the nearest known one. */
int port_settings_apply(struct port *port, const json_t *values, struct err *err);
int net_settings_apply(struct net *net, const json_t *values, struct err *err);
/* What setting @values would change (new reference), and the way back to that. */
json_t *port_settings_snapshot(struct port *port, const json_t *values);
json_t *net_settings_snapshot(struct net *net, const json_t *values);
void port_settings_put_back(struct port *port, json_t *before);
void net_settings_put_back(struct net *net, json_t *before);
/* Those that are not at their default: an object of strings, new reference. */
json_t *port_settings_json(const struct port *port);
json_t *net_settings_json(const struct net *net);
/* Every setting there is, with what it accepts: an object of strings, new reference. */
json_t *port_settings_all(void);
json_t *net_settings_all(void);
/* Is there such a setting? */
bool port_setting_known(const char *name);
bool net_setting_known(const char *name);

/* Say that there is none, which there are, and which is meant. -EINVAL. */
int port_setting_unknown(const char *name, struct err *err);
int net_setting_unknown(const char *name, struct err *err);

/* "on" or "off"; sets @err otherwise. For set(). */
int setting_bool(const char *value, bool *out, struct err *err);
/* A whole decimal number in @min..@max. */
int setting_number(const char *value, unsigned long min, unsigned long max, unsigned long *out,
		   struct err *err);

/* How many leases: 1 to LEASES_MAX, "any" (LEASES_ANY), or the word @unset (0); and the text. */
int setting_leases(const char *value, const char *unset, uint16_t *out, struct err *err);
void setting_leases_text(uint16_t n, const char *unset, char *text, size_t size);

/* A time with its unit, more than 0 and at most SETTING_TIME_MAX_S, as "300s", "5m", "2h" or "1d";
 * and its shortest text. */
#define SETTING_TIME_TEXT "a time with its unit: 300s, 5m, 2h or 1d"
enum { SETTING_TIME_MAX_S = INT32_MAX }; /* 68 years: what a lease has room for */
int setting_time(const char *value, msec *out, struct err *err);
void setting_time_text(msec ms, char *text, size_t size);

#endif
