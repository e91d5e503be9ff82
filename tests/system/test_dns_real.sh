#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Names from real servers: a zone signed with real keys behind a validating resolver (BIND's named),
# the host's stub resolver (systemd-resolved's, or dnsmasq in its place), a VPN that changes the
# host's resolver under questions that are under way, and a real guest that asks by its own tools.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need named dnssec-keygen dnssec-signzone dig delv dnsmasq python3

ask() { local n=$1; shift; ns "$n" dig +time=4 +tries=1 @10.0.2.2 "$@"; }
short() { ask "$@" +short 2>&1 | tr '\n' ' ' | sed 's/ $//'; }
flags() { ask "$@" | sed -n 's/^;; flags: \([a-z ]*\);.*/\1/p'; }
status() { ask "$@" | sed -n 's/.*status: \([A-Z]*\),.*/\1/p'; }
records() { ask "$@" +noall +answer | awk -v t="$type" '$4 == t' | wc -l; }

add_outside
for i in 10 20 30; do ns outside ip addr add 198.51.100.$i/24 dev eth0; done

# ---- a signed zone, its server, and a resolver that validates -----------------------------------

mkdir -p $DIR/auth $DIR/rec
cd $DIR/auth || exit 1
big=$(for i in $(seq 10); do printf ' "%0200d"' "$i"; done)
cat >example.com <<ZONE
\$TTL 60
@ SOA ns. admin. 1 3600 600 86400 60
@ NS ns.example.com.
ns A 198.51.100.10
www A 203.0.113.7
www AAAA 2001:db8::7
big TXT$big
bad A 203.0.113.8
ZONE
dnssec-keygen -a RSASHA256 -b 2048 -f KSK example.com >>log 2>&1
dnssec-keygen -a RSASHA256 -b 2048 example.com >>log 2>&1
cat Kexample.com.*.key >>example.com
dnssec-signzone -A -3 - -o example.com -x example.com >>log 2>&1
# What somebody changed on the way: its signature is of another address.
sed -i 's/203\.0\.113\.8/203.0.113.99/' example.com.signed
key=$(sed -n 's/.*DNSKEY 257 3 8 //p' Kexample.com.*.key | head -n 1)
cd - >/dev/null || exit 1
cat >$DIR/auth/conf <<CONF
options { directory "$DIR/auth"; listen-on { 198.51.100.10; }; listen-on-v6 { none; }; recursion no;
	pid-file none; session-keyfile none; };
controls { };
zone "example.com" { type primary; file "example.com.signed"; };
CONF
cat >$DIR/rec/conf <<CONF
options { directory "$DIR/rec"; listen-on { 198.51.100.20; }; listen-on-v6 { none; }; recursion yes;
	allow-query { any; }; pid-file none; session-keyfile none; dnssec-validation yes; };
controls { };
trust-anchors { "example.com" static-key 257 3 8 "$key"; };
zone "example.com" { type static-stub; server-addresses { 198.51.100.10; }; };
CONF
named_run() { nsenter --net=/run/netns/outside -- named -g -c "$1/conf" >>"$1/log" 2>&1 & }
named_run $DIR/auth
named_run $DIR/rec
# /etc is our own from here on: the file of the host's resolvers is replaced, not only written.
cp -a /etc $DIR/etc && mount --bind $DIR/etc /etc
rm -f /etc/resolv.conf
echo "nameserver 198.51.100.20" >/etc/resolv.conf
start_daemon
vctl net add lan mode=nat subnet=10.0.2.0/24
plug lan web
dhcp_get web >/dev/null
resolves() { [ "$(short web www.example.com)" = 203.0.113.7 ]; }
check "a name of a signed zone" wait_for 10 resolves
check_not "without signatures, unless they are asked for" grep -q RRSIG <(ask web www.example.com)
for again in "from the resolver" "from the cache"; do
	out=$(ask web +dnssec www.example.com AAAA)
	check "DO: signatures come with the answer, $again" grep -q "RRSIG.AAAA 8 3 60" <<<"$out"
	check "and the word that they were checked (AD), $again" grep -q "^;; flags: qr rd ra ad;" <<<"$out"
