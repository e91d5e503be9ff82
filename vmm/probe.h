/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe.h - what kind of KVM does this host have?
 */
#ifndef VMM_PROBE_H
#define VMM_PROBE_H

#include "lib/types.h"

enum probe_kind {
	PROBE_OK,
	PROBE_MISSING,	  /* no /dev/kvm */
	PROBE_DENIED,	  /* no permission for it */
	PROBE_INTERPRETS, /* it works, but runs guests by an instruction emulator */
	PROBE_BROKEN,	  /* it opens, and does not run a guest */
};

struct probe {
	enum probe_kind kind;
	char detail[160]; /* what was found, one line */
	const char *mend; /* what to do about it, "" when nothing */
	uint64_t loop_ns; /* time of one iteration of a two-instruction loop, 0 = not measured */
};

/* Look, and run a loop of a few thousand instructions in a tiny guest. Takes some milliseconds. */
void probe_run(struct probe *p);
/* One line of JSON on standard output; 0 or -errno. */
int probe_print(const struct probe *p);

#endif
