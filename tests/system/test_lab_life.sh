#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The life of labs: the same file under two names, nodes off and on, cables, changed files, work that
# is kept, and commands that are killed in the middle.  CLASS=30 HANDINS=20 for the full size.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need busybox nft
start_daemon
left >$DIR/before
file=$TOP/labs/05-gateway/lab.yaml

# ---- the same file twice, the same addresses ----
check "the gateway lab" vctl lab up "$file"
check "the same file under another name" vctl lab up "$file" --name other
equal "both are listed" "gateway other" "$(jctl lab list | json "' '.join(sorted(l['name'] for l in d))")"
refused "a bare name that both have is asked for" "2 labs have a port \"pc1.eth0\"" vctl port show pc1.eth0
check "its full name is enough" vctl port show other.pc1.eth0
check "solved: one of them" vctl lab solve other
check "its checks pass" vctl lab check other --hidden
vctl lab check gateway --id out >$DIR/out 2>&1
equal "and the other's still fail" 1 $?
check "with a hint" grep -q "hint: Two things are needed" $DIR/out
vctl lab exec gateway pc1 -- 'echo mine >/etc/mine; echo mine >/root/mine'
check_not "a node's files are not its neighbour's" vctl lab exec other pc1 -- 'test -e /etc/mine'
check_not "nor the host's" test -e /etc/mine -o -e /root/mine
check "results as JUnit" grep -q '<testsuite name="gateway" tests="14"' <<<"$(vctl lab check gateway --format junit)"
check "and as TAP" grep -q '^not ok 4 - packets from pc1' <<<"$(vctl lab check gateway --format tap)"
equal "evidence is the switch's" outside "$(jctl lab check other --id out | json "d['checks'][0]['evidence']")"
vctl lab check nosuch >/dev/null 2>&1
equal "check of a lab that is not up" 4 $?
check "the other goes" vctl lab down other
check "a bare name is enough again" vctl port show pc1.eth0

# ---- who lies ----
vctl lab exec gateway pc1 -- 'mkdir -p /root/bin' >/dev/null
check "busybox in a node can be made to lie" vctl lab exec gateway pc1 -- \
	'printf "#!/bin/sh\nexit 0\n" >/root/busybox && chmod 755 /root/busybox'
cat >$DIR/lie.yaml <<'Y'
version: 1
name: lie
networks: {sw: {mode: lan-segment}}
defaults: {kind: namespace}
nodes:
  h1: {interfaces: [{network: sw, address: 10.0.0.1/24}]}
  h2: {interfaces: [{network: sw, address: 10.0.0.2/24}], run: [ip link set eth0 down, ip link set eth0 arp off, ip link set eth0 up]}
checks:
  - {id: p, ping: {from: h1, to: h2}, within: 1s}
Y
check "a lab whose h2 is deaf" vctl lab up $DIR/lie.yaml
# A ping of h1's own: the command answers for itself on its own loopback.
vctl lab exec lie h1 -- 'ip addr add 10.0.0.2/32 dev lo' >/dev/null
vctl lab check lie >$DIR/out
equal "a node that answers itself does not pass" 1 $?
check "the report says who saw what" grep -q "the node says that 10.0.0.2 answers, but the switch saw no answer" $DIR/out
check "down" vctl lab down lie

# ---- nodes and cables ----
check "a node is off" vctl lab power gateway server off
check "diff says so" grep -Eq "node +server +missing" <<<"$(vctl lab diff gateway)"
check "and on" vctl lab power gateway server on
check "it serves again" vctl lab exec gateway gw -- busybox wget -q -O - http://198.51.100.80/
check "a cable is pulled" vctl lab link gateway gw.eth1 down
check "diff says so too" grep -Eq "interface +gw.eth1 +pulled" <<<"$(vctl lab diff gateway)"
check_not "nothing passes" vctl lab exec gateway gw -- ping -c 1 -W 1 198.51.100.80
check "and plugged in" vctl lab link gateway gw.eth1 up
check "it does" vctl lab exec gateway gw -- ping -c 1 -W 1 198.51.100.80
check "time stops" vctl lab pause gateway server
check_not "nobody serves" vctl lab exec gateway gw -- busybox timeout 1 busybox wget -q -O - http://198.51.100.80/
check "and goes on" vctl lab resume gateway server
check "it serves again" vctl lab exec gateway gw -- busybox timeout 5 busybox wget -q -O - http://198.51.100.80/
check "a node anew" vctl lab reset gateway pc1
check_not "has none of its old files" vctl lab exec gateway pc1 -- 'test -e /etc/mine'

# ---- a changed file ----
sed -e 's/^  pc2:.*/  pc2: {role: client, interfaces: [{network: office, address: "{office.12}\/24", gateway: "{office.10}", link: {delay: 30ms}}]}\n  pc3: {interfaces: [{network: office, address: "{office.13}\/24"}]}/' \
	-e 's/office: {mode: internal}/office: {mode: internal}\n  spare: {mode: lan-segment}/' "$file" >$DIR/changed.yaml
