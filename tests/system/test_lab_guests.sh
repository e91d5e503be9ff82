#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The life of labs of real guests, beside namespaces: up and again, off and on, cables, time, work
# that is kept, changed files, two copies with the same addresses, hand-ins.  HYPERVISOR=qemu or kvm
# for others than what `auto` takes; CARRIER=1 adds a QEMU guest that must see its cable pulled;
# ROUNDS=N kills commands at N random moments each.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need busybox nft
[ -e "$O/image/linux.uml" ] || skip_all "the guest image is not built (make image)"
start_daemon
guests() { pgrep -cf '^/proc/self/fd/[0-9]+ mem=|qemu-system|vnet-vmm' || true; }
left >$DIR/before
cat >$DIR/real.yaml <<Y
version: 1
name: real
networks: {sw: {mode: lan-segment, probe: 10.0.0.99/24}, lan: {mode: internal, subnet: 10.1.0.0/24, dhcp: on}}
defaults: {memory: 128MiB, hypervisor: ${HYPERVISOR:-auto}}
nodes:
  h1:
    interfaces: [{network: sw, address: 10.0.0.1/24}, {network: lan}]
    files: {/srv/page/index.html: page}
    run: [busybox httpd -h /srv/page &]
  n1: {kind: namespace, interfaces: [{network: sw, address: 10.0.0.3/24}, {network: lan}]}
checks:
  - {id: wire, ping: {from: n1, to: h1}, within: 10s, given: true}
  - {id: page, http: {from: n1, url: "http://h1/", output: "from the teacher"}, within: 10s, given: true}
  - {id: lease, lease: {node: h1, nic: eth1}, given: true}
  - {id: second, title: h1 has a second address, ping: {from: n1, to: 10.0.0.77}, within: 500ms, points: 2, hint: ip addr add}
  - {id: file, file: {node: h1, path: /etc/answer, output: "^42$"}, within: 500ms, points: 1}
  - {id: out, ping: {from: h1, to: probe}, within: 5s, given: true}
  - {id: back, tcp: {from: probe, to: h1, port: 80}, within: 5s, given: true}
  - {id: nowhere, ping: {from: h1, to: 10.0.0.250}, within: 500ms, hidden: true}
  - {id: bridge, exec: {node: h1, command: ip link show br0}, within: 500ms, points: 1}
Y
echo "from the teacher" >$DIR/page
lab() { vctl lab "$@"; }
on() { vctl lab exec real "$1" -- "${@:2}"; }

