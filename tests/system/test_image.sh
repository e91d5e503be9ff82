#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The guest images: every tool of a course runs in a real guest, two routers of the image frr learn from
# one another, an image of one's own. HYPERVISOR says on what.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need mkfs.erofs
hypervisor=${HYPERVISOR:-uml}
[ -f "$O/image/default.erofs" ] || skip_all "the guest images are not built (make image)"
field() { jctl vm show "$1" | json "$2"; }
is_state() { [ "$(field "$1" "d['state']")" = "$2" ]; }
run() { vctl vm run "$@" hypervisor=$hypervisor; }
inside() { vctl vm exec "$1" -- "${@:2}"; }

start_daemon
vctl image list >$DIR/list
check "two images, with size and digest" eval "grep -Eq '^default +[0-9.]+ MiB +[0-9a-f]{12} ' $DIR/list &&
	grep -Eq '^frr +[0-9.]+ MiB +[0-9a-f]{12} ' $DIR/list"
equal "the digest is the file's" "$(sha256sum "$O/image/default.erofs" | cut -c 1-64)" \
	"$(jctl image show default | json "d['sha256']")"
check "its tools are named" eval "vctl image show frr | grep -qw vtysh"
refused "an image that is not there" "no image \"nosuch\"" vctl vm run x image=nosuch
echo text >$DIR/no.erofs
refused "a file that is none" "is not a guest image" vctl vm run x image=$DIR/no.erofs

check "a network" vctl net add n mode=host-only subnet=10.0.0.0/24
check "a guest of 128 MiB, a router and another" eval "run pc net=n memory=128MiB && run r1 net=n image=frr memory=128MiB &&
	run r2 net=n image=frr memory=128MiB"
for g in pc r1 r2; do check "$g boots" wait_for 60 is_state $g running; done
has_lease() { [[ $(field "$1" "d['nics'][0]['address']") == 10.0.0.* ]]; }
check "pc has a lease" wait_for 10 has_lease pc
note "booted in $(field pc "d['boot_ms']") ms; memory in use: $(inside pc "free -k | awk '/^Mem/ { print \$3 }'") KiB"

# ---- every tool, once ----
# Of what a tool prints a piece that shows that it did its work.
vctl vm exec pc timeout=120 -- 'r() { n=$1 w=$2; shift 2; if "$@" 2>&1 | grep -q -- "$w"; then echo "ok $n"; else echo "no $n"; fi; }
sh() { /bin/sh "$@"; }
mkdir -p /tmp/w; cd /tmp/w; echo page >index.html
httpd -p 8080 -h /tmp/w
printf "start 10.9.0.10\nend 10.9.0.20\ninterface d0\nlease_file /tmp/l\n" >udhcpd.conf; touch /tmp/l
ip link add d0 type dummy; ip addr add 10.9.0.1/24 dev d0; ip link set d0 up
dnsmasq --no-daemon --no-resolv --no-hosts --port=5353 --address=/web.example/10.1.2.3 >/dev/null 2>&1 &
iperf3 -s -1 -D; (echo from nc | nc -l -p 9000 -N >/dev/null 2>&1) & tcpdump -c 1 -i lo -n icmp >/tmp/dump 2>&1 &
sleep 1
r ip "state UNKNOWN" ip addr show lo
r bridge "dev d0" bridge fdb show
ip link add br0 type bridge && r brvlan "1 PVID" sh -c "ip link set br0 up; bridge vlan show dev br0"
r tc "qdisc" tc qdisc show
r ss ":8080" ss -ltn
r ethtool "driver\|Settings" sh -c "ethtool -i eth0; ethtool eth0"
r ping "1 received\|1 packets received" ping -c 1 127.0.0.1
r ping6 "1 received\|1 packets received" ping -c 1 ::1
r arping "Received 1\|1 response" arping -c 1 -I eth0 10.0.0.1
r traceroute "127.0.0.1" traceroute -n 127.0.0.1
r tcpdump "ICMP echo" sh -c "sleep 0.5; cat /tmp/dump"
r dig "10.1.2.3" dig +short -p 5353 @127.0.0.1 web.example
r host "10.1.2.3" host -p 5353 web.example 127.0.0.1
r nslookup "10.1.2.3" nslookup -port=5353 web.example 127.0.0.1
r curl "page" curl -s http://127.0.0.1:8080/
r wget "page" wget -q -O - http://127.0.0.1:8080/
r nc "from nc" sh -c "nc -w 2 127.0.0.1 9000 </dev/null"
r socat "page" sh -c "printf \"GET / HTTP/1.0\r\n\r\n\" | socat - TCP:127.0.0.1:8080"
r iperf3 "receiver" iperf3 -c 127.0.0.1 -n 100K
r iptables "MASQUERADE" sh -c "iptables -t nat -A POSTROUTING -j MASQUERADE; iptables -t nat -S"
r conntrack "flow entries\|tcp\|udp" conntrack -L
r udhcpd "Started\|started" timeout 1 udhcpd -f udhcpd.conf
r udhcpc "obtained\|lease of" udhcpc -n -q -f -i eth0 -s /bin/true
r dnsmasq "version" dnsmasq --version
r netem "loss" sh -c "tc qdisc add dev d0 root netem loss 10% && tc qdisc show dev d0"
r vlan "id 5" sh -c "ip link add link eth0 name eth0.5 type vlan id 5 && ip -d link show eth0.5"
r vxlan "vxlan" sh -c "ip link add vx0 type vxlan id 7 dstport 4789 dev eth0 && ip -d link show vx0"
r vi "BusyBox" busybox vi --help
[ "$(uname -m)" ] && case $(cat /proc/cmdline) in *ubd*) ;; *) r nft "masquerade" sh -c "nft add table t; nft add chain t c \{ type nat hook postrouting priority 0 \; \}; nft add rule t c masquerade; nft list ruleset" ;; esac
true' >$DIR/tools
while read -r verdict tool; do
	check "$tool runs" test "$verdict" = ok
