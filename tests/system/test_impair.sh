#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs alone: it measures round trips and rates.
# Cables with faults, as those who sit at their ends see them: ping, iperf3, tcpdump, the carrier.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need iperf3 tcpdump ping
start_daemon
check "a network with two guests" vctl net add n mode=lan-segment
plug n a 10.0.0.1/24 && plug n b 10.0.0.2/24 || fail "guests"
for n in a b; do ns $n sysctl -qw net.ipv6.conf.all.disable_ipv6=1; done
ping_ok a 10.0.0.2

impair() { vctl port impair "$@"; }
cable() { port_stat "$1" "d['impair']['$2']['$3']"; }
# rtts N [PING ARGS]: N round trips in microseconds, sorted.
rtts() {
	local n=$1
	shift
	ns a ping -n -c "$n" -i 0.004 "$@" 10.0.0.2 | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' |
		awk '{print int($1 * 1000)}' | sort -n
}
nth() { sed -n "$1p"; }
between() { local t=$1; if [ "$3" -ge "$2" ] && [ "$3" -le "$4" ]; then pass "$t ($3)"; else fail "$t: $3, wanted $2 to $4"; fi; }

# ---- words ----
usage_error "a word nobody knows" 'did you mean "delay"' impair a.eth0 dealy=20ms
usage_error "a number without its unit" 'with its unit' impair a.eth0 delay=20
refused "what makes no sense" 'reorder needs delay' impair a.eth0 reorder=5%
refused "no such port" 'no port' impair c.eth0 delay=1ms
equal "nothing has changed" None "$(port_stat a.eth0 "d['impair']")"

# ---- delay: one way each, so a ping grows by both; the machine's own wake-ups come on top ----
check "delay" impair a.eth0 delay=20ms
rtts 200 >$DIR/rtt
between "the fastest of 200 pings, us" 40000 "$(nth 1 <$DIR/rtt)" 41500
# A busy machine wakes everybody late, but never early.
between "the median, us" 40000 "$(nth 100 <$DIR/rtt)" 70000
check "jitter, on the way out only" impair a.eth0 none dir=out delay=30ms jitter=20ms
# Far enough apart that no answer waits for the one before it.
ns a ping -n -c 70 -i 0.055 -q 10.0.0.2 >$DIR/ping
read -r lo mid hi < <(sed -n 's|rtt .* = \([0-9.]*\)/\([0-9.]*\)/\([0-9.]*\)/.*|\1 \2 \3|p' $DIR/ping |
	awk '{print int($1), int($2), int($3)}')
between "the least of 30 +- 20 ms" 10 "$lo" 16
between "the mean" 24 "$mid" 60
between "the most" 42 "$hi" 300
check "none" impair a.eth0 none
equal "brings back what was" None "$(port_stat a.eth0 "d['impair']")"

# ---- rate, both ways, on the bytes of frames ----
ns b iperf3 -s -J -D --pidfile $DIR/iperf.pid >/dev/null 2>&1
wait_for 3 ns b sh -c "ss -Hltn | grep -q :5201"
# mbit ARGS...: of Ethernet frames with 1448 bytes of payload, by what was received. Over the
# seconds in the middle, so that neither the start nor the queue at the end counts.
mbit() {
	local head=$1
	shift
	ns a timeout 20 iperf3 -c 10.0.0.2 -t 4 -i 1 -J --get-server-output "$@" >$DIR/iperf.json 2>/dev/null
	json "(lambda l: int(sum(i['bytes'] for i in l) * 8 / sum(i['seconds'] for i in l) * (1448 + $head) / 1448 / 1000))([i['sum'] for i in d['server_output_json']['intervals'][1:4]])" <$DIR/iperf.json
}
check "rate" impair a.eth0 rate=10Mbit
# TCP also receives some bytes twice: what comes by the wire is counted.
rx() { ns b cat /proc/net/dev | awk -v now="$EPOCHREALTIME" '/eth0:/ {print $2, now}'; }
tcp_wire() {
	local before
	ns a timeout 20 iperf3 -c 10.0.0.2 -t 4 >/dev/null 2>&1 &
	sleep 1.2
	before=$(rx)
	sleep 2.5
	echo "$before $(rx)" | awk '{print int(($3 - $1) * 8 / ($4 - $2) / 1000)}'
	wait
}
# A sender that a busy machine keeps from sending leaves the wire idle: then once more.
thrice() {
	local n=0
	for _ in 1 2 3; do
		n=$("$@")
		[ "$n" -ge 9800 ] && [ "$n" -le 10200 ] && break
	done
	echo "$n"
}
between "UDP at twice the rate, kbit/s" 9800 "$(thrice mbit 42 -u -b 20M -l 1448)" 10200
between "TCP, kbit/s" 9800 "$(thrice tcp_wire)" 10200
between "frames found the queue full" 1 "$(port_stat a.eth0 "d['drops']['impair-queue']")" 100000