check "up" lab up $DIR/real.yaml
note "$(grep -h "up (" $DIR/check.out)"
check "what is given holds" lab check real --id page
check "up again finds it whole" grep -q "up already, and whole" <<<"$(lab up $DIR/real.yaml)"
equal "all are there" "running up" "$(jctl lab status real | json "' '.join(sorted({n['node']: n['state'] for n in d['nics']}.values()))")"
started() { jctl vm show "real.$1" | json "d['pid']"; }

# ---- nodes, cables, time ----
pid=$(started h1)
check "a guest is off" lab power real h1 off
check_not "its process is gone" test -e "/proc/$pid"
check "diff says so" grep -Eq "node +h1 +missing" <<<"$(lab diff real)"
check "and on, as its file says" eval "lab power real h1 on && lab check real --id page"
check "a cable is pulled" lab link real h1.eth0 down
check_not "nothing passes" on n1 ping -c 1 -W 1 10.0.0.1
check "and plugged in" eval "lab link real h1.eth0 up && lab check real --id wire"
check "time stops" lab pause real h1
check_not "nobody answers" on n1 ping -c 1 -W 1 10.0.0.1
check "and goes on" eval "lab resume real h1 && lab check real --id wire"
kill -KILL "$(started h1)"
check "a guest dies: status says so" wait_for 5 sh -c "'$VNETCTL' -s $SOCK lab status real | grep -Eq 'h1 +vm +failed'"
check "up mends it" grep -q "h1 is failed: made again" <<<"$(lab up $DIR/real.yaml)"
check "and it is as its file says" lab check real --id page

# ---- work that is kept ----
on h1 'ip addr add 10.0.0.77/24 dev eth0; echo 42 >/etc/answer; mkdir -p "/srv/a b/c" && echo deep >"/srv/a b/c/d";
	printf "#!/bin/sh\nip link add br0 type bridge\n" >/etc/rc.local; chmod 755 /etc/rc.local; ip link add br0 type bridge;
	sysctl -qw net.ipv4.ip_forward=1; command -v iptables >/dev/null && iptables -A FORWARD -j DROP' >/dev/null
check "the work is done" lab check real
check "saved" lab save real --out $DIR/ann.vlab --student Ann
note "$(stat -c %s $DIR/ann.vlab) bytes"
check "a node is reset" lab reset real h1
lab check real >$DIR/out
equal "its work is gone" 1 $?
check "the hint is shown" grep -q "hint: ip addr add" $DIR/out
check "restored" lab restore real $DIR/ann.vlab
check "it is all there" lab check real
equal "files with their folders, forwarding" "deep 1" "$(on h1 'cat "/srv/a b/c/d" /proc/sys/net/ipv4/ip_forward' | xargs)"
check "and rules" on h1 '! command -v iptables >/dev/null || iptables-save | grep -q "A FORWARD -j DROP" || nft list ruleset | grep -q drop'

# ---- a guest whose every command says that all is well ----
cp $DIR/ann.vlab $DIR/honest.vlab
on h1 'printf "#!/bin/sh\nexit 0\n" >/root/yes; chmod 755 /root/yes; iptables -I INPUT -p tcp --dport 80 -j DROP;
	mount -o bind /root/yes /bin/ping; mount -o bind /root/yes /usr/bin/curl; mount -o bind /root/yes "$(command -v busybox)"' >/dev/null 2>&1
check "its agent says that it pings" on h1 'b=$(command -v busybox); $b ping -c 1 10.0.0.250'
lab check real --id nowhere --hidden >$DIR/out
equal "which does not pass" 1 $?
check "since the switch saw nothing" grep -q "the node says that 10.0.0.250 answers, but the switch saw no answer" $DIR/out
check_not "nor does a server that is not there, asked by the probe" lab check real --id back
check "a guest anew" lab reset real h1
check "which does what it says" eval "lab restore real $DIR/honest.vlab && lab check real"

# ---- a changed file; the same addresses twice ----
sed 's/^  n1:/  n2: {kind: namespace, interfaces: [{network: sw, address: 10.0.0.4\/24}]}\n  n1:/' $DIR/real.yaml >$DIR/changed.yaml
lab diff real $DIR/changed.yaml >$DIR/out
check "diff names the new node" grep -Eq "node +n2 +added" $DIR/out
pid=$(started h1)
check "apply" lab apply real $DIR/changed.yaml
equal "what did not change, runs on" "$pid" "$(started h1)"
check "the new node reaches the guest" on n2 ping -c 1 -W 2 10.0.0.77
check "a copy, with the same addresses" lab up $DIR/real.yaml --name copy
check "is a lab of its own" eval "lab check copy --id page && ! lab check copy --id second"
check "as the first one still is" lab check real
check "both are told" eval "lab list | grep -q '^copy' && lab list | grep -q '^real'"
check "the copy is down" lab down copy
check "the first one works on" lab check real --id page
check "down" lab down real
check "nothing is left" nothing_left

# ---- hand-ins ----
cp $DIR/ann.vlab $DIR/bob.vlab
n=${HANDINS:-2}
others=()
for i in $(seq 2 "$n"); do cp $DIR/ann.vlab $DIR/hand$i.vlab && others+=("$DIR/hand$i.vlab"); done
check "$n hand-ins of guests" lab grade --lab $DIR/real.yaml $DIR/ann.vlab "${others[@]}" --out $DIR/marks.csv
note "$(head -n 1 $DIR/check.out)"
equal "all points" "$n" "$(grep -c '"Ann",.*,4,4,8,1,' $DIR/marks.csv)"
if [ -n "${HANDINS:-}" ]; then
	lab grade --lab $DIR/real.yaml $DIR/ann.vlab "${others[@]}" --out $DIR/again.csv >/dev/null
	check "the same marks twice" cmp $DIR/marks.csv $DIR/again.csv
fi
check "nothing is left of grading" nothing_left

if [ -n "${CARRIER:-}" ]; then
	sed 's/^defaults:.*/defaults: {memory: 192MiB, hypervisor: qemu}/' $DIR/real.yaml >$DIR/qemu.yaml
	check "the same as QEMU" lab up $DIR/qemu.yaml
	lab link real h1.eth0 down
	check "its guest sees that its cable was pulled" wait_for 5 on h1 'test "$(cat /sys/class/net/eth0/carrier)" = 0'
	lab link real h1.eth0 up
	check "and is back" wait_for 5 on h1 'test "$(cat /sys/class/net/eth0/carrier)" = 1'
	check "its work is kept in the same way" eval "lab restore real $DIR/ann.vlab && lab check real"
	check "down" lab down real
fi

# ---- killed at random moments ----
killed() { # COMMAND...: started, and killed after a random part of the time that it may take
	"$VNETCTL" -s $SOCK lab "$@" >$DIR/out 2>&1 &
	local victim=$!
	sleep "$(python3 -c "import random; print(random.random() * ${PART:-3})")"
	case $((RANDOM % 3)) in
	0) kill -KILL $victim ;;
	1) kill_daemon ;;
	2) pkill -KILL -P "$DAEMON_PID" -n || kill -KILL $victim ;;
	esac
	wait $victim 2>/dev/null
	[ -n "$DAEMON_PID" ] && kill -0 "$DAEMON_PID" 2>/dev/null || start_daemon
	wait_for 5 sh -c "! '$VNETCTL' -s $SOCK -j lab list | grep -q '\"busy\": true'"
}
for i in $(seq "${ROUNDS:-1}"); do
	PART=4 killed up $DIR/real.yaml
	check "round $i: up after a kill in up" lab up $DIR/real.yaml
	check "it works" lab check real --id page
	PART=1 killed save real --out $DIR/half.vlab
	check "up mends what was killed in save" lab up $DIR/real.yaml
	check "the next save works" lab save real --out $DIR/half.vlab
	PART=1 killed down real
	check "down after a kill in down" lab down real
	check "nothing is left" nothing_left
	[ -n "${ROUNDS:-}" ] || break
	PART=8 killed grade --lab $DIR/real.yaml $DIR/ann.vlab
	sleep 0.5
	check "the next grading works" lab grade --lab $DIR/real.yaml $DIR/ann.vlab
	check "and nothing is left" nothing_left
done
check "the daemon stops cleanly" stop_daemon
finish
