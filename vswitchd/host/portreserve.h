/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * portreserve.h - ports that the kernel does not give to programs by itself, because we use them.
 *
 * What of a range lies in net.ipv4.ip_local_port_range and is not reserved yet is added to
 * net.ipv4.ip_local_reserved_ports, and taken out again when it is not needed any more: just that,
 * whatever else has been written there meanwhile. The state store remembers it, so that the next
 * start undoes what a killed daemon has left.
 */
#ifndef VSWITCHD_PORTRESERVE_H
#define VSWITCHD_PORTRESERVE_H

#include "lib/err.h"
#include "lib/types.h"

/* Reserve [@first, @last], and nothing else of ours any more; @first 0: nothing. */
int portreserve_set(uint16_t first, uint16_t last, struct err *err);
/* At the start: undo what is left of an earlier life. */
void portreserve_recover(void);
/* What is reserved by us now; the caller frees it. NULL: nothing. */
char *portreserve_text(void);

#endif
