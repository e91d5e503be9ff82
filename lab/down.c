/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * down.c - removes everything that carries a lab's tag.
 *
 * The daemon's lists are the truth, not the topology file: so half a lab, one whose file has
 * changed, and one whose guests died go the same way. Order: guests (all at once), ports, networks,
 * namespaces (with what runs in them), the record. The kernel removes interfaces some time after
 * it was asked to; the walk ends when they are gone, so that the next command finds none.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <time.h>

#include "lab/run.h"
#include "lab/schedule.h"
#include "client/ctl.h"

enum { STOP_TIMEOUT_S = 10, OBJECTS_MAX = 4096, VANISH_MS = 5000, POLL_MS = 20 };

struct down {
	struct client *client;
	const char *lab;
	struct progress *progress;
	bool at_once;
	bool found;
	json_t *ifnames; /* host interfaces that will go */
	struct err *err;
	int rc; /* the first failure */
};

/* Remember the first failure; an object that is gone already is none. */
static void failed(struct down *d, int code, const struct err *err)
{
	if (code == -ENOENT || d->rc)
		return;
	d->rc = code;
	if (d->err)
		*d->err = *err;
}

static void call(struct down *d, const char *method, json_t *params)
{
	struct err err = {0};
	json_t *result = client_call(d->client, method, params, &err);

	if (!result)
		failed(d, err.code, &err);
	json_decref(result);
}

/* What of list @method belongs to the lab: a new array of objects. */
static json_t *tagged(struct down *d, const char *method)
{
	struct err err = {0};
	json_t *all = client_call(d->client, method, NULL, &err), *ours = json_array(), *obj;
	size_t i;

	if (!all)
		failed(d, err.code, &err);
	json_array_foreach (all, i, obj) {
		if (!strcmp(jstr(obj, "lab"), d->lab))
			json_array_append(ours, obj);
	}
	json_decref(all);
	d->found |= json_array_size(ours) > 0;
	return ours;
}

static bool stoppable(const struct down *d, const json_t *vm)
{
	return !d->at_once &&
	       (!strcmp(jstr(vm, "state"), "running") || !strcmp(jstr(vm, "state"), "booting"));
}

/* Ask all to power off, then wait for each; what does not go is killed. */
static void stop_guests(struct down *d)
{
	json_t *vms = tagged(d, "vm.list"), *vm;
	json_int_t ids[OBJECTS_MAX] = {0}; /* 0: not asked */
	struct err err;
	size_t i;

	json_array_foreach (vms, i, vm) {
		if (i == OBJECTS_MAX)
			break;
		if (stoppable(d, vm))
			ids[i] = client_send(d->client, "vm.stop",
					     json_pack("{s:s, s:i}", "vm", jstr(vm, "name"),
						       "timeout_s", STOP_TIMEOUT_S),
					     &err);
	}
	json_array_foreach (vms, i, vm) {
		json_t *result = NULL;

		if (i == OBJECTS_MAX)
			break;
		progress_wait(d->progress, "stopping %s", jstr(vm, "name"));
		if (ids[i] > 0)
			result = client_wait(d->client, ids[i], &err);
		if (!result)
			call(d, "vm.kill", json_pack("{s:s}", "vm", jstr(vm, "name")));
		json_decref(result);
		progress_line(d->progress, "guest     %s off", jstr(vm, "name"));
	}
	json_decref(vms);
}

static bool names(const json_t *list, const char *name)
{
	json_t *obj;
	size_t i;

	json_array_foreach ((json_t *)list, i, obj)
		if (!strcmp(jstr(obj, "name"), name))
			return true;
	return false;
}

/* Note the host interfaces of our networks' ports and of namespaces before they are deleted. Where
 * a port is a card of the host's own, deleting the port does not remove it. */
static void note_interfaces(struct down *d)
{
	json_t *nets = tagged(d, "net.list"), *spaces = tagged(d, "ns.list"), *obj;
	json_t *ports = client_call(d->client, "port.list", NULL, NULL);
	size_t i;

	json_array_foreach (ports, i, obj) {
		if (names(nets, jstr(obj, "net")) && strcmp(jstr(obj, "carrier"), "nic") &&
		    json_is_null(json_object_get(obj, "netns")) &&
		    json_is_string(json_object_get(obj, "ifname")))
			json_array_append(d->ifnames, json_object_get(obj, "ifname"));
	}
	json_array_foreach (spaces, i, obj)
		json_array_extend(d->ifnames, jarr(obj, "veths"));
	json_decref(nets);
	json_decref(ports);
	json_decref(spaces);
}

static bool any_interface(const struct down *d)
{
	json_t *name;
	size_t i;

	json_array_foreach (d->ifnames, i, name) {
		if (if_nametoindex(json_string_value(name)))
			return true;
	}
	return false;
}

static void wait_vanish(const struct down *d)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
	msec end = clock_now_ms() + VANISH_MS;

	while (any_interface(d) && clock_now_ms() < end)
		nanosleep(&pause, NULL);
}

static void delete_all(struct down *d, const char *list, const char *method, const char *key,
		       const char *what)
{
	json_t *objects = tagged(d, list), *obj;
	size_t i;

	json_array_foreach (objects, i, obj) {
		call(d, method, json_pack("{s:s}", key, jstr(obj, "name")));
		if (what)
			progress_line(d->progress, "%-9s %s removed", what, jstr(obj, "name"));
	}
	json_decref(objects);
}

static void delete_networks(struct down *d)
{
	delete_all(d, "port.list", "port.del", "port", NULL);
	delete_all(d, "net.list", "net.del", "net", "network");
}

static void forget(struct down *d)
{
	struct err err = {0};
	json_t *record =
		client_call(d->client, "lab.get", json_pack("{s:s}", "name", d->lab), &err);

	if (!record)
		return;
	d->found = true;
	json_decref(record);
	call(d, "lab.del", json_pack("{s:s}", "name", d->lab));
}

/* Claim the lab, so that nobody else works on it. No record is no reason to stop: there may be
 * objects without one. */
static bool begin(struct down *d)
{
	struct err err = {0};
	int rc = schedule_claim(d->client,
				json_pack("{s:s, s:s}", "name", d->lab, "state", "stopping"), &err);

	if (rc == -EBUSY)
		failed(d, rc, &err);
	return rc != -EBUSY;
}

int lab_down(struct client *c, const char *name, bool at_once, struct progress *p, bool *found,
	     struct err *err)
{
	struct down d = {.client = c,
			 .lab = name,
			 .progress = p,
			 .at_once = at_once,
			 .ifnames = json_array(),
			 .err = err};

	client_interruptible(c, false);
	if (!begin(&d)) {
		json_decref(d.ifnames);
		return d.rc;
	}
	note_interfaces(&d);
	stop_guests(&d);
	delete_networks(&d);
	delete_all(&d, "ns.list", "ns.del", "name", "namespace");
	forget(&d);
	wait_vanish(&d);
	json_decref(d.ifnames);
	progress_end(p);
	if (found)
		*found = d.found;
	return d.rc ? err_wrap(err, "lab '%s' is not down completely", name) : 0;
}

int lab_down_networks(struct lab_run *r, struct err *err)
{
	struct down d = {.client = r->client,
			 .lab = r->lab->name.s,
			 .progress = &r->progress,
			 .ifnames = json_array(),
			 .err = err};

	note_interfaces(&d);
	delete_networks(&d);
	wait_vanish(&d);
	json_decref(d.ifnames);
	return d.rc;
}
