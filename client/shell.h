/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shell.h - text for commands that a node's shell runs.
 */
#ifndef CLIENT_SHELL_H
#define CLIENT_SHELL_H

/* @text in single quotes. The caller frees it; NULL when memory is short. */
char *shell_quoted(const char *text);

#endif
