/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vnetctl/nouns.h"

const struct noun *const nouns[] = {
	&noun_status, &noun_doctor,  &noun_events, &noun_net,	  &noun_port, &noun_mac,
	&noun_stp,    &noun_group,   &noun_nat,	   &noun_dhcp,	  &noun_dns,  &noun_vm,
	&noun_image,  &noun_lab,     &noun_exec,   &noun_console, &noun_copy, &noun_capture,
	&noun_trace,  &noun_explain, &noun_top,	   NULL,
};