# ---- loss: real loss to TCP, super-frames cut ----
check "loss" impair a.eth0 none dir=in loss=1%
before=$(cable a.eth0 in frames)
offered() { echo $(($(cable a.eth0 in frames) - before)); }
for _ in 1 2 3 4 5 6; do
	[ "$(offered)" -ge 100000 ] && break
	ns a timeout 20 iperf3 -c 10.0.0.2 -u -b 0 -l 60 -k 60000 >/dev/null 2>&1
done
lost=$(cable a.eth0 in lost)
n=$(offered)
between "frames that were offered" 100000 "$n" 300000
# Four deviations of a binomial distribution.
bound=$(awk -v n="$n" 'BEGIN {print int(4 * sqrt(n * 0.01 * 0.99))}')
between "lost of them" $((n / 100 - bound)) "$lost" $((n / 100 + bound))
ns a timeout 20 iperf3 -c 10.0.0.2 -t 1 -J >$DIR/iperf.json
between "TCP gets through all the same, Mbit/s" 5 \
	"$(json "int(d['end']['sum_received']['bits_per_second'] / 1e6)" <$DIR/iperf.json)" 100000
between "its super-frames were cut" 1 "$(cable a.eth0 in cut)" 10000000
kill "$(cat $DIR/iperf.pid)"

# ---- what a receiver counts ----
check "duplicates" impair a.eth0 none dir=in duplicate=100%
# ping leaves at the sixth answer, perhaps before its double.
between "pings that are answered twice, of 6" 5 "$(ns a ping -n -c 6 -i 0.02 10.0.0.2 | grep -c DUP)" 6
check "corruption" impair a.eth0 none dir=in corrupt=100%
errs() { ns b nstat -az 2>/dev/null | awk '/^(UdpInCsumErrors|IpInHdrErrors|IpExtInCsumErrors|UdpInErrors|IpInAddrErrors|UdpNoPorts|IpInUnknownProtos|IpInTruncatedPkts|IpInDiscards|IpExtInTruncatedPkts|IpReasmReqds)/ {s += $2} END {print s + 0}'; }
ns b timeout 10 busybox nc -u -l -p 7000 >$DIR/got 2>/dev/null &
wait_for 3 ns b sh -c "ss -Hlun | grep -q :7000"
ip=$(ns_mac b)
ns a ip neigh replace 10.0.0.2 lladdr "$ip" dev eth0
e0=$(errs)
for _ in 1 2 3 4 5 6 7 8 9 10; do ns a bash -c 'printf %0400d 0 >/dev/udp/10.0.0.2/7000'; done
wait_for 3 eval '[ "$(errs)" -ge $((e0 + 8)) ]'
between "frames that the receiver refused, of 10" 8 $(($(errs) - e0)) 20
equal "nothing spoilt gets to a program" 0 "$(stat -c %s $DIR/got)"
check "overtaking" impair a.eth0 none dir=in delay=20ms reorder=30% seed=3
sniff b eth0 $DIR/order.pcap "icmp[icmptype] == 8"
ns a ping -n -q -c 60 -i 0.004 10.0.0.2 >/dev/null
sniff_end
late=$(tcpdump -nr $DIR/order.pcap 2>/dev/null | sed -n 's/.*seq \([0-9]*\),.*/\1/p' |
	awk '$1 < last {n++} {if ($1 > last) last = $1} END {print n + 0}')
