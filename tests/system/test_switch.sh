#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# test_switch.sh - settings of ports and networks, a hub and a switch, limits of storms, the table
# of addresses, the MTU: what a student sees, with real tools, and over a kill -9.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ip ping tcpdump

settings() { jctl "$1" show "$2" | json "' '.join('%s=%s' % kv for kv in d['settings'].items())"; }

start_daemon
vctl net add lan mode=lan-segment
check "three stations are plugged in" eval \
	'plug lan a 10.9.0.1/24 && plug lan b 10.9.0.2/24 && plug lan c 10.9.0.3/24'

# ---- a hub, a switch -------------------------------------------------------------------------

heard() { [ "$(sniffed $DIR/c.pcap icmp)" -ge "$1" ]; }
# overheard TEXT WANTED: how many of the pings of a to b does c see?
overheard() {
	# After a restart of the daemon their links settle first.
	ping_ok a 10.9.0.2 >/dev/null
	ping_ok c 10.9.0.1 >/dev/null
	sniff c eth0 $DIR/c.pcap icmp and greater 140
	ns a ping -n -q -c 3 -i 0.05 -s 100 10.9.0.2 >/dev/null
	wait_for 3 heard "$2"
	sniff_end
	equal "$1" "$2" "$(sniffed $DIR/c.pcap icmp)"
}
overheard "on a switch a third station sees none of two others' pings" 0
check "the switch becomes a hub" vctl net set lan hub=on
overheard "on a hub it sees all of them, both ways" 6
equal "a hub learns nothing" "0" "$(jctl mac list lan | json 'len(d)')"
check "net show says that it is a hub" eval 'vctl net show lan | grep -q "hub  .*3 ports"'
check "after kill -9" eval 'kill_daemon; start_daemon'
equal "it is a hub still" "hub=on" "$(settings net lan)"
overheard "and repeats all of them" 6
vctl net set lan hub=off
given() { jctl net show lan | json "sorted(d['settings'].items())"; }
plain=$(given)
check "settings are changed" vctl net set lan hub=on ageing=60s stp=on
check "and given back their defaults" vctl net set lan hub=default ageing=default stp=default
equal "all of them" "$plain" "$(given)"
overheard "a switch again" 0
equal "a setting at its default is not listed" "" "$(settings net lan)"

# ---- what is refused -------------------------------------------------------------------------

refused "a bad value is named with what is accepted" 'hub=maybe: wants on or off' \
	vctl net set lan hub=maybe
usage_error "an unknown setting has its nearest" "did you mean 'hub='" vctl net set lan hug=on
usage_error "and of a port" "did you mean 'mirror='" vctl port set a.eth0 miror=b.eth0
refused "a network that is not there" 'no network' vctl net set nolan hub=on
check_not "a network with a bad setting is not made" vctl net add bad mode=internal hub=perhaps
check_not "and is not there" vctl net show bad

# ---- the table -------------------------------------------------------------------------------

mac_c=$(ns_mac c)
row() { jctl mac list lan | json "' '.join('%s:%s' % (m['port'], m['kind']) for m in d if m['mac'] == '$1')"; }
drops() { port_stat "$1" "d['drops'].get('$2', 0)"; }
ping_ok c 10.9.0.1 >/dev/null
equal "an address is learnt" "c.eth0:learnt" "$(row "$mac_c")"
check "one port's are flushed" vctl mac flush lan port=c.eth0
equal "and gone" "" "$(row "$mac_c")"
check "an address is tied to a port" vctl mac add lan 52:54:00:aa:bb:cc b.eth0
check "the list is sorted" eval "vctl mac list lan | awk 'NR > 1 {print \$1}' | sort -c"
refused "a group is nobody's address" 'not the address of a station' \
	vctl mac add lan 01:00:5e:00:00:01 b.eth0
check "settings of a port, all at once" vctl port set a.eth0 storm-broadcast=50 macs=3
check "and of the network" vctl net set lan mtu=9000 ageing=60s macs=1000
check "after kill -9" eval 'kill_daemon; start_daemon'
equal "the static address is back" "b.eth0:static" "$(row 52:54:00:aa:bb:cc)"
equal "the port's settings are back" "macs=3 storm-broadcast=50" "$(settings port a.eth0)"
equal "the network's are back" "ageing=60s macs=1000 mtu=9000" "$(settings net lan)"
check "an address is untied" vctl mac del lan 52:54:00:aa:bb:cc
refused "once" 'no static address' vctl mac del lan 52:54:00:aa:bb:cc

# ---- the MTU ---------------------------------------------------------------------------------

has_mtu() { ns a ip link show eth0 | grep -q "mtu $1"; }
check "interfaces have the network's MTU" has_mtu 9000
check "a jumbo frame passes whole" ping_ok a 10.9.0.2 -M "do" -s 8972
vctl net set lan mtu=1500
check "they are back at 1500" has_mtu 1500
check "and a full frame passes" ping_ok a 10.9.0.2 -M "do" -s 1472
ns a ip link set eth0 mtu 9000
check_not "a longer one does not" ping_ok a 10.9.0.2 -M "do" -s 8000
check "its drop has a reason" test "$(drops a.eth0 too-big)" -ge 1
ns a ip link set eth0 mtu 1500

