/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reply.h - what the server says: options of a reply and where it is sent (RFC 2131 4.1, 4.3.1).
 */
#ifndef DHCP_REPLY_H
#define DHCP_REPLY_H

#include "dhcp/server.h"

/*
 * Fill @out with the reply of @type to @msg, which came in a frame from @src. @yiaddr and @lease_s
 * are 0 where the reply has none (NAK; the ACK of an INFORM).
 */
void dhcp_compose(const struct dhcp_conf *conf, const struct dhcp_msg *msg, const struct mac *src,
		  enum dhcp_type type, be32 yiaddr, uint32_t lease_s, struct dhcp_reply *out);

#endif
