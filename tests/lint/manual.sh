#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# manual.sh - the manual pages are well formed, and say what the program can: see manual.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${O:-build}
bad=0
if ! command -v mandoc >/dev/null; then
	echo "manual: not checked: mandoc is not installed"
	exit 0
fi
# With every warning of groff, as man(1) shows pages to people, and of mandoc.
for page in doc/*.[1-8]; do
	mandoc -T lint -W warning "$page" || bad=1
	out=$(groff -mandoc -Tutf8 -rLL=78n -ww "$page" 2>&1 >/dev/null)
	[ -z "$out" ] || { echo "$page: $out"; bad=1; }
done
if [ -x "$O/bin/vnetctl" ]; then
	python3 tests/lint/manual.py "$O/bin/vnetctl" || bad=1
else
	echo "manual: not compared with the program: $O/bin/vnetctl is not built"
fi
exit $bad
