#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# setup.sh KIND... - see that the Debian packages of these kinds (tools/packages.txt) are there.
# Missing ones are listed, then installed when we are root. Safe to repeat; quick when all is there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

wanted() {
	awk -v kinds=" $* " '$1 !~ /^#/ && NF == 2 && index(kinds, " " $1 " ") { print $2 }' \
		"$here/packages.txt"
}

installed() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if ! command -v dpkg-query >/dev/null; then
	echo "setup: this is not a Debian system; install the packages of tools/packages.txt" \
		"by their names here, then go on" >&2
	exit 0
fi

missing=()
for package in $(wanted "$@"); do
	installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "setup: ${#missing[@]} packages are missing: ${missing[*]}"
if [ "$(id -u)" != 0 ]; then
	echo "setup: install them with: sudo apt-get install ${missing[*]}" >&2
	exit 1
fi
echo "setup: installing them (this needs the package archive, and a minute or two)"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)

# Lessons and tests run their servers themselves, in namespaces: those that a package brings must
# serve this machine neither now nor after its next boot.
services() { systemctl list-unit-files --type=service --state=enabled --no-legend 2>/dev/null | awk '{ print $1 }' | sort; }
policy=/usr/sbin/policy-rc.d
ours=
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
	ours=$policy
fi
trap 'rm -f "$log" $ours' EXIT
before=$(services)
if ! { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "setup: apt-get failed, see above" >&2
	exit 1
fi
comm -13 <(echo "$before") <(services) | xargs -r systemctl disable --quiet 2>/dev/null || true
echo "setup: done"
