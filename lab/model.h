/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * model.h - a lab as its topology file describes it (vnet-lab(5)).
 *
 * Everything hangs on the lab's arena: strings and arrays live as long as the lab and are freed
 * with it. Values that a message may have to point at carry their place in the file.
 */
#ifndef LAB_MODEL_H
#define LAB_MODEL_H

#include <jansson.h>

#include "lab/errors.h"
#include "lib/addr.h"
#include "lib/ipaddr.h"

enum {
	LAB_FILE_MAX = 1 << 20, /* bytes of a topology file */
	/* "LAB.NODE" must be a valid name, "LAB.NODE.eth9" a valid port name. */
	LAB_NAME_MAX = 20,
	LAB_NODE_NAME_MAX = 26,
	LAB_NICS_MAX = 8,
	LAB_LEASE_DEFAULT_S = 3600
};

enum lab_mode { LAB_NAT, LAB_BRIDGE, LAB_HOST_ONLY, LAB_INTERNAL, LAB_LAN_SEGMENT, LAB_MODES };

struct lab_text {
	const char *s; /* NULL: not given */
	struct lab_pos pos;
};

struct lab_prefix {
	struct ip4_prefix p;
	bool given;
	struct lab_pos pos;
};

struct lab_addr {
	be32 a;
	bool given;
	struct lab_pos pos;
};

struct lab_number {
	unsigned int v; /* MiB, seconds, ... as the field says */
	bool given;
	struct lab_pos pos;
};

struct lab_flag {
	bool v, given;
	struct lab_pos pos;
};

/* What a guest is made of; also the lab's defaults. */
struct lab_machine {
	struct lab_number memory_mib, cpus;
	struct lab_text hypervisor, image, kernel, initrd, disk, append, boot;
};

struct lab_dhcp {
	bool given, on;
	struct lab_pos pos;
	struct lab_addr first, last, router, dns;
	struct lab_number lease_s;
	/* Member dhcp_rules of net.add, and whom which address is reserved for; NULL: nothing. */
	json_t *rules, *reserve;
};

/* An outside address of a node's own. */
struct lab_map {
	const char *address;
	const char *to; /* node name or address */
	struct lab_pos pos;
};

struct lab_forward {
	const char *proto; /* "tcp", "udp" or "both" */
	const char *bind;  /* "[ADDR:]PORT[-PORT]" */
	const char *to;	   /* node name or address, without the port */
	unsigned int port;
	struct lab_pos pos;
};

/* A DNS record in the words of `vnetctl dns add`: what it means is checked by the daemon. */
struct lab_record {
	const char *name, *type, *value;
	struct lab_pos pos;
};

/* A setting as the daemon takes it: its values are checked there. */
struct lab_setting {
	const char *name;
	struct lab_text value;
};

struct lab_settings {
	struct lab_setting *v;
	size_t n;
};

struct lab_net {
	struct lab_text name;
	const char *id; /* its name for the daemon: "LAB.NET" */
	enum lab_mode mode;
	bool has_mode; /* false only while the file is being read, or when it is wrong */
	struct lab_prefix subnet;
	struct lab_addr gateway;
	struct lab_dhcp dhcp;
	struct lab_text nic, via, uplink, subnet6, ipv6;
	struct lab_flag host; /* has the host an address on it? */
	struct lab_number mtu, vlan;
	struct lab_settings settings;
	struct lab_forward *forwards;
	struct lab_map *maps;
	size_t n_forwards, n_maps;
	struct lab_record *records;
	size_t n_records;
};

enum lab_how { LAB_ADDR_DEFAULT, LAB_ADDR_DHCP, LAB_ADDR_NONE, LAB_ADDR_STATIC };

struct lab_nic {
	struct lab_pos pos;
	struct lab_text network;
	struct lab_net *net; /* set by lab_validate() */
	const char *port;    /* the name of its port: "LAB.NODE.ethN" */
	enum lab_how how;
	struct lab_prefix address;
	struct lab_addr gateway;
	struct mac mac; /* made up from lab, node and NIC by lab_validate() unless given */
	bool has_mac;
	struct lab_pos mac_pos;
	struct lab_text link; /* words for `port impair` */
	struct lab_text veth; /* namespaces: the other end's name on the host */
	const char *host_end; /* what that end is called on this host */
	struct lab_prefix host_address;
	struct lab_settings settings;
};

