#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Names: a real resolver outside (dnsmasq in a namespace), dig and the C library inside.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need dnsmasq dig busybox python3 tcpdump socat

# resolver NS ADDRESS ARGS...: dnsmasq there; its questions are in $DIR/NS-ADDRESS.log.
resolver() {
	local n=$1 a=$2
	shift 2
	nsenter --net=/run/netns/"$n" -- dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --bind-interfaces \
		--listen-address="$a" --log-queries --pid-file= --local-ttl=30 --auth-ttl=30 \
		--local=/example.com/ "$@" >>"$DIR/$n-$a.log" 2>&1 &
	resolver_pid=$!
	wait_for 5 ns "$n" dig +time=1 +tries=1 +short @"$a" up.example.com
}
asked() { grep -ci "query.* $2 from" "$DIR/$1.log"; }
# ask NS ARGS...: dig, at the gateway of its network unless @ says otherwise.
ask() { local n=$1; shift; ns "$n" dig +time=3 +tries=2 "$@"; }
short() { ask "$@" +short 2>&1 | tr '\n' ' ' | sed 's/ $//'; }
status() { ask "$@" | sed -n 's/.*status: \([A-Z]*\),.*/\1/p'; }

add_outside
ns outside ip addr add 198.51.100.8/24 dev eth0
strings=$(for i in $(seq 12); do printf ',%0250d' "$i"; done)
records=(--address=/up.example.com/203.0.113.1 --address=/www.example.com/203.0.113.7
	"--host-record=six.example.com,2001:db8::7" "--txt-record=big.example.com$strings"
	"--dns-rr=odd.example.com,65400,0a0b0c")
resolver outside 198.51.100.9 "${records[@]}"
first=$resolver_pid
resolver outside 198.51.100.8 --address=/up.example.com/203.0.113.2 \
	--address=/www.example.com/203.0.113.8
# The host's file, ours to change.
echo "nameserver 198.51.100.9" >$DIR/resolv.conf
mount --bind $DIR/resolv.conf /etc/resolv.conf
start_daemon

# ---- names of the network --------------------------------------------------------------------

check "a NAT network has a name server" vctl net add lan mode=nat subnet=10.0.2.0/24
plug lan web
plug lan db
out=$(dhcp_get web)
dhcp_get db eth0 -x hostname:oracle >/dev/null
equal "the lease names the gateway as name server" 10.0.2.2 "$(sed -n 's/^dns=//p' <<<"$out")"
equal "and the domain that completes names" lan.vnet "$(sed -n 's/^domain=//p' <<<"$out")"
equal "a guest finds another by name" 10.0.2.129 "$(short web @10.0.2.2 db.lan.vnet)"
equal "by the name alone too" 10.0.2.129 "$(short web @10.0.2.2 db)"
equal "and by what it called itself to DHCP" 10.0.2.129 "$(short web @10.0.2.2 oracle.lan.vnet)"
equal "the gateway has a name" 10.0.2.2 "$(short web @10.0.2.2 gateway.lan.vnet)"
equal "an address has the guest's name" web.lan.vnet. "$(short web @10.0.2.2 -x 10.0.2.128)"
equal "by TCP" 10.0.2.129 "$(short web @10.0.2.2 +tcp db.lan.vnet)"
equal "at the station as well" 10.0.2.129 "$(short web @10.0.2.254 db.lan.vnet)"
six=$(jctl dns list lan | json "[n['value'] for n in d['names'] if n['name']=='dns' and n['type']=='AAAA'][0]")
check "a guest has an IPv6 address" wait_for 5 sh -c \
	"nsenter --net=/run/netns/web ip -6 addr show dev eth0 scope global -tentative | grep -q inet6"
equal "over IPv6" 10.0.2.129 "$(short web @"$six" db.lan.vnet)"
equal "over IPv6 by TCP" 10.0.2.129 "$(short web @"$six" +tcp db.lan.vnet)"
found_six() { [ "$(short web @10.0.2.2 db.lan.vnet AAAA | cut -c1-4)" = "${six:0:4}" ]; }
check "a guest's IPv6 address is found by its name" wait_for 5 found_six
equal "a name that nobody has" NXDOMAIN "$(status web @10.0.2.2 nobody.lan.vnet)"
equal "the host may ask too" 10.0.2.129 "$(dig +time=3 +short @10.0.2.254 db.lan.vnet)"

