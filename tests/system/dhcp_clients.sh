# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dhcp_clients.sh - real DHCP clients in namespaces, and a table of what each did. For scripts that
# have read lib.sh and called new_host. The argument is 4 or 6; what a client is told is theirs to
# write: $DIR/dhclient.sh (its script), $DIR/dhcpcd.conf and $DIR/networkd.network.
#
#   X_start NS, X_crash NS, X_release NS    for X: dhclient, dhcpcd, networkd (no release)
#   are_there X...                          those of them that the machine has; tells of the others
#   stage, cannot, tell_stages              the table
family=$1
mkdir -p /run/dhcpcd /run/systemd

dhclient_run() {
	local n=$1
	shift
	[ -e "$DIR/$n.leases" ] || : >"$DIR/$n.leases"
	ns "$n" dhclient "-$family" -q -cf /dev/null -sf "$DIR/dhclient.sh" -lf "$DIR/$n.leases" -pf "$DIR/$n.pid" \
		"$@" eth0 >/dev/null 2>&1
}
dhclient_start() { dhclient_run "$1" -nw; }
dhclient_crash() { kill -KILL "$(cat "$DIR/$1.pid")"; }
dhclient_release() { dhclient_run "$1" -r; }

# dhcpcd and systemd-networkd name their files after the interface: each gets folders of its own.
dhcpcd_run() {
	local n=$1
	shift
	mkdir -p "$DIR/$n.lib" "$DIR/$n.run"
	ns "$n" unshare --mount sh -c "mount --bind $DIR/$n.lib /var/lib/dhcpcd && mount --bind $DIR/$n.run /run/dhcpcd &&
		exec dhcpcd -$family -q -f $DIR/dhcpcd.conf $* eth0" >>"$DIR/$n.log" 2>&1
}
dhcpcd_start() { dhcpcd_run "$1" -B & }
dhcpcd_crash() { ip netns pids "$1" | xargs kill -KILL; rm -f "$DIR/$1.run"/*pid; }
dhcpcd_release() { dhcpcd_run "$1" -k; }

# systemd-networkd, with a /sys that is read only: there is no udev here.
networkd=/usr/lib/systemd/systemd-networkd
networkd_start() {
	local run=$DIR/$1.run
	mkdir -p "$run/network" "$run/netif/links" "$run/netif/leases" "$run/netif/lldp"
	cp "$DIR/networkd.network" "$run/network/"
	chown -R systemd-network "$run/netif" # it gives up root
	ns "$1" unshare --mount sh -c "mount -t sysfs -o ro sysfs /sys && mount --bind $run /run/systemd && exec $networkd" \
		>>"$DIR/$1.log" 2>&1 &
}
networkd_crash() { ip netns pids "$1" | xargs kill -KILL; }

# are_there X...: sets $found.
are_there() {
	local n
	found=
	for n; do
		if [ "$n" = networkd ] && [ -x $networkd ] || command -v "$n" >/dev/null; then
			found+=" $n"
		else
			skip "$n" "it is not there"
		fi
	done
}

# ---- client x stage ----

declare -A table
# stage CLIENT STAGE COMMAND...: a check whose result goes to the table.
stage() {
	local client=$1 stage=$2 before=$n_failed
	shift 2
	check "$client: $stage" "$@"
	[ "$n_failed" -eq "$before" ] && table[$client,$stage]=yes || table[$client,$stage]=NO
}
# cannot CLIENT STAGE WHY
cannot() { skip "$1: $2" "$3"; table[$1,$2]="- ($3)"; }
# tell_stages "CLIENT..." STAGE...
tell_stages() {
	local clients=$1 n s
	shift
	for n in $clients; do
		for s; do note "$(printf '%-9s %-22s %s' "$n" "$s" "${table[$n,$s]}")"; done
	done
}