/* Between two networks; both ends may be of the same one, which is a loop. */
struct lab_cable_end {
	struct lab_text network;
	const char *port; /* set by lab_validate_cables() */
};

struct lab_cable {
	struct lab_text name;
	struct lab_cable_end end[2];
	struct lab_text link; /* words for `port impair` of the first end */
	struct lab_settings settings;
};

enum lab_kind { LAB_VM, LAB_NAMESPACE };

/* A file that is copied into a node; @from is beside the topology file. */
struct lab_file {
	struct lab_text to, from;
};

struct lab_node {
	struct lab_text name;
	const char *id; /* its name for the daemon: "LAB.NODE" */
	enum lab_kind kind;
	struct lab_machine machine;
	struct lab_nic *nics;
	size_t n_nics;
	struct lab_flag forward;
	struct lab_text masquerade; /* "ethN" */
	struct lab_text role;	    /* what it is in pictures: host, router, server, ... */
	struct lab_file *files;
	size_t n_files;
	struct lab_text *run;
	size_t n_run;
	struct lab_text *reload; /* run when files of the node were put back */
	size_t n_reload;
};

enum { LAB_SEE_MAX = 6 };

/* In the order of lab_verbs[] (parse_checks.c). */
enum lab_verb {
	LAB_CHECK_NONE,
	LAB_PING,
	LAB_TCP,
	LAB_UDP,
	LAB_HTTP,
	LAB_DNS,
	LAB_DHCP,
	LAB_LEASE,
	LAB_ADDRESS,
	LAB_ROUTE,
	LAB_PATH,
	LAB_MAC_TABLE,
	LAB_NAT_TABLE,
	LAB_PACKETS,
	LAB_THROUGHPUT,
	LAB_FILE_TEXT,
	LAB_EXEC
};

/* What is done to the lab for the time of a check. */
struct lab_fault {
	struct lab_pos pos;
	struct lab_text link;	/* "NODE.ethN" or a cable */
	struct lab_text impair; /* words for `port impair`; none: the link is down */
	struct lab_text power;	/* a node that is off */
};

/* Members are those of the verb's map; which verb has which, parse_checks.c says. */
struct lab_check {
	struct lab_pos pos;
	struct lab_text id, title, hint, stage;
	enum lab_verb verb;
	struct lab_pos verb_pos;
	struct lab_text from, to; /* the node that acts (also `node:`), and the target */
	struct lab_text nic;	  /* "ethN"; default eth0 */
	struct lab_text text;	  /* http: url; exec: command; dns: name; file: path; route: to */
	struct lab_text output;	  /* a regular expression */
	struct lab_text network, at, never, proto, server, answer, dev, via;
	struct lab_text *see; /* packets: filters of what must come by, in this order */
	size_t n_see;
	struct lab_text *through, *around; /* path: nodes */
	size_t n_through, n_around;
	struct lab_prefix in; /* address, lease: within this subnet; or of an address, not both */
	struct ip_net in6;    /* plen 0: none */
	struct lab_number port, status, times, for_ms, at_least_kbit, at_most_kbit;
	struct lab_number at_least_ms, at_most_ms; /* ping: from the question to the answer */
	struct lab_check *during; /* packets: what makes the traffic, one after the other */
	size_t n_during;
	struct lab_number within_ms;
	struct lab_number points;
	struct lab_flag given, hidden, warning;
	bool expect_fail;
	struct lab_pos expect_pos;
	struct lab_fault *fault;
	struct lab_text *needs;
	size_t n_needs;
};

/* ---- about the lab --------------------------------------------------------------------------- */

enum { LAB_STEPS_MAX = 256 }; /* as the daemon takes them */
enum lab_do { LAB_OFF, LAB_ON, LAB_PAUSE, LAB_RESUME, LAB_DOS };

/* A step of the lab's schedule. */
struct lab_step {
	struct lab_pos pos;
	struct lab_number at_ms;
	struct lab_text does[LAB_DOS]; /* the node; of one step one only */
};

