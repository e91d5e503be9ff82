/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_watch.h - packets before and after translation, shown to who watches a network's pairs
 * (watch.h).
 *
 * Theory of operation. A packet's way through a translator is one call: nat_watch_begin() when it
 * has come, by the inside or an uplink; nat_watch_after() for each frame that leaves meanwhile;
 * nat_watch_end() with the verdict. The translator works in place, so a copy is kept of how the
 * packet came. It is shown when it is known what became of it: before the first frame that leaves,
 * or at the end with the reason why none does. What the gateway answers to its sender is shown
 * after it. While nobody watches, all of this is one test of a counter.
 *
 * A fragment that waits for its first one is shown as kept; it leaves later, under the number of
 * the packet that let it go.
 */
#ifndef MODES_NAT_WATCH_H
#define MODES_NAT_WATCH_H

#include "lib/drop.h"
#include "modes/nat/nat_ext.h"
#include "vswitchd/switch/runner.h"

struct nat_net;
struct pkt;

enum { NAT_WATCH_ANSWERS = 4 };

/* The one packet that is under way in a runner. */
struct nat_watch {
	uint64_t id;
	struct pkt *before;	  /* as it came; NULL: nothing is under way */
	const struct nat_ext *by; /* the uplink that it came by; NULL: inside */
	bool shown;
	enum drop_reason lost;
	struct pkt *answers[NAT_WATCH_ANSWERS];
	unsigned int n_answers;
};

/* @p has come by uplink @by, or from inside (NULL). Borrows it. */
void nat_watch_take(struct nat_watch *w, struct runner *r, const struct pkt *p,
		    const struct nat_ext *by);
static inline void nat_watch_begin(struct nat_watch *w, struct runner *r, const struct pkt *p,
				   const struct nat_ext *by)
{
	if (r->n_pair_hooks)
		nat_watch_take(w, r, p, by);
}
/* @p leaves by uplink @to, or to the inside (NULL). Borrows it. */
void nat_watch_after(struct nat_watch *w, struct nat_net *nn, struct pkt *p,
		     const struct nat_ext *to);
/* That was all. @nn: whose packet it was, NULL: nobody's. @why: DROP_NONE unless it was dropped. */
void nat_watch_end(struct nat_watch *w, struct nat_net *nn, enum drop_reason why);

#endif