done <$DIR/tools
check "all were tried" test "$(wc -l <$DIR/tools)" -ge 28

# ---- the image frr ----
conf() { # N: OSPF with its neighbour, a network of its own, and BFD
	printf 'interface eth0\n ip ospf hello-interval 1\n ip ospf dead-interval 3\n!\nrouter ospf\n'
	printf ' ospf router-id 10.255.0.%d\n network 10.0.0.0/24 area 0\n network 10.255.0.%d/32 area 0\n!\n' "$1" "$1"
	printf 'router bgp 6500%d\n bgp router-id 10.255.0.%d\n no bgp ebgp-requires-policy\n neighbor %s remote-as 6500%d\n' \
		"$1" "$1" "$2" $((3 - $1))
	printf ' neighbor %s timers connect 1\n address-family ipv4 unicast\n  network 10.99.%d.0/24\n exit-address-family\n!\n' "$2" "$1"
	printf 'ip route 10.99.%d.0/24 blackhole\n' "$1"
}
a1=$(field r1 "d['nics'][0]['address']") a2=$(field r2 "d['nics'][0]['address']")
conf 1 "$a2" >$DIR/r1.conf
conf 2 "$a1" >$DIR/r2.conf
for r in r1 r2; do
	check "$r: its configuration" vctl vm copy $DIR/$r.conf $r:/etc/frr/frr.conf
	inside $r "ip addr add 10.255.0.${r#r}/32 dev lo"
	check "$r: what that speaks of is started" inside $r frr start
done
equal "and nothing else" "zebra staticd ospfd bgpd" "$(inside r1 "frr status" | cut -d ' ' -f 1 | paste -s -d ' ')"
learnt() { inside r1 "ip route show proto $1" | grep -q "$2"; }
check "OSPF brings r1 the address of r2" wait_for 30 learnt ospf 10.255.0.2
check "BGP brings r1 the prefix of r2" wait_for 30 learnt bgp 10.99.2.0/24
check "vtysh tells" eval "inside r1 \"vtysh -c 'show ip ospf neighbor'\" | grep -q Full"
check_not "a configuration with a mistake" inside r2 "echo 'ruter ospf' >>/etc/frr/frr.conf; frr restart"
check "stop" inside r1 frr stop
check_not "nothing runs" inside r1 frr status
check "all are stopped" eval "vctl vm stop pc && vctl vm stop r1 && vctl vm stop r2"

# ---- one's own ----
mkdir -p $DIR/own/bin $DIR/own/etc $DIR/own/dev $DIR/own/proc $DIR/own/sys $DIR/own/run $DIR/own/tmp $DIR/own/root
cp "$O/image/tree/bin/busybox" $DIR/own/bin/ 2>/dev/null || cp "$(command -v busybox)" $DIR/own/bin/
ln -s busybox $DIR/own/bin/sh
echo mine >$DIR/own/etc/whose
chmod 700 $DIR/own
mkfs.erofs --all-root $DIR/own.erofs $DIR/own >/dev/null 2>&1
chmod 600 $DIR/own.erofs
check "an image of one shell, which nobody else may read" run own image=$DIR/own.erofs memory=64MiB net=n
check "boots" wait_for 60 is_state own running
equal "it is that one" mine "$(inside own 'busybox cat /etc/whose')"
check "with an address" wait_for 10 has_lease own
check "what is written there" inside own 'echo written-by-it >/etc/whose'
check "vm stop" vctl vm stop own
check "is in no file" eval "grep -q mine $DIR/own/etc/whose && ! grep -q written-by-it $DIR/own.erofs"
check "a clean end" stop_daemon
finish
