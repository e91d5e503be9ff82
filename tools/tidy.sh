#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tidy.sh [FILE...] -- FLAG... - clang-tidy over these C files (all of git's when none is named),
# compiled with these flags. One file at a time for each processor; says how far it is, then what was
# found, each finding once though many files include the same header.
set -u
cd "$(dirname "$0")/.." || exit 1

files=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	files+=("$1")
	shift
done
[ $# -gt 0 ] && shift
# The guests of tests/nested are freestanding: their flags are their own Makefile's.
if [ ${#files[@]} = 0 ]; then
	mapfile -t files < <(git ls-files '*.c' | grep -v '^tests/nested/guest/')
fi

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
tidy_one() {
	local file=$1 log
	shift
	log=$TIDY_OUT/${file//\//@}
	clang-tidy --quiet "$file" -- "$@" >"$log" 2>/dev/null || touch "$log.failed"
	# It takes minutes: show that it lives.
	[ -t 2 ] && printf '\r  TIDY  %d' "$(find "$TIDY_OUT" -type f ! -name '*.failed' | wc -l)" >&2
	return 0
}
export -f tidy_one
export TIDY_OUT=$out
printf '%s\0' "${files[@]}" |
	xargs -0 -P "$(nproc)" -I {} bash -c 'tidy_one "$@"' tidy {} "$@"
printf '\r  TIDY  %d files\n' ${#files[@]} >&2
compgen -G "$out/*.failed" >/dev/null || exit 0
for failed in "$out"/*.failed; do
	cat "${failed%.failed}"
done | awk '/^[^ ].*(error|warning): / { seen = shown[$0]++ } !seen'
exit 1