# A guest that takes another's name does not get it; who hears of it is told.
watch $DIR/conflict dns watch lan
plug lan thief
dhcp_get thief eth0 -x hostname:web >/dev/null
check "taking a guest's name is told" wait_for 3 grep -q "calls itself web" $DIR/conflict
watch_end
equal "and the name stays whose it is" 10.0.2.128 "$(short db @10.0.2.2 web.lan.vnet)"
check "the list says so" sh -c "'$VNETCTL' -s $SOCK dns list lan | grep -q 'not answered: a guest'"

# The lease changes: so does the name, at once.
vctl dhcp release lan 10.0.2.129
vctl dhcp reserve lan "$(ns_mac db)" 10.0.2.77
dhcp_get db eth0 -x hostname:oracle >/dev/null
equal "a name follows its lease" 10.0.2.77 "$(short web @10.0.2.2 db.lan.vnet)"
equal "the client's own name too" 10.0.2.77 "$(short web @10.0.2.2 oracle.lan.vnet)"

# ---- written records -------------------------------------------------------------------------

vctl dns add lan www A 10.0.2.9
vctl dns add lan shop CNAME www
vctl dns add lan _sip._udp SRV "0 5 5060 db"
vctl dns add lan @ MX "10 db"
vctl dns add lan note TXT '"two words" "and more"'
vctl dns add lan www.example.org. A 10.0.2.9
equal "an alias" "www.lan.vnet. 10.0.2.9" "$(short web @10.0.2.2 shop.lan.vnet)"
equal "a service" "0 5 5060 db.lan.vnet." "$(short web @10.0.2.2 _sip._udp.lan.vnet SRV)"
equal "mail" "10 db.lan.vnet." "$(short web @10.0.2.2 lan.vnet MX)"
equal "text" '"two words" "and more"' "$(short web @10.0.2.2 note.lan.vnet TXT)"
equal "a name of somebody else" 10.0.2.9 "$(short web @10.0.2.2 www.example.org)"
equal "its address has the name that was written first" www.lan.vnet. \
	"$(short web @10.0.2.2 -x 10.0.2.9)"
refused "a record twice" "already" vctl dns add lan www A 10.0.2.9
refused "an alias beside a record" "CNAME" vctl dns add lan www CNAME db
refused "an alias to somewhere else" "another name" vctl dns add lan out CNAME www.example.com.
refused "an address that is none" "IPv4 address" vctl dns add lan x A 10.0.2
refused "a type that is none" "not a type" vctl dns add lan x ANY 10.0.2.1
refused "striking out what is not there" "no such record" vctl dns del lan x
check "a record is struck out" vctl dns del lan note TXT
equal "and gone" NXDOMAIN "$(status web @10.0.2.2 note.lan.vnet TXT)"

# ---- names outside ---------------------------------------------------------------------------

equal "a name outside, by the host's resolver" 203.0.113.7 "$(short web @10.0.2.2 www.example.com)"
before=$(asked outside-198.51.100.9 www.example.com)
equal "again" 203.0.113.7 "$(short db @10.0.2.2 WWW.example.com)"
equal "from the cache" "$before" "$(asked outside-198.51.100.9 www.example.com)"
ttl=$(ask web @10.0.2.2 www.example.com +noall +answer | awk '{ print $2 }')
check "whose TTL counts down from the resolver's 30 s ($ttl)" [ "$ttl" -le 30 ] && [ "$ttl" -ge 1 ]
equal "a name that is not there" NXDOMAIN "$(status web @10.0.2.2 no.example.com)"
equal "IPv6 addresses" 2001:db8::7 "$(short web @10.0.2.2 six.example.com AAAA)"
equal "types that nobody knows" '\# 3 0A0B0C' "$(short web @10.0.2.2 odd.example.com TYPE65400)"
check "3 KB are cut by UDP" grep -q "flags: qr.* tc" <(ask web @10.0.2.2 big.example.com TXT +ignore)
equal "and whole by TCP" 12 "$(short web @10.0.2.2 big.example.com TXT | tr ' ' '\n' | grep -c '"0')"
equal "the guest's C library does that by itself" 12 \
	"$(ask web @10.0.2.2 big.example.com TXT +short | tr ' ' '\n' | grep -c '"0')"