# ---- storms ----------------------------------------------------------------------------------

cat >$DIR/storm.py <<-'EOF'
	import socket, sys
	s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
	s.bind((sys.argv[1], 0))
	src = s.getsockname()[4]
	for i in range(int(sys.argv[2])):
	    s.send(b'\xff' * 6 + src + b'\x88\xb5' + bytes(50))
EOF
watch $DIR/events events
sniff b eth0 $DIR/storm.pcap ether proto 0x88b5
check "2000 broadcasts in a moment" ns a /usr/bin/python3 $DIR/storm.py eth0 2000
check "are told as a storm" wait_for 3 grep -q storm.started $DIR/events
sniff_end
n=$(sniffed $DIR/storm.pcap)
check "few of them get through ($n)" test "$n" -gt 0 -a "$n" -lt 1000
check "and are dropped for that reason" test "$(drops a.eth0 storm)" -ge 200
check "the storm's end is told too" wait_for 6 grep -q storm.ended $DIR/events
watch_end
check "the port still works" ping_ok a 10.9.0.2
vctl port set a.eth0 macs=off storm-broadcast=off
equal "what is at its default is not listed" "" "$(settings port a.eth0)"

# ---- a flood of addresses --------------------------------------------------------------------

# MAC_FLOOD=1000000 is the whole flood; most of the time goes into sending it.
flood=${MAC_FLOOD:-100000}
rss() { awk '/^VmRSS/ { print $2 }' /proc/$DAEMON_PID/status; }
known() { jctl mac list lan | json "len([m for m in d if m['port'] == '$1' and m['mac'] == '$2'])"; }
vctl net set lan macs=8192 ageing=300s
ping_ok b 10.9.0.1 >/dev/null
ping_ok c 10.9.0.1 >/dev/null
# So that they leave in thousands, however busy the machine is.
ns a ip link set eth0 txqueuelen 10000
# Once full, the table takes no more memory.
"$VNETCTL" -s $SOCK events >$DIR/flood 2>&1 &
events=$!
ns a /usr/bin/python3 "$TOP/tests/system/macs.py" eth0 20000 02:ab/20000 "$(ns_mac b)" >/dev/null
rss_0=$(rss)
check "a flood of $flood addresses from one port" ns a /usr/bin/python3 \
	"$TOP/tests/system/macs.py" eth0 "$flood" "02:aa/$flood" "$(ns_mac b)"
note "taken, seconds: $(cat $DIR/check.out)"
check "is named" wait_for 3 grep -q 'mac.flood.*a.eth0' $DIR/flood
kill $events
equal "b's address is known still" 1 "$(known b.eth0 "$(ns_mac b)")"
equal "and c's" 1 "$(known c.eth0 "$mac_c")"
check "the table has no more than it may have" test "$(jctl mac list lan | json 'len(d)')" -le 8192
grew_at_most 4096 $rss_0 "$(rss)"
check "c reaches b" ping_ok c 10.9.0.2
check "one port's are flushed" vctl mac flush lan port=a.eth0
vctl net set lan macs=1000 ageing=60s

# ---- a full disk -----------------------------------------------------------------------------

# The state directory's file system has no room: what can't be kept is not done.
check "without room for its record" eval 'stop_daemon; mkdir -p $DIR/small;
	mount -t tmpfs -o size=1m tmpfs $DIR/small; cp -a $STATE/. $DIR/small/;
	STATE=$DIR/small start_daemon; dd if=/dev/zero of=$DIR/small/fill bs=4k 2>/dev/null; true'
refused "a setting of a port is refused" 'not recorded.*full' vctl port set b.eth0 macs=9
equal "and is what it was" "" "$(settings port b.eth0)"
refused "one of the network too" 'not recorded.*full' vctl net set lan hub=on
equal "and that is what it was" "ageing=60s macs=1000" "$(settings net lan)"
rm $DIR/small/fill
check "with room it is set" vctl port set b.eth0 macs=9
vctl port set b.eth0 macs=off
check "the daemon goes back" eval 'stop_daemon; cp -a $DIR/small/. $STATE/; start_daemon'

# ---- forgotten with the port -----------------------------------------------------------------

vctl port set c.eth0 storm-unknown=7
vctl mac add lan 52:54:00:aa:bb:dd c.eth0
check "a port is deleted" vctl port del c.eth0
check "one of its name is made" vctl port add lan c.eth0 netns=c ifname=eth9
equal "it has none of the old settings" "" "$(settings port c.eth0)"
equal "and no static address" "" "$(row 52:54:00:aa:bb:dd)"
check "the daemon ends cleanly" stop_daemon

finish
