#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A namespace node is a machine of its own: its processes are nobody else's, what its root may do ends
# at the node, and the end of its first process is told and mended.
. "$(dirname "$0")/lib.sh"
new_host "$@"
start_daemon
cat >$DIR/two.yaml <<'Y'
version: 1
name: two
networks: {sw: {mode: lan-segment}}
nodes:
  h1: {kind: namespace, interfaces: [{network: sw, address: 10.0.0.1/24}], run: [sleep 5001 &]}
  h2: {kind: namespace, interfaces: [{network: sw, address: 10.0.0.2/24}], run: [sleep 5002 &]}
checks:
  - {id: wire, title: h1 reaches h2, ping: {from: h1, to: h2}, within: 20s}
Y
in_h1() { vctl lab exec two h1 -- "$1"; }
in_h2() { vctl lab exec two h2 -- "$1"; }
first_of() { for p in $(ip netns pids "$1"); do [ "$(awk '/^NSpid/ { print $NF }' /proc/$p/status 2>/dev/null)" = 1 ] && echo $p; done | head -n 1; }
state_of() { jctl lab status two | json "[n['state'] for n in d['nics'] if n['node'] == '$1'][0]"; }
sleep 5003 &
check "two nodes" vctl lab up $DIR/two.yaml

# ---- processes ----
check "its commands run" wait_for 5 in_h1 'pgrep -x sleep'
equal "ps shows a node its own" "ps sh sleep vnet-nsinit" "$(in_h1 'ps -e -o comm=' | sort -u | xargs)"
check_not "and nothing of the host" in_h1 'ps -e -o args | grep -q "[s]leep 5003"'
in_h1 'pkill -f "sleep 500"'
check "pkill in one node leaves the other's alone" in_h2 'pgrep -f "sleep 5002"'
check "and the host's" pgrep -f "sleep 5003"
in_h1 'kill -9 -1; kill -9 1' >/dev/null 2>&1
check "a node can't end its own first process" in_h1 'test "$(cat /proc/1/comm)" = vnet-nsinit'
check "nor the daemon: the lab works" vctl lab check two
in_h1 '(sh -c "sleep 0.01 & exec sleep 0.2" & exec sleep 0.1) ; sleep 0.3'
equal "who is left alone is waited for" 0 "$(in_h1 'ps -e -o stat= | grep -c Z')"

# ---- what its root may not do to the host ----
hostile() { # WHAT COMMAND: must fail, or print "no"
	check_not "$1" in_h1 "$2"
}
hostile "the host's programs can't be changed" 'echo x >/usr/bin/x || echo x >/usr/lib/x || echo x >/opt/x'
hostile "nor by another mount" 'mount -o remount,rw / || mount -o remount,bind,rw / || umount /etc || umount /usr'
hostile "nor in a mount namespace of its own" 'unshare -m sh -c "mount -o remount,bind,rw / && touch /usr/x"'
hostile "no disk is there" 'for d in /dev/[shv]d* /dev/mem /dev/kmsg /dev/nvme*; do test -e $d && exit; done; false'
hostile "none can be made" 'mknod /tmp/disk b 254 0 || mknod /root/disk b 8 0'
hostile "the kernel's settings are read-only" 'echo x >/proc/sys/kernel/core_pattern || echo 1 >/proc/sys/vm/drop_caches'
hostile "and its switches" 'echo h >/proc/sysrq-trigger || echo 1 >/sys/kernel/uevent_seqnum || echo mem >/sys/power/state'
hostile "also by a new /proc" 'mount -t proc x /mnt || unshare -pf mount -t proc x /mnt'
hostile "or by a new /sys" 'mount -t sysfs x /mnt || unshare -n mount -t sysfs x /mnt'
hostile "or by them in namespaces below" 'unshare -Urpfmn sh -c "mount -t proc x /mnt || mount -t sysfs x /mnt"'
hostile "control groups can't be had" 'unshare -C sh -c "mount -t cgroup2 x /mnt || mount -t cgroup -o freezer x /mnt"'
hostile "nor a device's mode be changed" 'chmod 600 /dev/null || chmod 600 /proc/1/fd/0'
equal "the host's stays" 666 "$(stat -c %a /dev/null)"
hostile "modules can't be loaded" 'busybox insmod /lib/modules/*/kernel/drivers/net/dummy.ko || modprobe -r tun'
hostile "nor the clock be set" 'date -s "2001-01-01"'
hostile "nor the machine be restarted" 'busybox reboot -f'
hostile "nor another network namespace be entered" 'nsenter -t 1 -n true -m ls /run/netns/two.h2 || test -e /run/netns/two.h2'
hostile "the daemon's socket is not to be seen" "test -e $SOCK"
hostile "nor its state, with other nodes' work" "ls $STATE/state.db || ls $STATE/netns-two.h2.files"
hostile "nor a terminal of the host" 'ls /dev/pts/[0-9]*'
hostile "nor passwords" "ls /var/backups/* || grep -v -E '^[^:]*:\\*:' /etc/shadow"
touch /root/of-the-host /tmp/of-the-host-$$
hostile "nor root's files, nor /tmp" "test -e /root/of-the-host || test -e /tmp/of-the-host-$$"
rm -f /root/of-the-host /tmp/of-the-host-$$
check "nothing of it reached the host" sh -c "! test -e /usr/bin/x && ! test -e /usr/lib/x && ! test -e /opt/x"
check "and the lab still works" vctl lab check two