sniff host up0 $DIR/leaks.pcap udp port 53
for name in x.local x.invalid x.onion localhost printer nobody.lan.vnet; do
	short web @10.0.2.2 $name >/dev/null
done
short web @10.0.2.2 -x 192.168.1.1 >/dev/null
short web @10.0.2.2 -x 10.9.9.9 >/dev/null
sniff_end
equal "private and special names never leave" 0 "$(sniffed $DIR/leaks.pcap)"
equal "RFC 8482: ANY is answered shortly" '"RFC8482" ""' "$(short web @10.0.2.2 www.example.com ANY +notcp)"
check "explain tells why" sh -c \
	"'$VNETCTL' -s $SOCK dns explain lan x.example.com | grep -q 'resolver 198.51.100.9 is asked'"
watch $DIR/seen dns watch lan
short web @10.0.2.2 w1.example.com >/dev/null
check "watch tells who asked what" wait_for 3 grep -q "w1.example.com A: NXDOMAIN (from 198.51.100.9" $DIR/seen
watch_end

# 1,000 questions at once, each to be asked outside.
cat >$DIR/many.py <<'PY'
import socket, struct, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
def q(i):
    name = b''.join(bytes([len(l)]) + l for l in (b'm%d' % i, b'www', b'example', b'com')) + b'\0'
    return struct.pack('>HHHHHH', i, 0x100, 1, 0, 0, 0) + name + struct.pack('>HH', 1, 1)
good = set()
# As every resolver of a guest does: who gets no answer asks again.
for wait in (2, 2, 5):
    for i in range(1000):
        if struct.pack('>H', i) not in good:
            s.sendto(q(i), (sys.argv[1], 53))
    s.settimeout(wait)
    try:
        while len(good) < 1000:
            m = s.recv(512)
            if m[3] & 15 == 0 and m[-4:] == bytes([203, 0, 113, 7]):
                good.add(m[:2])
    except socket.timeout:
        pass
print(len(good))
PY
many=$(ns web python3 $DIR/many.py 10.0.2.2)
equal "1,000 questions at once are answered" 1000 "$many"

# ---- resolvers come and go -------------------------------------------------------------------

kill $first
wait $first 2>/dev/null
start=$EPOCHSECONDS
equal "a resolver that is gone: said, not waited for" SERVFAIL "$(status web @10.0.2.2 a.up.example.com +tries=1 +time=6)"
check "within 5 s" [ $((EPOCHSECONDS - start)) -le 6 ]
resolver outside 198.51.100.9 "${records[@]}"
first=$resolver_pid
equal "back, and answering" 203.0.113.1 "$(short web @10.0.2.2 b.up.example.com)"
printf 'nameserver 198.51.100.8\n' >$DIR/resolv.conf
now_second() { [ "$(short web @10.0.2.2 www.example.com)" = 203.0.113.8 ]; }
check "the host changes its resolver: what was cached is forgotten" wait_for 2 now_second
printf 'nameserver 198.51.100.7\nnameserver 198.51.100.9\n' >$DIR/resolv.conf
now_first() { [ "$(short web @10.0.2.2 www.example.com)" = 203.0.113.7 ]; }
check "two, the first of which is nobody: the other one is asked" wait_for 5 now_first
check "resolvers of its own for a network" vctl net set lan dns=198.51.100.8
equal "are asked" 203.0.113.8 "$(short web @10.0.2.2 www.example.com)"
vctl net set lan dns=own
equal "dns=own asks nobody" REFUSED "$(status web @10.0.2.2 www.example.com)"
equal "but knows its own" 10.0.2.77 "$(short web @10.0.2.2 db.lan.vnet)"
vctl net set lan dns=off
check_not "dns=off answers nothing" ns web dig +time=1 +tries=1 @10.0.2.2 db.lan.vnet
out=$(dhcp_get web)
equal "and is named in no lease" "" "$(sed -n 's/^dns=//p' <<<"$out")"
vctl net set lan dns=host
# The host asks us: its question is our own, which must not go round for ever.
printf 'nameserver 10.0.2.254\n' >$DIR/resolv.conf
no_loop() { [ "$(status web @10.0.2.2 loop.example.com)" = SERVFAIL ]; }
check "a resolver that is ourselves is not asked" wait_for 2 no_loop
printf 'nameserver 198.51.100.9\n' >$DIR/resolv.conf
check "the host's resolver is back" wait_for 5 now_first

