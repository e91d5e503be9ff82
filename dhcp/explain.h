/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain.h - what a client would be answered, and why, without doing it.
 */
#ifndef DHCP_EXPLAIN_H
#define DHCP_EXPLAIN_H

#include "dhcp/reply.h"

struct dhcp_explained {
	const struct dhcp_lease *lease; /* the client's address; NULL: it gets none */
	enum dhcp_pick why;
	bool over_limit; /* its port has as many addresses as it may have */
	const struct dhcp_subnet *on;
	uint32_t lease_s;
	struct dhcp_options options; /* that it gets when it asks for them */
};

/* What would become of the DISCOVER @msg that came by @rx? No lease changes; but an address that
 * nobody ever had may get its (empty) entry in the table. False: it would not be heard at all, as
 * its relay's subnet is not ours. @msg and @rx must outlive @out. */
bool dhcp_explain(struct dhcp_server *s, const struct dhcp_rx *rx, const struct dhcp_msg *msg,
		  msec now, struct dhcp_explained *out);

#endif
