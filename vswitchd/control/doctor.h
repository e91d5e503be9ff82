/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor.h - what this host can do, and how to mend what it can't.
 */
#ifndef VSWITCHD_DOCTOR_H
#define VSWITCHD_DOCTOR_H

#include <jansson.h>

struct daemon;

/* {"checks": [{id, title, status, detail, mend}]}. New reference. Asks the hypervisor anew, and
 * remembers its answer in d->hv. */
json_t *doctor_run(struct daemon *d);

#endif
