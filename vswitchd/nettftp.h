/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nettftp.h - files for guests that boot from the network: a directory of the host's, read only, by
 * TFTP (tftp/) from the network's station, and the boot file's name by DHCP.
 *
 * `tftp=DIR` serves DIR. Nothing outside of it can be reached, by no name and no symbolic link
 * (openat2(2), RESOLVE_BENEATH), and only regular files are given out. A client that says it boots
 * (RFC 4578, RFC 5970) is told the first of the usual files that is there, see boot_files in
 * nettftp.c, unless the network's DHCP options say something else.
 */
#ifndef VSWITCHD_NETTFTP_H
#define VSWITCHD_NETTFTP_H

#include <jansson.h>

#include "lib/pkt.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/settings.h"

/* Is @p, a frame for the station of @net, for the TFTP server? Then it is taken. */
bool nettftp_take(struct net *net, struct pkt *p);
/* Once a second. */
void nettftp_tick(struct net *net, msec now);
void nettftp_stop(struct net *net);
/* Add "tftp" to the network's JSON. */
void nettftp_show(const struct net *net, json_t *out);

/* The boot file for a machine of architecture @arch (RFC 4578 2.1; -1: not said); @ipxe: it runs
 * iPXE already. False: there is none. @net: the network, for use as a callback. */
bool nettftp_boot(void *net, int arch, bool ipxe, char *file, size_t size);
/* The same as a URL (RFC 5970 3.1). */
bool nettftp_boot6(void *net, int arch, bool ipxe, char *url, size_t size);

extern const struct net_setting nettftp_settings[];

#endif