# ---- the daemon's own hands in it ----
in_h1 'mount -t tmpfs x /dev/pts && ln -s /dev/ptmx /dev/pts/ptmx' # the host's, to who follows it
refused "a console's terminal is the node's, or none" "cannot make a terminal" timeout 5 "$VNETCTL" -s $SOCK console h1
check "the daemon does not follow the node's links" in_h1 'umount /dev/pts'
check "then there is a console again" eval "echo 'tty; exit' | vctl console h1 | grep -q /dev/pts/"
# Each command is a copy of the daemon for a moment: one process looks for its descriptors all the time.
cat >$DIR/watch.py <<'P'
import os, time
seen, end = set(), time.monotonic() + 1
while time.monotonic() < end:
    for pid in os.listdir("/proc"):
        try:
            if pid.isdigit() and open(f"/proc/{pid}/comm").read() == "vswitchd\n":
                seen.add("state" if any("state.db" in os.readlink(f"/proc/{pid}/fd/{f}") for f in os.listdir(f"/proc/{pid}/fd")) else "other")
        except OSError as e:
            seen.add(type(e).__name__)
open("/root/seen", "w").write(" ".join(sorted(seen)))
P
vctl copy $DIR/watch.py h1:/root/watch.py >/dev/null
in_h1 'python3 /root/watch.py' &
for i in $(seq 40); do in_h1 true; done
wait $!
note "seen of the copies: $(in_h1 'cat /root/seen')"
check_not "who is forked there shows no descriptor of the daemon" in_h1 'grep -q state /root/seen'

# ---- what a lesson needs ----
check "files of its own: /etc, /root, /home, /srv, /var, /tmp, /run" in_h1 \
	'for d in /etc /root /home /srv /var /var/lib /tmp /var/tmp /run /dev/shm; do echo x >$d/mine || exit; done'
check_not "which the host does not see" sh -c "cat /etc/mine /root/mine /srv/mine /var/mine /var/lib/mine"
check_not "nor the neighbour" in_h2 'cat /etc/mine /root/mine /srv/mine /var/mine /var/lib/mine'
check "mounts" in_h1 'mount -t tmpfs x /mnt && touch /mnt/x'
check "which the node's next command sees" in_h1 'test -e /mnt/x'
check "settings of its network" in_h1 'echo 1 >/proc/sys/net/ipv4/ip_forward && test "$(cat /proc/sys/net/ipv4/ip_forward)" = 1'
check_not "and of no other" in_h2 'test "$(cat /proc/sys/net/ipv4/ip_forward)" = 1'
check "a bridge, a tap, a capture" in_h1 'ip link add br0 type bridge && ip tuntap add t0 mode tap && ip link set t0 master br0 up && ip link del br0'
check "/sys shows its interfaces" in_h1 'test -e /sys/class/net/eth0'
check "servers that change their user" in_h1 'setpriv --reuid=65534 --regid=65534 --clear-groups id -u | grep -q 65534'
check "network namespaces in it" in_h1 'ip netns add inner && ip netns exec inner ip link set lo up && ip netns del inner'

# ---- without the lab's name ----
equal "a node's name is enough" h1 "$(vctl exec h1 -- 'echo h1')"
check "to copy, too" vctl copy $DIR/two.yaml h1:/root/copy
check "and for its console" eval "echo 'hostname -I | wc -l; exit' | vctl console h1 | grep -q h1"
check "completion offers it" grep -qx h1 <<<"$(vctl complete -- exec)"
check "the same file again" vctl lab up $DIR/two.yaml --name other
refused "then both are named" "several are called 'h1': say which of (two.h1, other.h1|other.h1, two.h1)" vctl exec h1 -- true
equal "the full name is one of them" ok "$(vctl exec other.h1 -- 'echo ok')"
vctl lab down other >/dev/null
refused "nobody is told, too" "no node 'h9' is up" vctl exec h9 -- true

# ---- the daemon is killed ----
kill_daemon
start_daemon
check "after kill -9 of the daemon the same processes are there" in_h2 'pgrep -f "sleep 5002"'
check "and files" in_h1 'cat /etc/mine /mnt/x'

