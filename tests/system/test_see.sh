#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What people see of frames, with the tools that they see it with: captures that tshark reads, live
# too; readers that behave badly; rates and top.  (Traces, explanations, mirrors: test_trace.sh.)
. "$(dirname "$0")/lib.sh"
new_host "$@"
need tshark capinfos tcpdump python3
start_daemon

vctl net add n1 mode=lan-segment >/dev/null
vctl net add n2 mode=lan-segment >/dev/null
for h in a b c; do
	plug n1 $h
	ns $h sysctl -qw net.ipv6.conf.all.disable_ipv6=1
done
ns a ip addr add 10.9.0.1/24 dev eth0
ns b ip addr add 10.9.0.2/24 dev eth0
plug n2 e 10.9.2.1/24
plug n2 f 10.9.2.2/24
A=$(ns_mac a) B=$(ns_mac b)
ping1() { ping_ok a 10.9.0.2 >/dev/null; }

# record FILE WHAT [ARGS...]: capture to $DIR/FILE until recorded FILE.
record() {
	local file=$1
	shift
	"$VNETCTL" -s $SOCK capture "$@" -w $DIR/"$file" 2>$DIR/"$file".err &
	recorder=$!
	wait_for 5 grep -q "^watching" $DIR/"$file".err
}
recorded() {
	kill -INT $recorder
	wait $recorder
}
# fields FILE FIELD...: of each frame, with | between.
fields() {
	local f=$1 args=() field
	shift
	for field; do args+=(-e "$field"); done
	tshark -n -r "$DIR/$f" -T fields -E separator='|' "${args[@]}" 2>/dev/null
}
# raw NS HEX: a frame out by its eth0.
raw() {
	ns "$1" /usr/bin/python3 -c "import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('eth0', 0))
s.send(bytes.fromhex(sys.argv[1]).ljust(60, b'\0'))" "$2"
}
# seen FILE N FILTER...: has N frames that match reached the file?
seen() {
	local f=$1 n=$2
	shift 2
	[ "$(tcpdump -nr $DIR/"$f" "$@" 2>/dev/null | wc -l)" -ge "$n" ]
}

# ---- captures ----

record net.pcapng n1
ping1
plug n1 late
raw late ffffffffffff02000000009988b5
raw a "ffffffffffff${A//:/}88b5"
raw a "0180c2000003${A//:/}888e"
wait_for 5 seen net.pcapng 1 ether proto 0x888e
recorded
check "the capture ends with its count" grep -qE "^[0-9]+ packets$" $DIR/net.pcapng.err
info=$(capinfos $DIR/net.pcapng)
check "capinfos knows the format" grep -q "File type: .*pcapng" <<<"$info"
check "an interface for each port" grep -q "Number of interfaces in file: 4" <<<"$info"
check "with its name" grep -q "Name = a.eth0" <<<"$info"
check "and what it is" grep -q "Description = network n1, namespace a, interface eth0" <<<"$info"
check "nanoseconds" grep -q "Time precision = nanoseconds" <<<"$info"
equal "each with its counts at the end" 4 "$(grep -c "Number of stat entries = 1" <<<"$info")"
all=$(fields net.pcapng frame.interface_name frame.packet_flags_direction frame.comment eth.type)
note "$all"
check "a broadcast was flooded" \
	grep -q "^a.eth0|0x00000001|.*flooded to 2 ports|0x0806" <<<"$all"
check "its answer was delivered" \
	grep -q "^b.eth0|0x00000001|\(learnt $B on b.eth0; \)\?delivered to a.eth0|0x0806" <<<"$all"
check "a ping went to one port" grep -q "^a.eth0|0x00000001|delivered to b.eth0|0x0800" <<<"$all"
check "to a port too that came during the capture" \
	grep -q "^a.eth0|0x00000001|flooded to 3 ports|0x88b5" <<<"$all"
check "and from it" \
	grep -q "^late.eth0|0x00000001|learnt 02:00:00:00:00:99 on late.eth0; flooded" <<<"$all"
check "what no bridge forwards says why" \
	grep -q "^a.eth0|.*|dropped: reserved-mac: sent to 01:80:c2:00:00:00-0f" <<<"$all"

