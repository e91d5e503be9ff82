#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Crashes: kill -9 of the daemon, of a guest's machine, of both. Guests go on, a restarted daemon
# adopts them, nothing is lost, nothing stale stays. HYPERVISOR=kvm runs it on the embedded VMM.
. "$(dirname "$0")/lib.sh"
new_host "$@"
hypervisor=${HYPERVISOR:-auto}
[ -f "$O/image/vmlinuz" ] || skip_all "the guest image is not built (make image)"
start_daemon

exec_ok() { vctl vm exec "$@" >/dev/null; }
vm_field() { jctl vm show "$1" | json "$2"; }
vm_state() { vm_field "$1" "d['state']"; }
is_state() { [ "$(vm_state "$1")" = "$2" ]; }
address() { vm_field "$1" "d['nics'][0]['address'] or ''"; }
has_address() { [ -n "$(address "$1")" ]; }

check "a host-only network" vctl net add lab mode=host-only subnet=10.0.7.0/24
check "a LAN segment" vctl net add wire mode=lan-segment
check "guest a" vctl vm run a net=lab net=wire memory=192MiB hypervisor=$hypervisor
check "guest b" vctl vm run b net=lab memory=192MiB hypervisor=$hypervisor
plug wire ns1 10.0.8.1/24
for g in a b; do
	check "$g boots" wait_for 120 is_state $g running
	check "$g gets a lease" wait_for 60 has_address $g
done
check "a is numbered on the segment" exec_ok a -- ip addr add 10.0.8.2/24 dev eth1
check "the host reaches a" ping -c 1 -W 3 "$(address a)"

# ---- kill -9 of the daemon ---------------------------------------------------------------------
nets=$(jctl net list | json "sorted((n['name'], n['mode'], n['subnet']) for n in d)")
leases=$(jctl dhcp list lab | json "sorted((l['address'], l['mac']) for l in d['leases'])")
pid_a=$(vm_field a "d['pid']")
address_a=$(address a)
kill_daemon
check_not "no daemon answers" vctl status
check "guest a goes on" test -d "/proc/$pid_a"
begin=${EPOCHREALTIME/[.,]/}
start_daemon
check "traffic of a guest flows again" wait_for 5 ping_ok ns1 10.0.8.2
took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
note "restart to first answered ping: $took ms"
equal "it is the same machine" "$pid_a" "$(vm_field a "d['pid']")"
check "it is running" wait_for 10 is_state a running
equal "networks are as before" "$nets" \
	"$(jctl net list | json "sorted((n['name'], n['mode'], n['subnet']) for n in d)")"
equal "leases are as before" "$leases" \
	"$(jctl dhcp list lab | json "sorted((l['address'], l['mac']) for l in d['leases'])")"
check "the host reaches a at the same address" wait_for 5 ping -c 1 -W 1 "$address_a"
check "vm exec works again" wait_for 10 exec_ok a -- true

# ---- kill -9 of a guest's machine --------------------------------------------------------------
tap_b=$(vm_field b "d['nics'][0]['tap']")
check "b has a tap" ip link show "$tap_b"
kill -KILL "$(vm_field b "d['pid']")"
check "b is named as failed" wait_for 5 is_state b failed
check "with a reason" vm_field b "d['reason'] or 1/0"
check_not "its tap is gone" ip link show "$tap_b"
check_not "its port is gone" vctl port show b.eth0
check "a is unharmed" ping -c 1 -W 3 "$address_a"
check "b is cleared away" vctl vm kill b
check_not "and no longer listed" vctl vm show b

# ---- kill -9 of both ---------------------------------------------------------------------------
pid_a=$(vm_field a "d['pid']")
kill_daemon
kill -KILL "$pid_a"
wait_for 5 gone "$pid_a"
start_daemon
check "a is named as ended" is_state a failed
check_not "no tap of it is there" sh -c "ip -br link | grep '^vs-a-'"
check_not "no port of it is there" vctl port show a.eth0
check "a guest of the same name starts" vctl vm run a net=lab memory=192MiB hypervisor=$hypervisor
check "and boots" wait_for 120 is_state a running
check "and stops cleanly" vctl vm stop a

# ---- stop --------------------------------------------------------------------------------------
check "the daemon stops cleanly" stop_daemon
equal "no interface is left" "lo" "$(ip -o link | awk -F': ' '{ print $2 }')"
equal "no nft table is left" "" "$(nft list tables)"
check_not "no machine is left" pgrep 'vnet-vmm|qemu-system'
finish