# ---- a start that fails ----
touch "$STATE/netns-bad.b1.files" # a plain file where the folder belongs
echo '{version: 1, name: bad, nodes: {b1: {kind: namespace}}}' >$DIR/bad.yaml
refused "a node that can't start says why" "mount the node's layer" vctl lab up $DIR/bad.yaml
check "and the host's processes live" pgrep -f "sleep 5003"
check "the daemon's first of all, and the other nodes'" in_h2 'pgrep -f "sleep 5002"'
rm -f "$STATE/netns-bad.b1.files"

# ---- the daemon is killed while it makes a node ----
# (beside its program one that never says that the node is there, so that there is time for it)
mkdir $DIR/slow
cp "$VSWITCHD" $DIR/slow/vswitchd
printf '#!/bin/sh\nexec sleep 5004\n' >$DIR/slow/vnet-nsinit
chmod 755 $DIR/slow/vnet-nsinit
sed 's/name: two/name: half/' $DIR/two.yaml >$DIR/half.yaml
kill_daemon
real=$VSWITCHD
VSWITCHD=$DIR/slow/vswitchd
start_daemon
vctl lab up $DIR/half.yaml >/dev/null 2>&1 &
check "a node is being made" wait_for 5 pgrep -f "sleep 5004"
kill_daemon
pkill -f "sleep 5004"
VSWITCHD=$real
mount -t tmpfs -o mode=755 opt /opt && SOCK=/opt/control.sock
start_daemon
check "the next daemon says so" grep -q "namespace half.h[12]: vswitchd was killed while it made it" $DIR/daemon.log
check "the lab comes up" vctl lab up $DIR/half.yaml
check "and works" vctl lab check half
check_not "nor is the daemon's socket there, wherever it is" vctl lab exec half h1 -- 'test -S /opt/control.sock'
check "the lab goes" vctl lab down half
check_not "nothing of it is left" sh -c "ls /run/netns/half.* $STATE/netns-half.*"

# ---- the first process is killed ----
kill -9 "$(first_of two.h1)"
check "kill -9 of the first process: the state says so" wait_for 5 sh -c "'$VNETCTL' -s $SOCK lab status two | grep -q 'h1 .*failed.*first process was killed'"
equal "the neighbour lives" up "$(state_of h2)"
refused "a command is told" "its first process was killed" vctl lab exec two h1 -- true
vctl lab check two >$DIR/out 2>&1
check "lab check is, too" grep -q "its first process was killed" $DIR/out
check "lab diff is, too" sh -c "'$VNETCTL' -s $SOCK lab diff two $DIR/two.yaml | grep -q 'h1.*failed'"
vctl lab up $DIR/two.yaml >$DIR/out 2>&1
check "lab up says what it mends" grep -q "h1 is failed: made again" $DIR/out
check "its files are there" in_h1 'test "$(cat /etc/mine)" = x'
check "what runs in it, too" in_h1 'pgrep -f "sleep 5001"'
check "the lab works" vctl lab check two
kill_daemon
kill -9 "$(first_of two.h2)"
start_daemon
equal "killed while no daemon ran: the next one says so" failed "$(state_of h2)"
check "power on mends a node" vctl lab power two h2 on
check "the lab works again" vctl lab check two
# As after a restart of the machine, but the node can't start.
kill_daemon
kill -9 "$(first_of two.h2)"
umount /run/netns/two.h2
mv "$STATE/netns-two.h2.files" $DIR/aside && touch "$STATE/netns-two.h2.files"
start_daemon
equal "a node that can't be made again says so" failed "$(state_of h2)"
refused "and why, to commands" "is dead: .*mount the node's layer" vctl lab exec two h2 -- true
check "the other one was left alone" in_h1 'pgrep -f "sleep 5001"'
rm "$STATE/netns-two.h2.files" && mv $DIR/aside "$STATE/netns-two.h2.files"
check "lab up mends it" vctl lab up $DIR/two.yaml
check "and it works" vctl lab check two
# Deeper than paths can be, with links to the host's files.
mkdir -p $DIR/kept && touch $DIR/kept/file
check "a deep tree" in_h1 "python3 -c 'import os
os.chdir(\"/root\")
for i in range(3000): os.mkdir(\"d\"); os.chdir(\"d\"); i % 100 or os.symlink(\"$DIR/kept\", \"link\")'"
check "down" vctl lab down two
check "what its links named is still there" test -e $DIR/kept/file
no_init() { ! ps -C vnet-nsinit -o stat= | grep -qv Z; } # the dead are the shell's, who does not look
check "no first process is left" wait_for 5 no_init
equal "no file is left" "" "$(ls /run/netns; ls -d $STATE/netns-* 2>/dev/null)"
finish