record port.pcapng b.eth0 icmp
ping1
wait_for 5 seen port.pcapng 2
recorded
equal "of a port: both directions" "b.eth0|0x00000002|from a.eth0 b.eth0|0x00000001|delivered to a.eth0" \
	"$(fields port.pcapng frame.interface_name frame.packet_flags_direction frame.comment |
		paste -sd' ')"

record all.pcapng all icmp
ping1
ping_ok e 10.9.2.2 >/dev/null
wait_for 5 seen all.pcapng 4
recorded
equal "of all networks: each frame once" "a.eth0 b.eth0 e.eth0 f.eth0" \
	"$(fields all.pcapng frame.interface_name | paste -sd' ')"

# Frames that are not finished say so; and nobody waits for who reads slowly.
record load.pcapng n1 tcp
if command -v iperf3 >/dev/null; then
	check "iperf3 runs through a capture" test "$(iperf_gbit b a 10.9.0.2 1)" != 0
	recorded
	comments=$(fields load.pcapng frame.comment)
	check "a super-frame says that it is one" grep -q "offload: a super-frame" <<<"$comments"
	check "so does a checksum that is still to be computed" \
		grep -q "offload: the checksum is not computed yet" <<<"$comments"
	note "$(cat $DIR/load.pcapng.err)"
	told=$(capinfos $DIR/load.pcapng | sed -n 's/.*Number of packets = //p' | paste -sd+)
	equal "and the counts at its end are those of its frames" \
		"$(tail -n 1 $DIR/load.pcapng.err | sed 's/ .*//')" $((told))
else
	recorded
	skip "a capture under load" "no iperf3"
fi
rm -f $DIR/load.pcapng

# Live: tshark shows the first frames while the capture runs.
mkfifo $DIR/pipe
tshark -l -n -i $DIR/pipe -T fields -e frame.interface_name -e frame.comment >$DIR/live 2>/dev/null &
shark=$!
"$VNETCTL" -s $SOCK capture all -w - icmp >$DIR/pipe 2>$DIR/live.err &
recorder=$!
wait_for 5 grep -q "^watching" $DIR/live.err
ping1
check "tshark reads it live" wait_for 15 grep -q "a.eth0.*delivered to b.eth0" $DIR/live
check "and the capture still runs" kill -0 $recorder
kill -INT $recorder
check "it ends with the capture" wait_for 10 gone $shark

record old.pcap n1 -F pcap icmp
ping1
wait_for 5 seen old.pcap 2
recorded
check "the classic format" grep -q "Wireshark/tcpdump/... - .*pcap$\|File type: .*- pcap" \
	<<<"$(capinfos -t $DIR/old.pcap)"

# As text: a ping that goes on, of which the first answer is taken.
nsenter --net=/run/netns/a -- ping -q -i 0.2 10.9.0.2 >/dev/null &
pinger=$!
line=$(timeout 10 "$VNETCTL" -s $SOCK capture a.eth0 -c 1 'icmp[0] = 0' 2>/dev/null)
check "a line of text ends with what was done: $line" \
	grep -qE "a.eth0 out .*ICMP echo reply.* \[from b.eth0\]$" <<<"$line"
timeout 10 "$VNETCTL" -s $SOCK -j capture n1 -c 1 'icmp[0] = 8' >$DIR/j 2>/dev/null
equal "as JSON" "a.eth0 in delivered to b.eth0" \
	"$(json "d['port'] + ' ' + d['direction'] + ' ' + d['verdict']" <$DIR/j)"
kill $pinger

# ---- readers that behave badly ----

flood() { nsenter --net=/run/netns/a -- ping -q -f -c "$1" -s 1400 10.9.0.2 >/dev/null; }
mkdir $DIR/small
mount -t tmpfs -o size=64k tmpfs $DIR/small
nsenter --net=/run/netns/a -- ping -q -f -c 20000 -s 1400 10.9.0.2 >/dev/null &
flooder=$!
out=$(timeout 20 "$VNETCTL" -s $SOCK capture n1 -w $DIR/small/x 2>&1)
equal "a full disk ends it with 1" 1 $?
check "and is named" grep -q "can't write $DIR/small/x: No space left" <<<"$out"
timeout 20 "$VNETCTL" -s $SOCK capture n1 -w - 2>$DIR/head.err | head -c 1000 >/dev/null
equal "a pipe that is closed is no failure" 0 "${PIPESTATUS[0]}"
timeout 20 "$VNETCTL" -s $SOCK capture n1 2>/dev/null | head -n 2 >/dev/null
equal "as text neither" 0 "${PIPESTATUS[0]}"
kill $flooder 2>/dev/null