vctl lab diff gateway $DIR/changed.yaml >$DIR/out
equal "diff of a changed file" 1 $?
check "names what is new" grep -Eq "node +pc3 +added" $DIR/out
check "and what is different" grep -Eq "node +pc2 +changed +link, settings" $DIR/out
check "apply" vctl lab apply gateway $DIR/changed.yaml
check "the new node reaches an old one" vctl lab exec gateway pc3 -- ping -c 1 -W 2 pc2
equal "the cable is slow" "delay=30ms" "$(jctl port show gateway.pc2.eth0 | json "d['impair']['words']")"
check "nothing is left to apply" vctl lab diff gateway
check "and back" vctl lab apply gateway "$file"
check_not "the new node is gone" vctl lab exec gateway pc3 -- true

# ---- work that is kept ----
check "solved" vctl lab solve gateway
vctl lab exec gateway pc1 -- 'mkdir -p /srv/a/b && echo kept >/srv/a/b/c && printf "#!/bin/sh\n" >/root/x.sh && chmod 755 /root/x.sh'
check "save" vctl lab save gateway --out $DIR/ann.vlab --student Ann
check "a fresh lab" vctl lab reset gateway
vctl lab check gateway >/dev/null 2>&1
equal "in which nothing is done" 1 $?
check "restore" vctl lab restore gateway $DIR/ann.vlab
check "its checks pass" vctl lab check gateway --hidden
equal "and the files are there" "kept /root/x.sh" "$(vctl lab exec gateway pc1 -- 'cat /srv/a/b/c; ls /root/x.sh' | xargs)"
check "a package is not taken for a topology file" grep -q 'a package.*lab unpack' \
	<<<"$(vctl lab up $DIR/ann.vlab 2>&1)"
check "the lab as one file" vctl lab pack "$file" --out $DIR/gateway.vlab
check "unpacked" vctl lab unpack $DIR/gateway.vlab $DIR/unpacked
check "without its solution" test -f $DIR/unpacked/lab.yaml -a ! -e $DIR/unpacked/solution
head -c 400 $DIR/ann.vlab >$DIR/cut.vlab
refused "a package that is cut" "cut.vlab is no package" vctl lab restore gateway $DIR/cut.vlab
check "the lab is down" vctl lab down gateway

# ---- hand-ins ----
vctl lab up "$file" >/dev/null
vctl lab solve gateway >/dev/null
vctl lab exec gateway gw -- nft flush ruleset
vctl lab save gateway --out $DIR/bob.vlab --student =Bob >/dev/null
vctl lab down gateway >/dev/null
n=${HANDINS:-4}
for i in $(seq 1 2 "$n"); do cp $DIR/bob.vlab $DIR/hand$i.vlab; cp $DIR/ann.vlab $DIR/hand$((i + 1)).vlab; done
begin=$SECONDS
check "$n hand-ins" vctl lab grade --lab "$file" $DIR/hand*.vlab --out $DIR/marks.csv --junit $DIR/junit
note "$n hand-ins in $((SECONDS - begin)) s; $(head -n 3 $DIR/marks.csv | tail -n 2)"
check "the right one has all points" grep -q '^"Ann",.*,19,19,15,0,"",""$' $DIR/marks.csv
check "the wrong one has not, and the list says why" grep -q "^\"'=Bob\",.*,7,19,7,8,\"out out2 hidden-inside way only-way in in-seen branch-seen\"" $DIR/marks.csv
equal "a report for each" "$n" "$(ls $DIR/junit | wc -l)"
if [ -n "${HANDINS:-}" ]; then
	vctl lab grade --lab "$file" $DIR/hand*.vlab --out $DIR/again.csv >/dev/null
	check "the same marks again" cmp $DIR/marks.csv $DIR/again.csv
fi
vctl lab grade --lab "$file" $DIR/cut.vlab --out $DIR/cut.csv >/dev/null
equal "one that can't be graded is said" 1 $?
check "in its row" grep -q 'is no package' $DIR/cut.csv
check "nothing is left of grading" nothing_left

# ---- killed in the middle ----
cat >$DIR/slow.yaml <<'Y'
version: 1
name: slow
networks: {a: {mode: internal}}
defaults: {kind: namespace}
nodes:
  h1: {interfaces: [{network: a, address: 10.0.0.1/24}], run: ["test ! -e /mnt/slow || sleep 30"]}
  h2: {interfaces: [{network: a, address: 10.0.0.2/24}]}
checks:
  - {id: p, ping: {from: h1, to: h2}, within: 5s}
  - {id: f, ping: {from: h1, to: h2}, needs: p, expect: fail, within: 20s, fault: {link: h2.eth0, state: down}}
