/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console_text.h - what is to be left out when a console's past is shown again. Pure.
 */
#ifndef VSWITCHD_CONSOLE_TEXT_H
#define VSWITCHD_CONSOLE_TEXT_H

#include "lib/types.h"

/* Take the questions to the terminal out of @text (ECMA-48 8.3.35 DSR, 8.3.24 DA: where is the
 * cursor, who are you): a terminal would answer, and the guest would take that for typed. Returns
 * the new length. */
size_t console_quiet(uint8_t *text, size_t len);

#endif