struct lab_stage {
	struct lab_text id, title;
	struct lab_text text, file; /* what is to be done: here, or in a file beside this one */
};

/* Checked before anything is started. */
struct lab_requires {
	struct lab_number memory_mib, cpus;
	struct lab_flag kvm;
	struct lab_text *programs; /* of the host, which namespaces use */
	size_t n_programs;
};

struct lab_variable {
	struct lab_text name;
	const char *value;	  /* for this seed */
	struct ip4_prefix subnet; /* of a subnet, for {NAME.N}; plen 0: it is none */
};

struct lab_arena;

struct lab {
	struct lab_arena *arena;
	/* @name: of the file, or the one it runs under; @file_name: always the file's. */
	struct lab_text name, title, file_name;
	const char *seed; /* for the variables; "" when none was given */
	const char *kind; /* lab_options.kind; "" when none was given */
	struct lab_machine defaults;
	enum lab_kind default_kind;
	struct lab_requires requires;
	struct lab_stage *stages;
	size_t n_stages;
	struct lab_variable *variables;
	size_t n_variables;
	struct lab_net *nets;
	size_t n_nets;
	struct lab_cable *cables;
	size_t n_cables;
	struct lab_node *nodes;
	size_t n_nodes;
	struct lab_check *checks;
	size_t n_checks;
	struct lab_step *steps;
	size_t n_steps;
};

/* Zeroed memory that lives as long as @lab; NULL when there is none. */
void *lab_alloc(struct lab *lab, size_t n, size_t size);
char *lab_strndup(struct lab *lab, const char *text, size_t len);
char *lab_printf(struct lab *lab, const char *fmt, ...) CHECK_PRINTF(2, 3);

struct lab *lab_create(void);
/* NULL is accepted. */
void lab_destroy(struct lab *lab);

/* The five words, and back; -1 for an unknown one. */
const char *lab_mode_word(enum lab_mode mode);
int lab_mode_find(const char *word);
/* NULL-terminated. */
extern const char *const lab_mode_words[];
/* "ping", ... */
const char *lab_verb_word(enum lab_verb verb);

/* "off", ... */
extern const char *const lab_do_words[LAB_DOS];

/* Is what the check asks for an IPv6 address? */
bool lab_check_is6(const struct lab_check *c);

struct lab_net *lab_net_find(const struct lab *lab, const char *name);
struct lab_node *lab_node_find(const struct lab *lab, const char *name);
/* The node of "NODE" or "NODE.ethN"; NULL when there is none, or no such card. */
struct lab_node *lab_node_of(const struct lab *lab, const char *word);
struct lab_check *lab_check_find(const struct lab *lab, const char *id);
struct lab_cable *lab_cable_find(const struct lab *lab, const char *name);
struct lab_stage *lab_stage_find(const struct lab *lab, const char *id);
/* "eth0" to 0; -1 when it is no such word or @node has fewer NICs. */
int lab_nic_index(const struct lab_node *node, const char *ifname);

/* probe_name.c: has the network a probe; may @word mean one ("probe", "probe.NET"); the network
 * whose probe it means, NULL when none or several do. A node of that name comes first. */
bool lab_net_has_probe(const struct lab_net *net);
bool lab_is_probe_word(const struct lab *lab, const char *word);
struct lab_net *lab_probe_net(const struct lab *lab, const char *word);

/* names.c: the port of "NODE.ethN", or of a cable's first end; NULL when there is none. */
const char *lab_port_of(const struct lab *lab, const char *word);
/* Does the network say what the guest boots, by the node's own words or the lab's defaults? */
bool lab_boots_from_network(const struct lab *lab, const struct lab_node *node);

/* "eth0" for 0; @index is below LAB_NICS_MAX. */
const char *lab_nic_name(size_t index);

/* Does the network hand out addresses? (The LAN behind a bridge is taken to.) */
bool lab_net_serves(const struct lab_net *net);
/* The NIC's address setting with the default resolved: DHCP where the network hands addresses
 * out, else none. */
enum lab_how lab_nic_how(const struct lab_nic *nic);

#endif
