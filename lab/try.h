/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * try.h - one try of one check: what its verbs share.
 *
 * A try has three outcomes, and the difference between "did not work" and "could not be tried" is
 * what makes negative checks worth something: a guest that is off, whose agent does not answer, or
 * that has no address yet has proved nothing by not reaching its target.
 *
 * A try also says where its verdict comes from: "outside" is what the switch, our DHCP server or
 * our translation table saw; "inside" is what a node says, and who is root in there can make it say
 * anything.
 */
#ifndef LAB_TRY_H
#define LAB_TRY_H

#include "lab/node.h"
#include "lab/observe.h"

/* Commands use busybox where it is, since that is the same program with the same options in the
 * default guest image and on the host; else the programs of those names. */
#define BUSYBOX "b=$(command -v busybox); "

enum attempt {
	ATTEMPT_NO,	 /* it was tried and did not work: what `expect: fail` wants */
	ATTEMPT_YES,	 /* it works */
	ATTEMPT_OVER,	 /* as ATTEMPT_NO, and nothing that comes later can make it work */
	ATTEMPT_UNTRIED, /* could not be tried: counts for nobody */
};

enum { EXEC_TIMEOUT_S = 30, PROBE_TIMEOUT_S = 8 };

struct
try {
	struct lab_run *r;
	const struct lab_check *c;
	const struct lab_node *from; /* NULL: the host, or a probe */
	const struct lab_net *probe; /* that of this network asks; NULL: no probe does */
	char *output;		     /* the check's, with the values of its placeholders */
	char *detail;
	size_t size;
	bool outside;
	const struct lab_net *to_probe; /* whose probe target() meant; NULL: no probe */
	unsigned int probe_got;		/* frames of this try that were handed to it */
};

/* Note why, and return @result. */
enum attempt outcome(struct try *t, enum attempt result, const char *fmt, ...) CHECK_PRINTF(3, 4);
/* The first line of what a command said, errors first, safe to print. */
const char *first_line(const struct exec_result *res, char *buf, size_t size);
/* Is the sender able to send: does any of its NICs have an address of its own? */
bool sender_ready(struct try *t);
/* The address for @to; false after noting why there is none. */
bool target(struct try *t, const char *to, char addr[static IP_ADDR_STR]);
/* @text with the values of its placeholders; the caller frees it. NULL after noting what is
 * missing. */
char *try_text(struct try *t, const char *text);
/* Does a line of @text match the check's `output`? */
enum attempt match_output(struct try *t, const char *text);

/* try_filter.c: as pcap-filter(7) has them, of IPv6 where @addr is. A ping with @bytes of data, or
 * its answer, whoever they are from; the answer of a port to a SYN. */
enum { FILTER_SIZE = 120 };
char *filter_echo(char out[static FILTER_SIZE], const char *addr, bool reply, unsigned int bytes);
char *filter_syn_ack(char out[static FILTER_SIZE], const char *addr);
/* "10.0.0.1:80", "[fd00::1]:80" */
char *addr_port(char *out, size_t size, const char *addr, unsigned int port);

/* try_traffic.c: what the switch can watch. */
/* Run @command in the sender while its ports are watched for @filter (for each frame @fn), and the
 * probe, when it is to be reached, for @asked. False after noting what failed; else *@res is to be
 * freed and @seen and t->probe_got are filled. */
bool watched_run(struct try *t, const char *filter, const char *asked, const char *command,
		 struct observers *seen, observe_fn *fn, void *ctx, struct exec_result *res);
enum attempt try_ping(struct try *t);
enum attempt try_tcp(struct try *t);
enum attempt try_udp(struct try *t);
enum attempt try_dns(struct try *t);
enum attempt try_dhcp(struct try *t);
/* try_http.c */
enum attempt try_http(struct try *t);
/* try_probe.c: ping, tcp, udp and http of a check whose `from` is a probe. */
enum attempt try_from_probe(struct try *t);
/* try_path.c */
enum attempt try_path(struct try *t);
enum attempt try_throughput(struct try *t);
/* try_packets.c */
enum attempt try_packets(struct try *t);
/* try_tables.c: what is asked for. */
enum attempt try_lease(struct try *t);
enum attempt try_address(struct try *t);
enum attempt try_route(struct try *t);
enum attempt try_mac_table(struct try *t);
enum attempt try_nat(struct try *t);
enum attempt try_file(struct try *t);
enum attempt try_exec(struct try *t);

#endif
