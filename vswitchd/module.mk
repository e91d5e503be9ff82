# SPDX-License-Identifier: GPL-2.0-or-later
vswitchd-srcs += vswitchd/host/netlink.c vswitchd/host/netlink_route.c vswitchd/host/netlink_ns.c vswitchd/host/netlink_tap.c
vswitchd-srcs += vswitchd/carrier/port_tap.c vswitchd/carrier/port_tap_io.c vswitchd/carrier/uring.c \
	vswitchd/carrier/port_packet.c vswitchd/carrier/port_nic.c vswitchd/carrier/nic_filter.c \
	vswitchd/carrier/nichost.c vswitchd/host/reaper.c
vswitchd-srcs += vswitchd/host/hostrules.c vswitchd/host/hostprotos.c vswitchd/host/claim.c vswitchd/host/portlist.c vswitchd/host/portreserve.c vswitchd/host/hostleg.c vswitchd/host/addrplan.c vswitchd/host/addrplan6.c vswitchd/switch/modeconf.c
# What is on the station of a network.
station-srcs := vswitchd/station.c vswitchd/nettftp.c vswitchd/nettftp_dir.c
station-srcs += vswitchd/lease_json.c
station-srcs += vswitchd/netsix.c vswitchd/netsix_dhcp.c vswitchd/netsix_json.c vswitchd/netsix_seen.c vswitchd/netsix_frame.c \
	vswitchd/netsix_tell.c vswitchd/netsix_explain.c vswitchd/netsix_words.c
station-srcs += vswitchd/netdhcp.c vswitchd/netdhcp_port.c vswitchd/netdhcp_hold.c vswitchd/netdhcp_store.c vswitchd/netdhcp_tell.c \
	vswitchd/netdhcp_words.c vswitchd/netsay.c vswitchd/netdhcp_frame.c vswitchd/netdhcp_json.c \
	vswitchd/netdhcp_list.c vswitchd/netdhcp_rules.c vswitchd/netdhcp_edit.c vswitchd/netdhcp_explain.c
vswitchd-srcs += $(station-srcs)
vswitchd-srcs += vswitchd/netprobe.c vswitchd/control/rpc_probe.c
fdb-srcs := vswitchd/switch/fdb.c vswitchd/switch/fdb_share.c vswitchd/switch/fdb_entry.c vswitchd/switch/fdb_forget.c
vswitchd-core-srcs += $(fdb-srcs) vswitchd/switch/net.c vswitchd/switch/net_conf.c vswitchd/switch/port.c vswitchd/switch/port_out.c vswitchd/switch/port_text.c vswitchd/switch/runner.c \
	vswitchd/switch/mode.c vswitchd/switch/port_dummy.c vswitchd/switch/port_local.c \
	vswitchd/switch/walk.c vswitchd/switch/walk_tell.c vswitchd/switch/watch.c vswitchd/switch/rates.c vswitchd/control/explain.c vswitchd/control/explain6.c vswitchd/switch/trace.c vswitchd/switch/settings.c vswitchd/switch/vlan.c vswitchd/switch/stp.c \
	vswitchd/switch/guard.c vswitchd/switch/storm.c vswitchd/switch/snoop.c vswitchd/switch/impair.c vswitchd/switch/mirror.c
vswitchd-core-srcs += vswitchd/switch/switch_settings.c vswitchd/switch/learn.c
vswitchd-core-srcs += vswitchd/switch/guard_own.c vswitchd/switch/guard_set.c
vswitchd-core-srcs += vswitchd/switch/impair_conf.c vswitchd/switch/impair_json.c
rstp-srcs := vswitchd/switch/rstp.c vswitchd/switch/rstp_bpdu.c vswitchd/switch/rstp_info.c vswitchd/switch/rstp_machines.c \
	vswitchd/switch/rstp_roles.c
vswitchd-core-srcs += $(rstp-srcs) vswitchd/switch/stp_loop.c vswitchd/switch/stp_show.c
vswitchd-core-srcs += vswitchd/switch/snoop_parse.c vswitchd/switch/snoop_table.c vswitchd/switch/snoop_show.c
vswitchd-core-srcs += vswitchd/switch/vlan_ids.c vswitchd/switch/vlan_set.c vswitchd/switch/vlan_segment.c vswitchd/switch/port_patch.c
netdns-srcs := vswitchd/netdns.c vswitchd/netdns_frame.c vswitchd/netdns_names.c vswitchd/netdns_host.c \
	vswitchd/netdns_socket.c vswitchd/netdns_json.c
