/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * save_switch.h - what a student did to the networks and ports of a lab, as JSON, and back.
 */
#ifndef LAB_SAVE_SWITCH_H
#define LAB_SAVE_SWITCH_H

#include <jansson.h>

#include "lab/run.h"

/* {networks: {NAME: {settings, reserved: {ADDR: WHO}}}, ports: {NODE.ethN: {net,
 * settings}}}, of what is not as the file says. New reference; NULL with @err. */
json_t *save_switch(struct lab_run *r, struct err *err);
/* Do that to a fresh lab. A stranger's document: of settings only those are taken that concern
 * nothing but the lab, and what the daemon refuses is left out. */
void restore_switch(struct lab_run *r, const json_t *doc);

#endif
