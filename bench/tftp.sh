#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tftp.sh - how fast a file comes by TFTP, ours beside dnsmasq, atftpd and tftpd-hpa, in one run on one
# machine, by size of the blocks and of the windows. Each peer is asked twice: over a veth pair, which
# is the best that it can have, and as a guest of our switch meets it, behind the host's leg of the
# same network.
#
#	bench/tftp.sh [SECONDS [PASSES]]        default: 1 s each, 4 passes
#
# What else the machine does makes all of it slower, never faster: a row is the best of the passes.
#
# Peers are taken where they are found: PATH, or ATFTPD= and TFTPD= name them. O= is the build; needs
# bench/tftp_get (make bench-tools).

# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/../tests/system/lib.sh"
new_host "$@"
need ip
[ -x "$O/bench/tftp_get" ] || skip_all "bench/tftp_get is not built (make bench-tools)"
seconds=${1:-1} passes=${2:-4}
# Blocks and windows: what old ROMs ask, what PXE asks, what UEFI and iPXE may ask.
shapes="512:1 1408:1 1468:1 1468:4 1468:16 1468:32"
mkdir -p $DIR/files
head -c 8000000 /dev/urandom >$DIR/files/file
chmod -R a+rX $DIR/files
start_daemon
vctl net add lan mode=host-only subnet=10.0.2.0/24 tftp=$DIR/files
plug lan guest 10.0.2.9/24
add_ns client
ip link add d0 type veth peer name d1 netns client
ip addr add 10.9.0.1/24 dev d0
ip link set d0 up
ns client ip addr add 10.9.0.2/24 dev d1
ns client ip link set d1 up

ATFTPD=${ATFTPD:-$(command -v atftpd)}
TFTPD=${TFTPD:-$(command -v /usr/sbin/in.tftpd)}
serve() { # WHO ADDRESS
	case $1 in
	dnsmasq) dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --bind-interfaces --enable-tftp \
		--listen-address="$2" --tftp-root=$DIR/files --user=root --pid-file= ;;
	atftpd) "$ATFTPD" --daemon --no-fork --user root --group root --bind-address "$2" --verbose=0 --logfile /dev/null $DIR/files ;;
	tftpd-hpa) "$TFTPD" --foreground --listen --address "$2:69" --user root --secure $DIR/files ;;
	esac >/dev/null 2>&1 &
	peer=$!
}
get() { ns "$1" "$O/bench/tftp_get" "$2" file "$3" "$4" "$seconds"; }
row() { printf '%-20s %8s %8s %10s %10s %10s %6s\n' "$@"; }

# measure NS ADDRESS WHO: a row for each shape. What was not granted is not measured twice.
measure() {
	local shape last=
	for shape in $shapes; do
		set -- "$1" "$2" "$3" ${shape/:/ }
		local out
		out=$(get "$1" "$2" "$4" "$5" 2>/dev/null) || continue
		read -r mbs blocks blk win lost <<<"$out"
		[ "$blk:$win" != "$last" ] || continue
		last=$blk:$win
		echo "$3|$blk|$win|$mbs|$blocks|$lost" >>$DIR/rows
	done
}
peers=
command -v dnsmasq >/dev/null && peers+=" dnsmasq"
[ -x "$ATFTPD" ] && peers+=" atftpd"
[ -x "$TFTPD" ] && peers+=" tftpd-hpa"
echo "a file of 8 MB, $seconds s each, best of $passes"
row server blksize window "MB/s" "blocks/s" "us/window" lost
# Some servers leave their first process: who listens is ended.
unserve() {
	kill $peer 2>/dev/null
	wait $peer 2>/dev/null
	ss -Hlunp 'sport = :69' | grep -o 'pid=[0-9]*' | cut -d= -f2 | xargs -r kill -KILL
}
for pass in $(seq "$passes"); do
	measure guest 10.0.2.254 "vswitchd"
	for p in $peers; do
		serve "$p" 10.9.0.1
		wait_for 5 get client 10.9.0.1 512 1
		measure client 10.9.0.1 "$p, veth"
		unserve
		serve "$p" 10.0.2.1
		wait_for 5 get guest 10.0.2.1 512 1
		measure guest 10.0.2.1 "$p, switch"
		unserve
	done
done
awk -F'|' '
	{ k = $1 "|" $2 "|" $3 }
	!(k in best) { order[++n] = k }
	$4 + 0 >= best[k] + 0 { best[k] = $4; rate[k] = $5 }
	{ lost[k] += $6 }
	END { for (i = 1; i <= n; i++) { k = order[i]; split(k, f, "|")
		printf "%-20s %8d %8d %10.1f %10d %10.0f %6d\n", f[1], f[2], f[3], best[k], rate[k],
			rate[k] ? 1e6 * f[3] / rate[k] : 0, lost[k] } }' $DIR/rows
stop_daemon
