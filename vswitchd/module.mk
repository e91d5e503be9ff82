# SPDX-License-Identifier: GPL-2.0-or-later
vswitchd-srcs += vswitchd/netlink.c vswitchd/netlink_route.c vswitchd/netlink_ns.c vswitchd/netlink_tap.c
vswitchd-srcs += vswitchd/port_tap.c vswitchd/port_tap_io.c vswitchd/uring.c \
	vswitchd/port_packet.c vswitchd/port_nic.c vswitchd/nic_filter.c \
	vswitchd/nichost.c vswitchd/reaper.c
vswitchd-srcs += vswitchd/hostrules.c vswitchd/hostleg.c vswitchd/addrplan.c vswitchd/addrplan6.c vswitchd/modeconf.c
vswitchd-srcs += vswitchd/netdhcp.c vswitchd/netdhcp_frame.c vswitchd/netdhcp_json.c
vswitchd-core-srcs += vswitchd/fdb.c vswitchd/net.c vswitchd/net_conf.c vswitchd/port.c vswitchd/runner.c \
	vswitchd/mode.c vswitchd/port_dummy.c vswitchd/port_local.c \
	vswitchd/walk.c vswitchd/walk_tell.c vswitchd/watch.c vswitchd/rates.c vswitchd/explain.c vswitchd/trace.c vswitchd/settings.c vswitchd/vlan.c vswitchd/stp.c \
	vswitchd/guard.c vswitchd/storm.c vswitchd/snoop.c vswitchd/impair.c vswitchd/mirror.c
vswitchd-core-srcs += vswitchd/switch_settings.c vswitchd/learn.c
vswitchd-core-srcs += vswitchd/guard_own.c vswitchd/guard_set.c
vswitchd-core-srcs += vswitchd/impair_conf.c vswitchd/impair_json.c
rstp-srcs := vswitchd/rstp.c vswitchd/rstp_bpdu.c vswitchd/rstp_info.c vswitchd/rstp_machines.c \
	vswitchd/rstp_roles.c
vswitchd-core-srcs += $(rstp-srcs) vswitchd/stp_loop.c vswitchd/stp_show.c
vswitchd-core-srcs += vswitchd/snoop_parse.c vswitchd/snoop_table.c vswitchd/snoop_show.c
vswitchd-core-srcs += vswitchd/vlan_ids.c vswitchd/vlan_set.c vswitchd/vlan_segment.c vswitchd/port_patch.c
vswitchd-srcs += $(vswitchd-core-srcs) vswitchd/mode_array.c vswitchd/port_carriers.c

unit-tests += rstp
test_rstp-objs := $(rstp-srcs)

unit-tests += addrplan
test_addrplan-objs := vswitchd/addrplan.c lib

unit-tests += fdb uring
test_uring-objs := vswitchd/uring.c lib
unit-tests += vlan_ids
test_vlan_ids-objs := vswitchd/vlan_ids.c lib
test_fdb-objs := vswitchd/fdb.c lib

vswitchd-srcs += vswitchd/impair_store.c
vswitchd-srcs += vswitchd/main.c vswitchd/rights.c vswitchd/state.c vswitchd/restore.c vswitchd/firstuse.c vswitchd/objects.c \
	vswitchd/kept.c vswitchd/statics.c \
	vswitchd/linebuf.c vswitchd/ctl.c vswitchd/rpc.c vswitchd/rpc_parse.c vswitchd/rpc_daemon.c \
	vswitchd/rpc_net.c vswitchd/rpc_port.c vswitchd/rpc_vm.c vswitchd/rpc_ns.c vswitchd/rpc_lab.c \
	vswitchd/rpc_capture.c vswitchd/rpc_explain.c vswitchd/events.c vswitchd/doctor.c vswitchd/capture.c vswitchd/pcapfilter.c vswitchd/capture_stream.c vswitchd/proc.c \
	vswitchd/procfs.c vswitchd/outbuf.c vswitchd/netns.c vswitchd/netns_run.c vswitchd/argv.c \
	vswitchd/hv.c vswitchd/hv_vmm.c vswitchd/hv_qemu.c vswitchd/hvctl.c vswitchd/vmsock.c \
	vswitchd/vm.c vswitchd/vm_json.c vswitchd/vm_run.c vswitchd/vm_spawn.c vswitchd/agent.c \
	vswitchd/agent_proto.c vswitchd/console.c

unit-tests += linebuf rpc agent_proto state
test_linebuf-objs := vswitchd/linebuf.c
test_rpc-objs := vswitchd/rpc_parse.c vswitchd/outbuf.c lib
test_agent_proto-objs := vswitchd/agent_proto.c
test_state-objs := vswitchd/state.c lib
fuzz-targets += rpc agent_proto
fuzz_rpc-objs := vswitchd/rpc_parse.c vswitchd/linebuf.c lib
fuzz_agent_proto-objs := vswitchd/agent_proto.c
