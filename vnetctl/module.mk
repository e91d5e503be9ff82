# SPDX-License-Identifier: GPL-2.0-or-later
vnetctl-srcs := $(addprefix vnetctl/,main.c nouns.c args.c stp.c group.c \
	status.c net.c port.c mac.c nat.c dhcp.c dhcp_watch.c dhcp_set.c dhcp_explain.c vm.c relay.c lab.c \
	lab_find.c lab_check.c capture.c frames.c decode.c story.c packet_text.c explain.c)
vnetctl-srcs += vnetctl/port_impair.c
vnetctl-srcs += vnetctl/top.c vnetctl/net_probe.c
vnetctl-srcs += vnetctl/dns.c vnetctl/image.c
vnetctl-srcs += $(addprefix vnetctl/,lab_words.c lab_life.c lab_file.c lab_diff.c lab_pack.c lab_graph.c complete.c)
