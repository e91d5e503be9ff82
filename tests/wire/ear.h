/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ear.h - who captures frames in a wire test, and reads what they say (netsay.h).
 */
#ifndef TESTS_WIRE_EAR_H
#define TESTS_WIRE_EAR_H

#include "vswitchd/netsay.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/watch.h"

/* Of 16 sentences; what comes after is not heard. */
struct ear {
	struct frame_hook hook;
	unsigned int n; /* 0: forget them */
	char said[16][NETSAY_TEXT];
};

/* Listen at @port until ear_close(). */
void ear_open(struct ear *e, struct runner *r, struct port *port);
void ear_close(struct ear *e);
/* Asserts that @text was said. */
void ear_heard(const struct ear *e, const char *text);

#endif
