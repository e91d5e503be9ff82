/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lease_file.h - a lease file of a wire test's own, where others keep leases in memory.
 */
#ifndef TESTS_WIRE_LEASE_FILE_H
#define TESTS_WIRE_LEASE_FILE_H

/* Instead of the store that is open, which no network uses any more. Asserts that it works. */
void lease_file_open(void);
/* The file and its directory go. No network uses it any more. */
void lease_file_close(void);

#endif
