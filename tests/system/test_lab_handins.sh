#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hand-ins from strangers, each refused with words; a disk that is full; how many are graded at a
# time and why; and a class at one look.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need busybox zstd
start_daemon
file=$DIR/lab.yaml
cat >$file <<'Y'
version: 1
name: hand
networks: {sw: {mode: lan-segment}}
defaults: {kind: namespace}
nodes:
  h1: {interfaces: [{network: sw, address: 10.0.0.1/24}]}
  h2: {interfaces: [{network: sw, address: 10.0.0.2/24}]}
checks:
  - {id: wire, ping: {from: h1, to: h2}, within: 3s, given: true}
  - {id: second, ping: {from: h2, to: 10.0.0.77}, within: 300ms, points: 2}
Y
vctl lab up $file >/dev/null
vctl lab exec hand h1 -- 'ip addr add 10.0.0.77/24 dev eth0; echo kept >/srv/kept'
check "a hand-in" vctl lab save hand --out $DIR/good.vlab --student Ann

# ---- hostile ----
make_bad() { # a new folder with what is in the good one
	rm -rf $DIR/bad
	mkdir $DIR/bad
	tar --zstd -xf $DIR/good.vlab -C $DIR/bad
	cd $DIR/bad || exit
}
digests() { python3 - "$@" <<'P'
import hashlib, json, os, sys
m = json.load(open("manifest.json"))
m["files"] = {os.path.relpath(os.path.join(d, f), "."): hashlib.sha256(open(os.path.join(d, f), "rb").read()).hexdigest()
              for d, _, fs in os.walk(".") for f in fs if f != "manifest.json"}
json.dump(m, open("manifest.json", "w"))
P
}
bad() { # TEXT WORDS: the folder as a package, with digests that fit
	digests
	find . -type f ! -name manifest.json -printf '%P\n' | tar --zstd -cf $DIR/bad.vlab manifest.json -T -
	cd /
	refused "$1" "$2" timeout 20 "$VNETCTL" -s $SOCK lab restore hand $DIR/bad.vlab
}
files() { tar -czf nodes/h1/files.tgz "$@"; }
make_bad; head -c 100 $DIR/good.vlab >$DIR/bad.vlab; cd /
refused "cut short" "is no package of a lab" vctl lab restore hand $DIR/bad.vlab
make_bad; echo x >>nodes/h1/network; tar --zstd -cf $DIR/bad.vlab manifest.json nodes lab.yaml; cd /
refused "a folder in it" "no plain file" vctl lab restore hand $DIR/bad.vlab
make_bad; echo x >>nodes/h1/network; find . -type f -printf '%P\n' | sort | tar --zstd -cf $DIR/bad.vlab manifest.json lab.yaml nodes/h1/network; cd /
refused "another digest" "is not what the manifest says" vctl lab restore hand $DIR/bad.vlab
make_bad; ln -s /etc/passwd nodes/h1/link; tar --zstd -cf $DIR/bad.vlab manifest.json nodes/h1/link; cd /
refused "a link" "no plain file" vctl lab restore hand $DIR/bad.vlab
make_bad; tar --zstd -Pcf $DIR/bad.vlab manifest.json /etc/hostname 2>/dev/null; cd /
refused "an absolute name" "a name that is not allowed" vctl lab restore hand $DIR/bad.vlab
make_bad; tar --zstd -Pcf $DIR/bad.vlab manifest.json ../good.vlab; cd /
refused "a name that leads out" "a name that is not allowed" vctl lab restore hand $DIR/bad.vlab
make_bad; mknod nodes/h1/dev c 1 3; tar --zstd -cf $DIR/bad.vlab manifest.json nodes/h1/dev; cd /
refused "a device" "no plain file" vctl lab restore hand $DIR/bad.vlab
make_bad; head -c 80M /dev/zero >nodes/h1/big; bad "a bomb of 80 MiB in $(tar --zstd -c nodes/h1/big | wc -c) bytes" "damaged or too long"
make_bad; { echo '{"x": 1,'; head -c 70M /dev/zero | tr '\0' ' '; echo '}'; } >manifest.json; tar --zstd -cf $DIR/bad.vlab manifest.json; cd /
refused "a manifest of 70 MiB" "damaged or too long" timeout 20 "$VNETCTL" -s $SOCK lab restore hand $DIR/bad.vlab
make_bad; mkdir m; for i in $(seq 1100); do echo $i >m/$i; done; bad "1,100 members" "more than 1000 files"
make_bad; sed -i 's/"hand"/"other"/' manifest.json; bad "work on another lab" "no work on lab 'hand'"
make_bad; mkdir etc; ln -s /etc/passwd etc/x; files etc/x; rm -r etc; bad "in a node's files a link" "'etc/x', a symbolic link"
make_bad; mkdir etc; mknod etc/x b 7 0; files etc/x; rm -r etc; bad "a device" "'etc/x', which is no plain file"
make_bad; files -P /etc/hostname; bad "an absolute name" "'/etc/hostname', which is not below"
make_bad; mkdir -p usr/bin; echo x >usr/bin/x; files usr/bin/x; rm -r usr; bad "another place" "'usr/bin/x', which is not below"
make_bad; mkdir srv; head -c 40M /dev/zero >srv/x; files srv/x; rm -r srv; bad "a bomb of 40 MiB" "more than 16 MiB"
make_bad; echo garbage >nodes/h1/files.tgz; bad "garbage" "its files are damaged"
make_bad; printf 'nft include "/etc/shadow"\nroute default via $(reboot)\naddr eth9 1.2.3.4/24\nlink eth0 UP; reboot\n' >nodes/h1/network; digests
find . -type f ! -name manifest.json -printf '%P\n' | tar --zstd -cf $DIR/bad.vlab manifest.json -T -; cd /
check "lines that are commands do nothing" vctl lab restore hand $DIR/bad.vlab
check "the lab lives" vctl lab exec hand h1 -- test -e /srv/kept
equal "and the host has none of it" "" "$(ls -d /srv/kept /etc/answer 2>/dev/null)"
vctl lab grade --lab $file $DIR/bad.vlab $DIR/good.vlab --out $DIR/marks.csv >$DIR/out
check "a bad one costs the others nothing" grep -q '"Ann",.*,2,2,2,0,' $DIR/marks.csv