Y
mount -t tmpfs slow /mnt && touch /mnt/slow
"$VNETCTL" -s $SOCK lab up $DIR/slow.yaml >$DIR/out 2>&1 &
victim=$!
wait_for 5 grep -q "network" $DIR/out
check "meanwhile nobody else may" sh -c "! '$VNETCTL' -s $SOCK lab up $DIR/slow.yaml 2>$DIR/err && grep -q 'somebody else is at it' $DIR/err"
kill -KILL $victim
wait $victim 2>/dev/null
umount /mnt
wait_for 5 sh -c "'$VNETCTL' -s $SOCK -j lab list | grep -q '\"busy\": false'"
check "the list shows it" grep -q "^slow.*interrupted while starting" <<<"$(vctl lab list)"
vctl lab up $DIR/slow.yaml >$DIR/out 2>&1
equal "up again after kill -9 of vnetctl in up" 0 $?
check "says what happened" grep -q "an earlier command was interrupted while it was starting" $DIR/out
check "and the lab works" vctl lab check slow --id p
"$VNETCTL" -s $SOCK lab check slow >$DIR/out 2>&1 &
victim=$!
wait_for 5 sh -c "'$VNETCTL' -s $SOCK -j port show slow.h2.eth0 | grep -q '\"admin\": \"down\"'"
kill -KILL $victim
wait $victim 2>/dev/null
wait_for 5 sh -c "'$VNETCTL' -s $SOCK -j lab list | grep -q '\"busy\": false'"
vctl lab up $DIR/slow.yaml >$DIR/out 2>&1
check "after kill -9 in a check, up plugs its cable in again" grep -q "slow.h2.eth0 is plugged in again\|h2.eth0 is plugged in again" $DIR/out
check "and the lab works" vctl lab check slow --id p
vctl lab exec slow h1 -- 'mkdir /run/server && echo nameserver 192.0.2.1 >/etc/resolv.conf'
equal "a node's /run is its own, and its resolv.conf" "server 192.0.2.1" \
	"$(vctl lab exec slow h1 -- 'echo $(ls /run) $(cut -d " " -f 2 /etc/resolv.conf)' | sed 's/lock //')"
equal "its neighbour's too" lock "$(vctl lab exec slow h2 -- 'echo $(ls /run; cat /etc/resolv.conf)')"
ip netns pids slow.h1 | sort -n | tail -n +2 | xargs -r kill -KILL # all but its first
vctl lab exec slow h1 -- 'echo precious >/root/work'
kill_daemon
start_daemon
check "after kill -9 of the daemon the lab works" vctl lab check slow --id p
equal "and the work is there" precious "$(vctl lab exec slow h1 -- cat /root/work)"
# The daemon and vnetctl die in the middle of down.
"$VNETCTL" -s $SOCK lab down slow >$DIR/out 2>&1 &
victim=$!
kill_daemon
wait $victim 2>/dev/null
start_daemon
check "down after kill -9 of the daemon in down" vctl lab down slow
check "nothing is left" nothing_left
# save and grade are killed: half a file never appears, labs of a grading are removed by the next.
vctl lab up "$file" >/dev/null
"$VNETCTL" -s $SOCK lab save gateway --out $DIR/half.vlab >/dev/null 2>&1 &
victim=$!
kill -KILL $victim
wait $victim 2>/dev/null
check_not "a save that was killed leaves no half file" test -e $DIR/half.vlab
check "the next one works" vctl lab save gateway --out $DIR/half.vlab
vctl lab down gateway >/dev/null
"$VNETCTL" -s $SOCK lab grade --lab "$file" $DIR/hand1.vlab $DIR/hand2.vlab >/dev/null 2>&1 &
victim=$!
wait_for 10 sh -c "'$VNETCTL' -s $SOCK lab list | grep -q ^grade-"
kill -KILL $victim
wait $victim 2>/dev/null
check "the next grading removes what was left" sh -c "sleep 0.5; '$VNETCTL' -s $SOCK lab grade --lab '$file' $DIR/hand2.vlab | grep -q 'that an interrupted grading had left'"
check "nothing is left" nothing_left

# ---- a class ----
n=${CLASS:-4}
pids=()
begin=${EPOCHREALTIME/[.,]/}
rc=0
for i in $(seq "$n"); do "$VNETCTL" -s $SOCK lab up "$file" --name c$i --seed s$i >$DIR/class.$i 2>&1 & pids[i]=$!; done
for i in $(seq "$n"); do wait "${pids[i]}" || rc=1; done
equal "$n copies at once, the same addresses in each" 0 $rc
note "$n labs up in $(((${EPOCHREALTIME/[.,]/} - begin) / 1000)) ms; the daemon has $(awk '/VmRSS/ { print $2 }' /proc/$DAEMON_PID/status) KiB"
check "one is solved" vctl lab solve c1
check "it passes" vctl lab check c1 --hidden
vctl lab check c2 --id out >/dev/null 2>&1
equal "its neighbour does not: no crosstalk" 1 $?
begin=${EPOCHREALTIME/[.,]/}
for i in $(seq "$n"); do "$VNETCTL" -s $SOCK lab down c$i >$DIR/class.$i 2>&1 & pids[i]=$!; done
rc=0
for i in $(seq "$n"); do wait "${pids[i]}" || rc=1; done
equal "all of them down" 0 $rc
note "down in $(((${EPOCHREALTIME/[.,]/} - begin) / 1000)) ms"
check "nothing is left" nothing_left
check "the daemon stops cleanly" stop_daemon
finish
