/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest.c - what the default image's init is told on the kernel command line: addresses,
 * forwarding, and the lab's hosts file (vnet-lab(5), GUEST CONFIGURATION).
 */
#include "lab/guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest vnet.hosts word: all words share the kernel's 2048 bytes (COMMAND_LINE_SIZE, x86). */
enum { HOSTS_MAX = 700 };

static void nic_word(const struct lab_nic *nic, size_t i, FILE *out)
{
	char addr[IP4_PREFIX_STR], gateway[IP4_STR];

	switch (lab_nic_how(nic)) {
	case LAB_ADDR_STATIC:
		fprintf(out, " vnet.eth%zu=%s", i, ip4_prefix_format(nic->address.p, addr));
		if (nic->gateway.given)
			fprintf(out, ",gw=%s", ip4_format(nic->gateway.a, gateway));
		break;
	case LAB_ADDR_DHCP:
		fprintf(out, " vnet.eth%zu=dhcp", i);
		break;
	default:
		fprintf(out, " vnet.eth%zu=none", i);
		break;
	}
}

/* The first fixed address of each node; those known only later are not in the hosts file. */
static void hosts_word(const struct lab *lab, FILE *out)
{
	size_t len = 0;

	for (size_t n = 0; n < lab->n_nodes; n++) {
		const struct lab_node *node = &lab->nodes[n];
		char addr[IP4_STR];
		size_t i = 0;

		while (i < node->n_nics && !node->nics[i].address.given)
			i++;
		if (i == node->n_nics || len > HOSTS_MAX - 2 * NAME_MAX_)
			continue;
		len += (size_t)fprintf(out, "%s%s:%s", len ? "," : " vnet.hosts=", node->name.s,
				       ip4_format(node->nics[i].address.p.addr, addr));
	}
}

static char *append_words(const struct lab *lab, const struct lab_node *node, const char *extra)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs(extra ? extra : "", out);
	for (size_t i = 0; i < node->n_nics; i++)
		nic_word(&node->nics[i], i, out);
	if (node->forward.v)
		fputs(" vnet.forward=1", out);
	if (node->masquerade.s)
		fprintf(out, " vnet.nat=%s", node->masquerade.s);
	hosts_word(lab, out);
	fclose(out);
	return text;
}

char *lab_beside(const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	char *joined;

	if (asprintf(&joined, "%.*s%s", *path == '/' || !slash ? 0 : (int)(slash - file) + 1, file,
		     path) < 0)
		return NULL;
	return joined;
}

/* @path as the daemon can open it: absolute, from the topology file's folder. */
static int set_path(json_t *params, const char *key, const struct lab_text *path, const char *file,
		    struct err *err)
{
	char *joined = path->s ? lab_beside(file, path->s) : NULL, *full;

	if (!path->s)
		return 0;
	if (!joined)
		return err_set(err, -ENOMEM, "out of memory");
	full = realpath(joined, NULL);
	if (full)
		json_object_set_new(params, key, json_string(full));
	else
		err_sys(err, -errno, "%s:%u:%u: %s '%s'", file, path->pos.line, path->pos.col, key,
			joined);
	free(joined);
	free(full);
	return full ? 0 : -ENOENT;
}

/* A name is the daemon's; a path, which has a slash in it, is a file of the lab's. */
static int set_image(json_t *params, const struct lab_text *image, const char *file,
		     struct err *err)
{
	if (image->s && strchr(image->s, '/'))
		return set_path(params, "image", image, file, err);
	if (image->s)
		json_object_set_new(params, "image", json_string(image->s));
	return 0;
}

#define PICK(field, is) (node->machine.field.is ? &node->machine.field : &lab->defaults.field)

/* One word of a value: a network or a card's port of the lab? */
static const char *object_id(const struct lab *lab, const char *word)
{
	const struct lab_net *net = lab_net_find(lab, word);
	const char *dot = strrchr(word, '.');
	const struct lab_node *node;
	char name[NAME_MAX_ + 1];
	int i;

	if (net || !dot || (size_t)(dot - word) >= sizeof(name))
		return net ? net->id : NULL;
	memcpy(name, word, (size_t)(dot - word));
	name[dot - word] = 0;
	node = lab_node_find(lab, name);
	i = node ? lab_nic_index(node, dot + 1) : -1;
	return i >= 0 ? node->nics[i].port : NULL;
}

/* The settings whose values name networks or ports: trunk, native, mirror. */
static json_t *value_of(const struct lab *lab, const struct lab_setting *setting)
{
	char copy[512], out[1024] = "", *rest = copy, *word;
	size_t len = 0;

	if (strcmp(setting->name, "trunk") && strcmp(setting->name, "native") &&
	    strcmp(setting->name, "mirror"))
		return json_string(setting->value.s);
	snprintf(copy, sizeof(copy), "%s", setting->value.s);
	while ((word = strsep(&rest, ",+")) && len < sizeof(out)) {
		const char *id = object_id(lab, word);

		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s", len ? "," : "",
					id ? id : word);
	}
	return json_string(out);
}

void settings_put(const struct lab *lab, const struct lab_settings *settings, json_t *params)
{
	for (size_t i = 0; i < settings->n; i++)
		json_object_set_new(params, settings->v[i].name, value_of(lab, &settings->v[i]));
}

static json_t *nics(const struct lab *lab, const struct lab_node *node)
{
	json_t *list = json_array(), *nic;
	char mac[MAC_STR];

	for (size_t i = 0; i < node->n_nics; i++) {
		nic = json_pack("{s:s, s:s}", "net", node->nics[i].net->id, "mac",
				mac_format(&node->nics[i].mac, mac));
		settings_put(lab, &node->nics[i].settings, nic);
		json_array_append_new(list, nic);
	}
	return list;
}

json_t *guest_params(const struct lab *lab, const struct lab_node *node, const char *file,
		     struct err *err)
{
	const struct lab_number *memory = PICK(memory_mib, given), *cpus = PICK(cpus, given);
	const struct lab_text *hypervisor = PICK(hypervisor, s);
	/* What the network gives it to boot is told nothing by us. */
	bool diskless = lab_boots_from_network(lab, node);
	char *append = diskless ? NULL : append_words(lab, node, PICK(append, s)->s);
	json_t *params = json_pack("{s:s, s:s, s:s, s:o, s:s*, s:s*}", "name", node->id, "hostname",
				   node->name.s, "lab", lab->name.s, "nics", nics(lab, node),
				   "append", append, "boot", diskless ? "network" : NULL);

	free(append);
	if (!params) {
		err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	if (memory->given)
		json_object_set_new(params, "memory", json_sprintf("%uMiB", memory->v));
	if (cpus->given)
		json_object_set_new(params, "cpus", json_integer(cpus->v));
	if (hypervisor->s)
		json_object_set_new(params, "hypervisor", json_string(hypervisor->s));
	if ((diskless || (!set_image(params, PICK(image, s), file, err) &&
			  !set_path(params, "kernel", PICK(kernel, s), file, err) &&
			  !set_path(params, "initrd", PICK(initrd, s), file, err))) &&
	    !set_path(params, "disk", PICK(disk, s), file, err))
		return params;
	json_decref(params);
	return NULL;
}