done
equal "AD is passed on for who asks by AD" "qr rd ra ad" "$(flags web www.example.com +adflag)"
equal "and kept from who asks for neither" "qr rd ra" "$(flags web www.example.com +noadflag)"
check "that a name is not there is signed, too" grep -q "NSEC3" <(ask web +dnssec no.example.com)
equal "what does not fit its signature is refused" SERVFAIL "$(status web bad.example.com)"
equal "unless the asker checks for itself (CD)" 203.0.113.99 "$(short web bad.example.com +cd)"
equal "which nobody else is told from the cache" SERVFAIL "$(status web bad.example.com)"
check "a large signed answer is cut by UDP" grep -q "flags: qr tc" <(ask web +dnssec +bufsize=1232 big.example.com TXT +ignore)
check "and whole by TCP, with its signature" grep -q "RRSIG.TXT 8 3 60" <(ask web +dnssec big.example.com TXT)
validates() { ns web delv @10.0.2.2 "$@" -a $DIR/anchor +root=example.com 2>&1; }
echo "trust-anchors { \"example.com\" static-key 257 3 8 \"$key\"; };" >$DIR/anchor
check "a resolver inside checks the whole chain through us" grep -q "fully validated" <(validates www.example.com AAAA)
check "by TCP, too" grep -q "fully validated" <(validates +tcp big.example.com TXT)
check "and that a name is not there" grep -q "negative response, fully validated" <(validates no.example.com)
check "and sees what was changed" grep -qi "resolution failed\|no valid RRSIG\|broken trust" <(validates bad.example.com)

# ---- the host's own stub ---------------------------------------------------------------------

# stub: systemd-resolved, if it is there (RESOLVED=PATH), else dnsmasq plays its part.
RESOLVED=${RESOLVED:-/lib/systemd/systemd-resolved}
mkdir -p /run/systemd/resolve
stub() {
	if [ -x "$RESOLVED" ]; then
		mkdir -p /etc/systemd
		printf '[Resolve]\nDNS=198.51.100.20\nDNSSEC=no\nLLMNR=no\nMulticastDNS=no\n' >/etc/systemd/resolved.conf
		grep -q ^systemd-resolve: /etc/passwd || echo "systemd-resolve:x:991:65534::/:/bin/false" >>/etc/passwd
		chown -R systemd-resolve: /run/systemd/resolve
		"$RESOLVED" >>$DIR/resolved.log 2>&1 &
	else
		echo "nameserver 198.51.100.20" >/run/systemd/resolve/resolv.conf
		echo "nameserver 127.0.0.53" >/run/systemd/resolve/stub-resolv.conf
		dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --bind-interfaces --pid-file= \
			--listen-address=127.0.0.53 --server=198.51.100.20 >>$DIR/resolved.log 2>&1 &
	fi
	stub_pid=$!
}
note "the stub is $([ -x "$RESOLVED" ] && echo systemd-resolved || echo "dnsmasq (no systemd-resolved here)")"
stub
answers() { dig +time=1 +tries=1 +short @127.0.0.53 www.example.com | grep -q 203.0.113.7; }
check "the stub answers the host" wait_for 10 answers
ln -sfn /run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
used() { jctl dns list lan | json "' '.join(r['address'] for r in d['resolvers'])"; }
behind() { [ "$(used)" = "127.0.0.53 198.51.100.20" ]; }
check "resolv.conf becomes a link to the stub's: that is asked first, its resolvers behind it" wait_for 3 behind
equal "a guest asks by the stub" 203.0.113.7 "$(short web www.example.com)"
asked_stub() { jctl dns list lan | json "d['resolvers'][0]['answered']"; }
check "it did" [ "$(asked_stub)" -ge 1 ]
equal "a large answer by it" 10 "$(short web big.example.com TXT +tcp | tr ' ' '\n' | grep -c '"0')"
# In another namespace, or when resolved has ended, nobody is at the stub's address.
kill $stub_pid
wait $stub_pid 2>/dev/null
vctl dns flush lan
start=$EPOCHREALTIME
equal "the stub is gone: the resolvers behind it are asked" 203.0.113.7 "$(short web www.example.com)"
took=$(python3 -c "print(int(($EPOCHREALTIME - $start) * 1000))")
check "at once: $took ms" [ "$took" -lt 3000 ]
[ -x "$RESOLVED" ] || echo "nameserver 198.51.100.20" >/run/systemd/resolve/resolv.conf
stub
check "the stub is back" wait_for 10 answers
vctl dns flush lan
equal "and asked again" 203.0.113.7 "$(short web www.example.com)"

# ---- a VPN comes up --------------------------------------------------------------------------

