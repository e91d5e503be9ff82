#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# try.sh [COMMAND...] - a shell, or a command, on a little host of its own with a running vswitchd.
#
# The host is a set of namespaces: it has a loopback interface and nothing else, no packet leaves it,
# and whatever was made in it is gone when the shell ends. An ordinary user may do this: as root of a
# user namespace of its own, which is root of that host and of nothing else. What such a host lacks is
# the way out; for that, and for guests on the LAN, vswitchd runs as root.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
O=${O:-build}
[[ $O == /* ]] || O=$top/$O

if [ "${1-}" != --inside ]; then
	[ -x "$O/bin/vswitchd" ] || { echo "try: no $O/bin/vswitchd: make builds it" >&2; exit 1; }
	user=()
	[ "$(id -u)" = 0 ] || user=(--user --map-root-user)
	if ! unshare "${user[@]}" --net --mount --pid --fork true 2>/dev/null; then
		echo "try: no namespaces for you here: run it as root, or allow them" \
			"(sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)" >&2
		exit 1
	fi
	user_of=$(id -u) exec unshare \
		"${user[@]}" --net --mount --pid --fork --kill-child --mount-proc \
		"$top/tools/try.sh" --inside "$@"
fi

shift
ip link set lo up
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/netns /run/lock
if [ "${user_of:-0}" != 0 ]; then
	# The machine's root is nobody in here, and its files nobody's: nodes want an /etc of ours.
	mkdir /run/etc
	cp -a --no-preserve=ownership /etc/. /run/etc 2>/dev/null
	mount --bind /run/etc /etc
	mount -t tmpfs -o mode=700 tmpfs /root
fi
export PATH=$O/bin:$PATH
unset VNET_SOCKET
vswitchd --state /run/vswitchd-state >/run/vswitchd.out 2>&1 || { cat /run/vswitchd.out >&2; exit 1; }
if [ $# -gt 0 ]; then
	"$@"
	exit
fi
cat >/run/bashrc <<-EOF
	[ -f ~/.bashrc ] && . ~/.bashrc
	. "$top/tools/completion/vnetctl.bash"
	PATH=$O/bin:\$PATH
	PS1='try \\w\\$ '
EOF
echo "A little host of its own, with vswitchd running. vnetctl says what to do; exit ends all of it."
bash --rcfile /run/bashrc -i
