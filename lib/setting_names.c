/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/setting_names.h"

#include <stddef.h>
#include <string.h>

const char *const port_setting_names[] = {
	"vlan",
	"trunk",
	"native",
	"stp-cost",
	"stp-port-priority",
	"edge",
	"loop-guard",
	"mac-guard",
	"address-guard",
	"addresses",
	"dhcp-guard",
	"router-guard",
	"isolated",
	"promiscuous",
	"macs-allowed",
	"storm-unknown",
	"storm-broadcast",
	"storm-multicast",
	"macs",
	"leases",
	"mirror",
	"mirror-dir",
	"mirror-only",
	NULL,
};

const char *const net_setting_names[] = {
	"hub",
	"ageing",
	"macs",
	"mtu",
	"stp",
	"stp-priority",
	"snooping",
	"nat-mapping",
	"nat-filtering",
	"nat-type",
	"nat-refresh",
	"nat-udp-timeout",
	"nat-dns-timeout",
	"nat-icmp-timeout",
	"nat-pool",
	"nat-pooling",
	"nat-ports",
	"nat-other-timeout",
	"nat-tcp-timeout",
	"nat-tcp-transitory-timeout",
	"nat-mss",
	"nat-max",
	"nat-max-guest",
	"nat-guest-ports",
	"nat-guest-rate",
	"nat-host",
	"lease",
	"leases",
	"ipv6",
	"tftp",
	"dns",
	"dns-private",
	"probe",
	NULL,
};

bool setting_name_in(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names;
}