"$VNETCTL" -s $SOCK -j events capture >$DIR/ends 2>/dev/null &
watcher=$!
record killed.pcapng n1
kill -9 $recorder
wait $recorder 2>/dev/null
check "after kill -9 of the reader frames pass" ping_ok a 10.9.0.2
check "and the daemon has ended the capture" wait_for 5 grep -q '"of":"n1"' $DIR/ends
kill $watcher

record stopped.pcapng n1
kill -STOP $recorder
before=$(port_stat b.eth0 "d['drops_total']")
check "a reader that sleeps" flood 3000
equal "costs nobody a frame" "$before" "$(port_stat b.eth0 "d['drops_total']")"
kill -CONT $recorder
recorded
note "$(tail -n 1 $DIR/stopped.pcapng.err)"
check "what it missed is counted" \
	grep -qE "^[0-9]+ packets, [0-9]+ lost: the reader was too slow" $DIR/stopped.pcapng.err
check "and its file is whole" capinfos -c $DIR/stopped.pcapng
sum=$(sed -n 's/^\([0-9]*\) packets, \([0-9]*\) lost.*/\1 + \2/p' $DIR/stopped.pcapng.err)
check "seen and lost are all: $sum" test "$((sum))" -ge 6000

# ---- rates and top ----

nsenter --net=/run/netns/a -- ping -q -f -s 1400 10.9.0.2 >/dev/null &
pinger=$!
busy() { port_stat a.eth0 "d['rate']['rx_bps'] > 100000 and d['rate']['tx_fps'] > 10" | grep -q True; }
check "rates rise with traffic" wait_for 10 busy
list=$(vctl port list n1)
check "port list shows them" grep -qE "^a\.eth0 .* [0-9.]+[kMG] +[0-9.]+[kMG] +[0-9]+$" <<<"$list"
top=$(vctl top n1)
check "top shows the busiest first" grep -qE "^[ab]\.eth0 +n1 +[0-9.]+[kMG]" <<<"$(sed -n 2p <<<"$top")"
equal "into a pipe it is one table, or -n of them" 2 "$(vctl top n1 -n 2 | grep -c '^PORT')"
check "as JSON, with rates" test "$(jctl top n1 | json "max(p['rate']['rx_bps'] for p in d) > 0")" = True
kill $pinger
idle() { [ "$(port_stat a.eth0 "d['rate']['rx_bps']")" -lt 100000 ]; }
check "rates fall without" wait_for 20 idle
if command -v script >/dev/null; then
	# The terminal's settings before and after, with top in between, told to end by a key.
	cat >$DIR/on_tty <<-EOT
		stty cols 80 rows 24
		stty -g
		$VNETCTL -s $SOCK top
		echo "top \$?"
		stty -g
	EOT
	for key in q '\003'; do
		{ wait_for 5 grep -q "q quits" $DIR/screen && printf "$key"; sleep 0.5; } |
			TERM=xterm timeout 20 script -qfc "sh $DIR/on_tty" $DIR/screen >/dev/null
		tr -d '\r' <$DIR/screen >$DIR/screen.txt
		check "top on a terminal ends by $key" grep -q "^top 0" $DIR/screen.txt
		equal "and puts it back" 1 "$(grep -E '^[0-9a-f]+(:[0-9a-f]+)+$' $DIR/screen.txt |
			sort -u | wc -l)"
		rm $DIR/screen
	done
else
	skip "top on a terminal" "no script"
fi
usage_error "top of two networks" "no option here" vctl top n1 n2
refused "top of none" "no network" vctl top nix
check "the daemon ends well" stop_daemon
finish
