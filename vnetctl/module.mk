# SPDX-License-Identifier: GPL-2.0-or-later
vnetctl-srcs := $(addprefix vnetctl/,main.c help.c nouns.c args.c usage.c complete.c)
vnetctl-srcs += $(addprefix vnetctl/,status.c top.c)
vnetctl-srcs += $(addprefix vnetctl/,net.c net_probe.c port.c port_impair.c mac.c stp.c group.c)
vnetctl-srcs += $(addprefix vnetctl/,nat.c dns.c dhcp.c dhcp_watch.c dhcp_set.c dhcp_explain.c)
vnetctl-srcs += $(addprefix vnetctl/,vm.c node.c console.c copy.c relay.c image.c)
vnetctl-srcs += $(addprefix vnetctl/,lab.c lab_find.c lab_words.c lab_life.c lab_file.c lab_diff.c)
vnetctl-srcs += $(addprefix vnetctl/,lab_check.c lab_class.c lab_pack.c lab_grade.c lab_graph.c)
vnetctl-srcs += $(addprefix vnetctl/,capture.c frames.c decode.c story.c packet_text.c explain.c)
