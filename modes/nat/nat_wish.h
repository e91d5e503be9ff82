/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_wish.h - an extra outside address that a network wants, and may have (nat_map.h).
 */
#ifndef MODES_NAT_WISH_H
#define MODES_NAT_WISH_H

#include "modes/nat/nat_extra.h"

struct nat_wish {
	be32 addr;
	struct nat_ext *ext; /* NULL: not open */
	bool used;	     /* it is ready, and the translator has it */
	msec retry_ms;	     /* when to try to open it again */
	char reason[160];    /* why it is not used; "" when it is */
};

struct nat_pool_wishes {
	bool arbitrary;
	unsigned int n;
	struct nat_wish at[NAT_EXTRAS];
};

#endif
