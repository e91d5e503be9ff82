/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/model.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* One heap block for each allocation, chained: labs are small and live briefly. */
struct lab_arena {
	struct lab_arena *next;
	max_align_t data[];
};

void *lab_alloc(struct lab *lab, size_t n, size_t size)
{
	struct lab_arena *block;

	if (size && n > (SIZE_MAX - sizeof(*block)) / size)
		return NULL;
	block = calloc(1, sizeof(*block) + n * size);
	if (!block)
		return NULL;
	block->next = lab->arena;
	lab->arena = block;
	return block->data;
}

char *lab_strndup(struct lab *lab, const char *text, size_t len)
{
	char *copy = lab_alloc(lab, len + 1, 1);

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

char *lab_printf(struct lab *lab, const char *fmt, ...)
{
	va_list ap;
	char *text, *copy;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		return NULL;
	copy = lab_strndup(lab, text, (size_t)len);
	free(text);
	return copy;
}

struct lab *lab_create(void)
{
	return calloc(1, sizeof(struct lab));
}

void lab_destroy(struct lab *lab)
{
	if (!lab)
		return;
	for (size_t i = 0; i < lab->n_nets; i++) {
		json_decref(lab->nets[i].dhcp.rules);
		json_decref(lab->nets[i].dhcp.reserve);
	}
	while (lab->arena) {
		struct lab_arena *block = lab->arena;

		lab->arena = block->next;
		free(block);
	}
	free(lab);
}

const char *const lab_mode_words[] = {"nat",	  "bridge",	 "host-only",
				      "internal", "lan-segment", NULL};
_Static_assert(ARRAY_SIZE(lab_mode_words) == LAB_MODES + 1, "a word for each mode");

const char *lab_mode_word(enum lab_mode mode)
{
	return lab_mode_words[mode];
}

int lab_mode_find(const char *word)
{
	for (int i = 0; lab_mode_words[i]; i++)
		if (!strcmp(lab_mode_words[i], word))
			return i;
	return -1;
}

struct lab_net *lab_net_find(const struct lab *lab, const char *name)
{
	for (size_t i = 0; i < lab->n_nets; i++)
		if (lab->nets[i].name.s && !strcmp(lab->nets[i].name.s, name))
			return &lab->nets[i];
	return NULL;
}

struct lab_node *lab_node_find(const struct lab *lab, const char *name)
{
	for (size_t i = 0; i < lab->n_nodes; i++)
		if (lab->nodes[i].name.s && !strcmp(lab->nodes[i].name.s, name))
			return &lab->nodes[i];
	return NULL;
}

struct lab_node *lab_node_of(const struct lab *lab, const char *word)
{
	const char *dot = strrchr(word, '.');
	struct lab_node *node = lab_node_find(lab, word);
	char name[NAME_MAX_ + 1];

	if (node || !dot || (size_t)(dot - word) >= sizeof(name))
		return node;
	memcpy(name, word, (size_t)(dot - word));
	name[dot - word] = 0;
	node = lab_node_find(lab, name);
	return node && lab_nic_index(node, dot + 1) >= 0 ? node : NULL;
}

bool lab_check_is6(const struct lab_check *c)
{
	return (c->to.s && strchr(c->to.s, ':')) ||
	       (c->verb == LAB_HTTP && c->text.s && strstr(c->text.s, "//["));
}

struct lab_check *lab_check_find(const struct lab *lab, const char *id)
{
	for (size_t i = 0; i < lab->n_checks; i++)
		if (lab->checks[i].id.s && !strcmp(lab->checks[i].id.s, id))
			return &lab->checks[i];
	return NULL;
}

struct lab_cable *lab_cable_find(const struct lab *lab, const char *name)
{
	for (size_t i = 0; i < lab->n_cables; i++)
		if (lab->cables[i].name.s && !strcmp(lab->cables[i].name.s, name))
			return &lab->cables[i];
	return NULL;
}

struct lab_stage *lab_stage_find(const struct lab *lab, const char *id)
{
	for (size_t i = 0; i < lab->n_stages; i++)
		if (lab->stages[i].id.s && !strcmp(lab->stages[i].id.s, id))
			return &lab->stages[i];
	return NULL;
}

int lab_nic_index(const struct lab_node *node, const char *ifname)
{
	if (strncmp(ifname, "eth", 3) || ifname[3] < '0' || ifname[3] > '9' || ifname[4])
		return -1;
	return (size_t)(ifname[3] - '0') < node->n_nics ? ifname[3] - '0' : -1;
}

const char *lab_nic_name(size_t index)
{
	static const char *const names[] = {"eth0", "eth1", "eth2", "eth3",
					    "eth4", "eth5", "eth6", "eth7"};

	_Static_assert(ARRAY_SIZE(names) == LAB_NICS_MAX, "a name for each NIC");
	return names[index];
}

bool lab_net_serves(const struct lab_net *net)
{
	if (net->dhcp.given)
		return net->dhcp.on;
	return net->mode == LAB_NAT || net->mode == LAB_HOST_ONLY || net->mode == LAB_BRIDGE;
}

enum lab_how lab_nic_how(const struct lab_nic *nic)
{
	if (nic->how != LAB_ADDR_DEFAULT)
		return nic->how;
	return nic->net && lab_net_serves(nic->net) ? LAB_ADDR_DHCP : LAB_ADDR_NONE;
}
