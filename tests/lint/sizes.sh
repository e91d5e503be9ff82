#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sizes.sh - the budgets that keep a room in a head: functions of at most 100 lines, files of at
# most 1,000. Prints medians; fails on what is over.
set -u
cd "$(dirname "$0")/../.." || exit 1
max_function=100 max_file=1000
bad=0

while read -r lines file; do
	if [ "$lines" -gt $max_file ]; then
		echo "$file: $lines lines, the budget is $max_file"
		bad=1
	fi
done < <(git ls-files '*.c' '*.h' | xargs wc -l | grep -v ' total$')

if ! command -v ctags >/dev/null || ! ctags --version | grep -q Universal; then
	echo "sizes: function lengths not checked: universal-ctags is not installed"
	exit $bad
fi
functions=$(git ls-files '*.c' '*.h' | grep -v '^tests/' |
	ctags -L - --languages=C --kinds-C=f --fields=+ne -f - |
	awk -F'\t' '{ start = end = 0
		for (i = 4; i <= NF; i++) {
			if ($i ~ /^line:/) start = substr($i, 6)
			if ($i ~ /^end:/) end = substr($i, 5)
		}
		if (end) print end - start + 1, $2, $1 }' | sort -n)
echo "$functions" | awk '{ n[NR] = $1 } END { print NR " functions: median " n[int((NR + 1) / 2)] \
	", 90th percentile " n[int(NR * 0.9)] ", longest " n[NR] }'
over=$(echo "$functions" | awk -v max=$max_function '$1 > max { print $2 ": " $3 "() has " $1 " lines, the budget is " max }')
if [ -n "$over" ]; then
	echo "$over"
	bad=1
fi
exit $bad