between "pings that came late" 5 "$late" 59

# ---- the same seed, the same frames ----
pattern() {
	impair a.eth0 none dir=in loss=20% burst=3 seed="$1" >/dev/null
	ns a ping -n -c 60 -i 0.004 -W 1 10.0.0.2 | sed -n 's/.*icmp_seq=\([0-9]*\) ttl.*/\1/p' | xargs
}
first=$(pattern 42)
equal "seed 42 twice" "$first" "$(pattern 42)"
if [ "$first" = "$(pattern 43)" ]; then fail "seed 43 differs"; else pass "seed 43 differs"; fi

# ---- the carrier, by hand and by schedule ----
carrier() { ns a ip -o link show dev eth0 | grep -q NO-CARRIER && echo off || echo on; }
is() { [ "$(carrier)" = "$1" ]; }
check "no fault" impair a.eth0 none
check "port down" vctl port down a.eth0
equal "the guest sees it" off "$(carrier)"
check "port up" vctl port up a.eth0
check "and sees it again" wait_for 3 is on
check "a schedule" impair a.eth0 at=300ms down=1s at=100s loss=10% for=10s
check "pulls the cable" wait_for 3 is off
check "as the list says" sh -c "$VNETCTL -s $SOCK port list | grep -q 'a.eth0.*pulled'"
check "and puts it back" wait_for 3 is on
check "what is next is told" sh -c "$VNETCTL -s $SOCK port show a.eth0 | grep -q '^  next  *in 9[0-9].*loss=10% for=10s'"

# ---- a crash ----
check "faults" impair a.eth0 delay=10ms dir=in loss=3% seed=5
words=$(port_stat a.eth0 "d['impair']['words']")
kill_daemon
start_daemon
equal "are there again after kill -9" "$words" "$(port_stat a.eth0 "d['impair']['words']")"
check "and the schedule goes on" sh -c "$VNETCTL -s $SOCK port show a.eth0 | grep -q '^  next  *in [89][0-9]'"
check "list shows it" sh -c "$VNETCTL -s $SOCK port list | grep -q 'a.eth0.*up, impaired'"
impair a.eth0 none >/dev/null
check "a port that is deleted takes its cable along" eval 'impair b.eth0 delay=5ms && vctl port del b.eth0 && plug n b'
kill_daemon
start_daemon
equal "none is still none" "None None" "$(port_stat a.eth0 "d['impair']") $(port_stat b.eth0 "d['impair']")"

# ---- nothing to do, nothing done ----
check "a cable that holds nothing" impair a.eth0 preset=satellite
switches() { awk '/^voluntary/ {print $2}' /proc/$DAEMON_PID/status; }
sleep 0.5
s0=$(switches)
sleep 2
between "wakes nobody: turns of the loop in 2 s" 0 $(($(switches) - s0)) 6

# ---- in a topology file ----
cat >$DIR/lab.yaml <<'END'
version: 1
name: line
networks: {wire: {mode: lan-segment}}
nodes:
  left: {kind: namespace, interfaces: [{network: wire, address: 10.9.0.1/24,
    link: {delay: 20ms, in: {loss: 1%}, schedule: [{at: 60s, down: 5s}]}}]}
  right: {kind: namespace, interfaces: [{network: wire, address: 10.9.0.2/24}]}
checks:
  - {id: slow, title: "20 ms each way", exec: {node: left, command: "ping -c 3 -i 0.1 10.9.0.2 | grep -q 'min.* = 4[0-9]'"}, within: 5s}
END
check "lab up" vctl lab up $DIR/lab.yaml
equal "the link is as the file says" "dir=in delay=20ms loss=1% dir=out delay=20ms at=60s down=5s" \
	"$(port_stat left.eth0 "d['impair']['words']")"
check "lab check" vctl lab check line
check "lab down" vctl lab down line
check "a clean end" stop_daemon
finish