# ---- a disk that is full ----
mkdir $DIR/full
mount -t tmpfs -o size=16k tmpfs $DIR/full
head -c 16k /dev/zero >$DIR/full/rest 2>/dev/null
for verb in "save hand" "pack $file"; do
	refused "${verb% *} on a full disk" "can't write .*No space left|can't make" vctl lab $verb --out $DIR/full/x.vlab
	equal "${verb% *} leaves nothing half done" rest "$(ls $DIR/full)"
done
vctl lab grade --lab $file $DIR/good.vlab --out $DIR/full/marks.csv >$DIR/out 2>&1
equal "marks that can't be written are an error" 1 $?
check "with words" grep -q "No space left" $DIR/out

# ---- how many at a time ----
cp $DIR/good.vlab $DIR/two.vlab
says() { check "$1" grep -qE -- "$2" $DIR/out || note "$(cat $DIR/out)"; }
vctl lab grade --lab $file $DIR/good.vlab $DIR/two.vlab >$DIR/out
says "CPUs decide, and it says so" "2 hand-ins, [0-9]+ at a time: [0-9]+ CPUs are good for [0-9]+; [0-9]+ MiB are free, one takes up to [0-9]+"
sed "s/^defaults:/requires: {memory: $(($(awk '/MemAvailable/ { print $2 }' /proc/meminfo) / 1024 * 4 / 5))MiB}\ndefaults:/" $file >$DIR/big.yaml
vctl lab grade --lab $DIR/big.yaml $DIR/good.vlab $DIR/two.vlab >$DIR/out
says "memory decides" "2 hand-ins, 1 at a time"
sed "s/^networks: {/networks: {adm: {mode: host-only, subnet: 10.77.0.0\/24}, /" $file >$DIR/once.yaml
vctl lab grade --lab $DIR/once.yaml $DIR/good.vlab $DIR/two.vlab >$DIR/out
says "a subnet of the host's decides" "1 at a time: network 'adm' .host-only. can be there only once: without a subnet"
check "and both are graded" grep -q "2 hand-ins, 0 could not be graded" $DIR/out

# ---- a class ----
for i in 1 2; do vctl lab up $file --name s$i --seed s$i >/dev/null; done
vctl lab restore s2 $DIR/good.vlab >/dev/null
vctl lab power s1 h2 off >/dev/null
vctl lab status --all >$DIR/out
says "all labs at one look" "^s1 +up +2 +1 +h2"
says "one that is whole" "^s2 +up +2 +2"
vctl lab check --all >$DIR/out
equal "all checks of all labs" 1 $?
says "who passed what" "^s2 +2 of 2 +2 of 2 +yes +yes"
says "and who did not" "^s1 +0 of 2 +0 of 2 +no +no"
note "$(cat $DIR/out)"
equal "as JSON" "hand s1 s2" "$(jctl lab check --all | json "' '.join(sorted(x['lab'] for x in d))")"
for l in s1 s2 hand; do vctl lab down $l >/dev/null; done
vctl lab check --all >/dev/null 2>&1
equal "no lab is up" 4 $?
equal "nothing is left" "[]" "$(jctl lab list)"
check "the daemon stops cleanly" stop_daemon
finish