# ---- other networks --------------------------------------------------------------------------

# lab_net NAME SUBNET: as `lab up` makes it.
lab_net() {
	printf '{"jsonrpc": "2.0", "id": 1, "method": "net.add", "params": {"name": "%s", "mode": "internal",
		"subnet": "%s", "dhcp": "on", "lab": "course"}}' "$1" "$2" | tr -d '\n\t' |
		cat - <(echo) | socat -t 5 - "UNIX:$SOCK" | grep -q '"result"'
}
check "two networks of one lab" lab_net inner 10.0.3.0/24
lab_net other 10.0.4.0/24
plug inner i1
plug other o1
out=$(dhcp_get i1)
dhcp_get o1 >/dev/null
equal "an internal network's name server is its station" 10.0.3.254 "$(sed -n 's/^dns=//p' <<<"$out")"
equal "it knows its own names" 10.0.3.128 "$(short i1 @10.0.3.254 i1.inner.vnet)"
equal "by TCP as well, where the host has no address" 10.0.3.128 "$(short i1 +tcp @10.0.3.254 i1)"
equal "those of its lab's other networks" 10.0.4.128 "$(short i1 @10.0.3.254 o1.other.vnet)"
equal "and of no others" NXDOMAIN "$(status i1 @10.0.3.254 web.lan.vnet)"
equal "there is no way out" REFUSED "$(status i1 @10.0.3.254 www.example.com)"
vctl net set inner dns=host
equal "unless asked for" 203.0.113.7 "$(short i1 @10.0.3.254 www.example.com)"

# ---- a lab -----------------------------------------------------------------------------------

cat >$DIR/lab.yaml <<-'YAML'
	version: 1
	name: shop
	networks:
	  lan: {mode: internal, subnet: 10.0.5.0/24, dhcp: on, records: ["www A 10.0.5.9", "@ MX 10 srv"]}
	  back: {mode: internal, subnet: 10.0.6.0/24, dhcp: on}
	nodes:
	  srv: {kind: namespace, interfaces: [{network: lan, address: 10.0.5.7/24}]}
	  pc: {kind: namespace, interfaces: [{network: lan}]}
	  db: {kind: namespace, interfaces: [{network: back, address: 10.0.6.7/24}]}
YAML
check "a lab with records is valid" vctl lab validate $DIR/lab.yaml
check "and goes up" vctl lab up $DIR/lab.yaml
check "a node has its lease" wait_for 10 vctl lab exec shop pc -- "grep nameserver /etc/resolv.conf"
lab_short() { vctl lab exec shop pc -- "dig +time=3 +short @10.0.5.254 $*" | tr '\n' ' ' | sed 's/ $//'; }
equal "a node by the address in the file" 10.0.5.7 "$(lab_short srv.lan.shop.vnet)"
equal "a record of the file" 10.0.5.9 "$(lab_short www.lan.shop.vnet)"
equal "a node on another network of the lab" 10.0.6.7 "$(lab_short db.back.shop.vnet)"
check "dig and ping complete a short name by the lease's domain" \
	vctl lab exec shop pc -- "grep -q 'search lan.shop.vnet' /etc/resolv.conf && ping -c 1 -W 3 srv"
sed -i 's/www A 10.0.5.9/www/' $DIR/lab.yaml
check_not "a record with nothing in it is an error of the file" vctl lab validate $DIR/lab.yaml
check "the lab goes down" vctl lab down shop

# ---- after a crash ---------------------------------------------------------------------------

kill_daemon
start_daemon
equal "records survive a crash" 10.0.2.9 "$(short web @10.0.2.2 www.lan.vnet)"
equal "so do names of leases" 10.0.2.77 "$(short web @10.0.2.2 oracle.lan.vnet)"
equal "what was struck out stays out" NXDOMAIN "$(status web @10.0.2.2 note.lan.vnet TXT)"
equal "and what was set" 203.0.113.7 "$(short i1 @10.0.3.254 www.example.com)"
vctl net del lan
vctl net add lan mode=nat subnet=10.0.2.0/24
equal "a new network of the name has none of them" 0 \
	"$(jctl dns list lan | json "len([n for n in d['names'] if n['source'] == 'record'])")"
check "the daemon ends cleanly" stop_daemon
finish