vswitchd-srcs += $(netdns-srcs) vswitchd/control/rpc_dns.c vswitchd/control/dnsrecords.c
vswitchd-srcs += $(vswitchd-core-srcs) vswitchd/mode_array.c vswitchd/carrier/port_carriers.c

unit-tests += rstp
test_rstp-objs := $(rstp-srcs)

unit-tests += portlist
test_portlist-objs := vswitchd/host/portlist.c

unit-tests += addrplan
test_addrplan-objs := vswitchd/host/addrplan.c lib

unit-tests += fdb uring nichost
test_nichost-objs := vswitchd/carrier/nichost.c lib
test_uring-objs := vswitchd/carrier/uring.c lib
unit-tests += vlan_ids
test_vlan_ids-objs := vswitchd/switch/vlan_ids.c lib
test_fdb-objs := $(fdb-srcs) lib

vswitchd-srcs += vswitchd/control/impair_store.c
vswitchd-srcs += vswitchd/main.c vswitchd/host/rights.c vswitchd/host/state.c vswitchd/control/restore.c vswitchd/control/firstuse.c vswitchd/control/objects.c \
	vswitchd/control/kept.c vswitchd/control/statics.c \
	vswitchd/control/linebuf.c vswitchd/control/ctl.c vswitchd/control/rpc.c vswitchd/control/undo.c vswitchd/control/rpc_parse.c vswitchd/control/rpc_daemon.c \
	vswitchd/control/rpc_net.c vswitchd/control/rpc_port.c vswitchd/control/rpc_vm.c vswitchd/control/rpc_ns.c vswitchd/control/rpc_lab.c vswitchd/control/labsched.c \
	vswitchd/control/rpc_capture.c vswitchd/control/rpc_explain.c vswitchd/control/rpc_explain_parse.c vswitchd/control/events.c vswitchd/control/doctor.c vswitchd/control/capture.c vswitchd/host/pcapfilter.c vswitchd/control/capture_stream.c vswitchd/host/proc.c vswitchd/host/procend.c \
	vswitchd/host/procfs.c vswitchd/control/outbuf.c vswitchd/control/netns.c vswitchd/control/netns_run.c vswitchd/control/netns_init.c vswitchd/control/netns_files.c vswitchd/control/shortname.c vswitchd/host/argv.c vswitchd/host/program.c \
	vswitchd/guest/hv.c vswitchd/guest/hv_vmm.c vswitchd/guest/hv_qemu.c vswitchd/guest/hvctl.c vswitchd/guest/vmsock.c \
	vswitchd/guest/vm.c vswitchd/guest/vm_json.c vswitchd/guest/vm_run.c vswitchd/guest/vm_spawn.c vswitchd/guest/image.c vswitchd/guest/agent.c vswitchd/guest/agent_out.c \
	vswitchd/guest/agent_proto.c vswitchd/guest/tsc.c vswitchd/guest/console.c vswitchd/guest/console_text.c

unit-tests += linebuf rpc agent_out agent_proto state console_text tsc
test_agent_out-objs := vswitchd/guest/agent_out.c
test_tsc-objs := vswitchd/guest/tsc.c
test_console_text-objs := vswitchd/guest/console_text.c
test_linebuf-objs := vswitchd/control/linebuf.c
test_rpc-objs := vswitchd/control/rpc_parse.c vswitchd/control/outbuf.c lib
test_agent_proto-objs := vswitchd/guest/agent_proto.c
test_state-objs := vswitchd/host/state.c lib
fuzz-targets += rpc agent_proto
fuzz_rpc-objs := vswitchd/control/rpc_parse.c vswitchd/control/linebuf.c lib
fuzz_agent_proto-objs := vswitchd/guest/agent_proto.c
fuzz-targets += nd
fuzz_nd-objs := vswitchd/netsix_frame.c lib
