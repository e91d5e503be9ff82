/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event_text.c - one row for each event that vnet-control(7) lists.
 *
 * In a sentence, {key} stands for a member of the event. What is in brackets is left out when one
 * of the members in it is not there, null or false.
 */
#include "vnetctl/event_text.h"

#include <stdlib.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/types.h"

struct sentence {
	const char *event, *text;
};

static const struct sentence sentences[] = {
	{"net.added", "network {net} was made"},
	{"net.deleted", "network {net} was deleted"},
	{"net.set", "network {net} has now {settings}"},
	{"port.added", "port {port} was added to network {net}"},
	{"port.deleted", "port {port} of network {net} was deleted"},
	{"port.set", "port {port} has now {settings}"},
	{"port.up", "port {port} of network {net} is up"},
	{"port.down", "port {port} of network {net} is set down"},
	{"port.moved", "port {port} is on network {net} now"},
	{"port.failed", "port {port} of network {net} has failed[: {reason}]"},
	{"port.recovered", "port {port} of network {net} works again"},
	{"port.link", "the link of port {port} is {link}[: {reason}]"},
	{"port.impaired", "the cable of port {port}: in {in}, out {out}[, pulled{down}]"},
	{"nic.up", "network {net}: NIC {nic} is up"},
	{"nic.down", "network {net}: NIC {nic} is down[: {reason}]"},
	{"nic.missing", "network {net}: NIC {nic} is missing[: {reason}]"},
	{"nic.renamed", "network {net}: NIC {nic} is called {now} now"},
	{"mac.learnt", "{mac} is behind port {port} of network {net}[, in VLAN {vlan}]"},
	{"mac.aged",
	 "{mac} behind port {port} was silent for too long: forgotten[, in VLAN {vlan}]"},
	{"mac.moved",
	 "{mac} has moved from port {from} to {port} of network {net}[, in VLAN {vlan}]"},
	{"mac.flapping", "{mac} moves to and fro between ports {from} and {port} of network {net}: "
			 "a loop, or two stations with one address"},
	{"mac.flood",
	 "the table of network {net} is full; port {port} has {macs} of its {macs_max} "
	 "addresses"},
	{"storm.started", "port {port} of network {net} sends more than {limit} {kind} frames a "
			  "second: the others are dropped"},
	{"storm.ended",
	 "the storm from port {port} of network {net} is over: {dropped} frames were "
	 "dropped"},
	{"guard.hit", "{guard} of port {port}: {seen} ({hits} so far)"},
	{"stp.role", "spanning tree of network {net}: port {port} is {role}, {state}"},
	{"stp.topology-change", "spanning tree of network {net} has changed at port {port}, told "
				"from {source}"},
	{"loop.found", "port {port} of network {net} is blocked: it makes a loop with port {with}"},
	{"loop.gone", "port {port} of network {net} is open again: no loop with port {with} any "
		      "more"},
	{"dhcp.lease", "{mac} has leased {address} on network {net}"},
	{"nat.uplink.up", "a way out: {ifname} with address {address}"},
	{"nat.uplink.down", "no way out any more: {ifname} with address {address}; {ended} flows "
			    "ended"},
	{"nat.exhausted", "network {net} has no {what} left for {refused}; {most} has the most, "
			  "{most_has}[; {refused_in_all} were refused so far]"},
	{"nat.flow", "{proto} {inside} as {outside} with {peer} {what}: {why}"},
	{"vm.state", "guest {vm} is {state}[: {reason}]"},
	{"vm.gone", "guest {vm} has left the list"},
	{"capture.ended", "the capture of {of} has ended: {frames} frames, {lost} lost"},
	{"events.lost", "{count} events were not sent, because this client was slow"},
};

static const char *sentence_of(const char *event)
{
	for (size_t i = 0; i < ARRAY_SIZE(sentences); i++)
		if (!strcmp(sentences[i].event, event))
			return sentences[i].text;
	return NULL;
}

static void print_string(FILE *out, const char *text)
{
	char safe[512];

	fputs(str_escape(text, strlen(text), safe, sizeof(safe)), out);
}

/* "a=1, b=2" for an object; a true value needs no word. */
static void print_value(FILE *out, const json_t *value)
{
	const char *key, *between = "";
	json_t *member;
	char *dump;

	if (json_is_string(value)) {
		print_string(out, json_string_value(value));
	} else if (json_is_object(value)) {
		json_object_foreach ((json_t *)value, key, member) {
			fputs(between, out);
			print_string(out, key);
			fputc('=', out);
			print_value(out, member);
			between = ", ";
		}
	} else if (!json_is_true(value)) {
		dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		print_string(out, dump ? dump : "?");
		free(dump);
	}
}

/* The member that "{key}" at @at names. */
static const json_t *member(const json_t *event, const char *at)
{
	return json_object_getn(event, at + 1, strcspn(at + 1, "}"));
}

/* Is what @at, behind a bracket, says of there? */
static bool is_there(const json_t *event, const char *at)
{
	for (; *at != ']'; at++) {
		const json_t *value = *at == '{' ? member(event, at) : NULL;

		if (*at == '{' && (!value || json_is_null(value) || json_is_false(value)))
			return false;
	}
	return true;
}

static void print_sentence(FILE *out, const json_t *event, const char *at)
{
	for (; *at; at++) {
		if (*at == '{') {
			const json_t *value = member(event, at);

			if (value)
				print_value(out, value);
			at = strchr(at, '}');
		} else if (*at == '[' && !is_there(event, at + 1)) {
			at = strchr(at, ']');
		} else if (*at != '[' && *at != ']') {
			fputc(*at, out);
		}
	}
}

static void print_pairs(FILE *out, const json_t *event)
{
	const char *key, *between = "";
	json_t *value;

	json_object_foreach ((json_t *)event, key, value) {
		if (!strcmp(key, "event") || !strcmp(key, "time_ms") || json_is_null(value))
			continue;
		fputs(between, out);
		print_string(out, key);
		fputc('=', out);
		if (json_is_boolean(value))
			fputs(json_is_true(value) ? "true" : "false", out);
		else
			print_value(out, value);
		between = " ";
	}
}

void event_print(FILE *out, const json_t *event)
{
	const char *name = json_string_value(json_object_get(event, "event"));
	const char *sentence = name ? sentence_of(name) : NULL;

	if (sentence)
		print_sentence(out, event, sentence);
	else
		print_pairs(out, event);
}
