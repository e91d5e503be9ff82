#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Files by TFTP from the network's station: what is given, what is not, and what a machine that boots
# is told. (A guest that boots from it: test_netboot.sh.)
. "$(dirname "$0")/lib.sh"
new_host "$@"
need python3 curl
get() { local n=$1; shift; ns "$n" timeout 30 python3 "$TOP/tests/system/tftp_get.py" "$@" 2>$DIR/get.log; }
fetch() { ns "$1" curl -s -m 20 --tftp-no-options "tftp://$2/$3" -o $DIR/got; }
same() { cmp -s $DIR/got $DIR/files/$1; }
start_daemon

mkdir -p $DIR/files/sub
head -c 3000000 /dev/urandom >$DIR/files/big
head -c 1024 /dev/urandom >$DIR/files/whole
: >$DIR/files/empty
echo inside >$DIR/files/sub/note
echo secret >$DIR/secret
ln -s note $DIR/files/sub/link
ln -s ../../secret $DIR/files/out
ln -s /etc/passwd $DIR/files/etc
mkfifo $DIR/files/fifo

check "a network that gives files" vctl net add h mode=host-only subnet=10.0.7.0/24 subnet6=fd00:7::/64 tftp=$DIR/files
plug h a 10.0.7.20/24
check "curl gets a file of whole blocks" fetch a 10.0.7.254 whole
check "as it is" same whole
check "an empty one" sh -c "[ \"\$(nsenter --net=/run/netns/a python3 $TOP/tests/system/tftp_get.py 10.0.7.254 empty 2>/dev/null | wc -c)\" = 0 ]"
get a 10.0.7.254 big 1468 16 >$DIR/got
check "a big one in windows: $(cat $DIR/get.log)" same big
get a 10.0.7.254 big 65464 64 211 >$DIR/got
check "with every 211th block lost, and never more than fits into a packet: $(cat $DIR/get.log)" sh -c \
	"cmp -s $DIR/got $DIR/files/big && grep -q ' 1468 32$' $DIR/get.log"
check "below a folder, by a link that stays inside" test "$(get a 10.0.7.254 sub/link)" = inside
equal "as boot loaders write it" inside "$(get a 10.0.7.254 '/sub\note')"
a6() { ns a ip -o -6 addr show dev eth0 scope global -tentative | grep -q fd00:7; }
wait_for 8 a6
equal "by IPv6" inside "$(get a fd00:7::fe sub/note 1400 4)"

denied() { local code=$1; shift; ! get a 10.0.7.254 "$@" >$DIR/got && [ ! -s $DIR/got ] && grep -q "error $code" $DIR/get.log; }
check "no such file" denied 1 nothing
check "not by .." denied 2 ../secret
check "not by .. in the middle" denied 2 sub/../../secret
check "not by a link that leads out" denied 2 out
check "nor by one to an absolute path" denied 2 etc
check "no folder" denied 2 sub
check "no pipe, and nothing hangs" denied 2 fifo
check "nothing can be written" sh -c "! nsenter --net=/run/netns/a curl -s -m 5 --tftp-no-options -T $DIR/secret tftp://10.0.7.254/new"
check_not "nothing was" test -e $DIR/files/new
check "net show counts" test "$(jctl net show h | json "d['tftp']['done'] >= 6 and d['tftp']['refused'] >= 7 and d['tftp']['transfers'] == 0")" = True
watch $DIR/events events tftp
get a 10.0.7.254 sub/note >/dev/null
denied 1 gone
wait_for 3 grep -q gone $DIR/events
watch_end
check "events tell what was got" grep -q 'sub/note' $DIR/events
check "and what was not, and why" grep -q 'there is no such file' $DIR/events

# What a machine that boots is told (options 66, 67; RFC 4578), and one that does not.
touch $DIR/files/undionly.kpxe $DIR/files/bootx64.efi $DIR/files/boot.ipxe
offer() { ns a busybox udhcpc -i eth0 -n -q -f -t 8 -T 1 -s $DIR/all.sh -O bootfile -O tftp "$@" 2>/dev/null; }
printf '#!/bin/sh\n[ "$1" = bound ] && env\nexit 0\n' >$DIR/all.sh
chmod 755 $DIR/all.sh
check "a BIOS gets its loader" sh -c "echo '$(offer -x 0x5d:0000)' | grep -q undionly.kpxe"
check "and the address where it is" sh -c "echo '$(offer -x 0x5d:0000)' | grep -q siaddr=10.0.7.254"
check "an EFI machine gets another" sh -c "echo '$(offer -x 0x5d:0007)' | grep -q bootx64.efi"
check "iPXE gets its script" sh -c "echo '$(offer -x 0x5d:0000 -x 0x4d:69505845)' | grep -q boot.ipxe"
check_not "a machine that does not boot hears nothing of it" sh -c "echo '$(offer)' | grep -q undionly"
refused "no directory" "can't be opened" vctl net set h tftp=$DIR/nothing
refused "a path that depends" "whole path" vctl net set h tftp=files
refused "a network with nothing to serve it from" "nothing to serve it from" vctl net add i mode=internal tftp=$DIR/files
kill_daemon
start_daemon
equal "it is there after a crash" inside "$(get a 10.0.7.254 sub/note)"
check "no more" vctl net set h tftp=off
check_not "then nobody answers" ns a timeout 2 python3 "$TOP/tests/system/tftp_get.py" 10.0.7.254 sub/note

check "the daemon ends well" stop_daemon
finish