# A resolver that hears and says nothing; then another file takes the place of the first.
nsenter --net=/run/netns/outside -- python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('198.51.100.30', 53))
while True: s.recvfrom(4096)" &
mute() { ns outside ss -Hlun | grep -q "198.51.100.30:53"; }
wait_for 5 mute
replace() { echo "nameserver $1" >/etc/resolv.conf.new && mv /etc/resolv.conf.new /etc/resolv.conf; }
replace 198.51.100.30
at() { [ "$(used)" = "$1" ]; }
check "a new file by rename: another resolver" wait_for 3 at 198.51.100.30
for i in 1 2 3; do ask web "w$i.example.com" +time=8 >$DIR/vpn.$i & vpn[i]=$!; done
under_way() { [ "$(jctl dns stats lan | json "d['under_way']")" = 3 ]; }
check "three questions are under way to one who does not answer" wait_for 3 under_way
replace 198.51.100.20
for i in 1 2 3; do wait "${vpn[i]}"; done
equal "the file changes once more: they go to the new resolver, which answers" 3 \
	"$(cat $DIR/vpn.? | grep -c "status: NXDOMAIN")"
rate() { jctl dns list lan | json "d['rate']['queries_ps']"; }
python3 - <<'PY' >$DIR/q.bin
import sys
sys.stdout.buffer.write(b'\0\1\1\0\0\1\0\0\0\0\0\0\3www\7example\3com\0\0\1\0\1')
PY
flood() { ns web python3 -c "
import socket, time
q = open('$DIR/q.bin', 'rb').read(); s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(30):
    for k in range(20): s.sendto(q, ('10.0.2.2', 53))
    time.sleep(.1)"; }
flood &
busy() { [ "$(rate)" -ge 20 ] && vctl dns list lan | grep -q "a second, [1-9][0-9]* of them from the cache"; }
check "how many questions a second is told" wait_for 5 busy
check "in top, too" sh -c "'$VNETCTL' -s $SOCK top lan | grep -q 'names of lan: .* asked a second'"
wait $!
idle() { [ "$(rate)" = 0 ]; }
check "and that there are none any more" wait_for 5 idle

# ---- a real guest ----------------------------------------------------------------------------

if [ -x "$O/image/linux.uml" ]; then
	vctl net add hosts mode=nat subnet=10.0.4.0/24
	for g in ann bob; do vctl vm run $g net=hosts memory=160MiB hypervisor=uml; done
	inside() { vctl vm exec "$1" -- "${@:2}"; }
	lookup() { inside ann "nslookup $1" 2>/dev/null | sed -n 's/^Address: *//p' | grep -v '[:#]53$' | xargs; }
	address_of() { jctl vm show "$1" | json "d['nics'][0]['address'] or ''"; }
	up() { [ -n "$(address_of "$1")" ]; }
	wait_for 15 up ann && wait_for 15 up bob
	bob=$(address_of bob)
	check "a guest finds another by name: $bob" grep -qw "$bob" <<<"$(lookup bob.hosts.vnet)"
	check "and reaches it by its short name" inside ann "ping -c 1 -W 3 bob"
	equal "a name outside, with both families" "2001:db8::7 203.0.113.7" "$(lookup www.example.com | tr ' ' '\n' | LC_ALL=C sort | xargs)"
	check "an address has its name" inside ann "nslookup $bob | grep -q 'bob.hosts.vnet'"
	# By TCP: a question as it is on the wire, two bytes of length before it.
	check "by TCP" inside ann "printf '\\0\\40\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\3bob\\5hosts\\4vnet\\0\\0\\1\\0\\1' |
		nc -w 2 10.0.4.2 53 | od -An -tu1 -v | tr -s ' \\n' ' ' | grep -q '$(tr . ' ' <<<"$bob")'"
	vctl dhcp release hosts "$bob"
	vctl dhcp reserve hosts bob 10.0.4.99
	vctl vm stop bob
	vctl vm run bob net=hosts memory=160MiB hypervisor=uml
	moved() { grep -qw 10.0.4.99 <<<"$(lookup bob.hosts.vnet)"; }
	check "after its lease changed the name is the new address" wait_for 15 moved
	check "both guests end" eval "vctl vm stop ann && vctl vm stop bob"
else
	skip "a real guest asks" "the guest image is not built (make image)"
fi
check "the daemon ends cleanly" stop_daemon
finish
