#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh [SUITE...] - run the tests that are built in $O and count them.
#
# Suites: lint unit wire fuzz system nested (default: all of them; nested not under SAN=1, where
# an instrumented VMM in an emulated machine would only test patience). Every test program speaks
# TAP ("ok", "not ok", "# SKIP why"); this script adds up the lines, shows the log of what failed,
# and says why something was skipped. Exit status 0 only when nothing failed and something ran.
set -u
cd "$(dirname "$0")/.." || exit 1
O=${O:-build}
[[ $O == /* ]] || O=$PWD/$O
export O CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0:exitcode=99}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
SAN=${SAN:-0}
# Seconds that one test program may take before it counts as hung.
limit=${TEST_LIMIT:-300}

passed=0 failed=0 skipped=0
skip_reasons=() failures=() retried=()
tries=1
logs=$O/tests/logs
rm -rf "$logs"
mkdir -p "$logs"

# run_program COMMAND... : run one TAP program; sets ok, notok, skip and secs from its log.
run_program() {
	local start status
	start=$(date +%s.%N)
	timeout --kill-after=10 "$limit" "$@" >"$log" 2>&1 </dev/null
	status=$?
	secs=$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')
	notok=$(grep -c '^not ok' "$log")
	skip=$(grep -ciE '^(ok|1\.\.0).*# *skip' "$log")
	ok=$(grep -E '^ok' "$log" | grep -vciE '# *skip')
	if [ $status = 124 ] || [ $status = 137 ]; then
		echo "not ok - did not end within $limit s" >>"$log"
		notok=$((notok + 1))
	elif [ $status != 0 ] && [ "$notok" = 0 ]; then
		echo "not ok - exit status $status without a failed test" >>"$log"
		notok=$((notok + 1))
	elif [ $((ok + notok + skip)) = 0 ]; then
		echo "not ok - ran no test" >>"$log"
		notok=1
	fi
}

# run_one NAME COMMAND... : run one program and count. Where $tries is 2, one that fails is run
# again, and the summary names it: guests under emulation depend on a machine that others use too,
# and what fails twice is not that.
run_one() {
	local name=$1 ok notok skip secs log line
	shift
	log=$logs/${name//\//-}.log
	run_program "$@"
	if [ "$notok" != 0 ] && [ "$tries" = 2 ]; then
		retried+=("$name: $(grep -m 1 '^not ok' "$log" | cut -c1-120)")
		mv "$log" "${log%.log}.first.log"
		run_program "$@"
	fi
	passed=$((passed + ok)) failed=$((failed + notok)) skipped=$((skipped + skip))
	printf '%-34s %4d passed' "$name" "$ok"
	[ "$notok" != 0 ] && printf ', %d FAILED' "$notok"
	[ "$skip" != 0 ] && printf ', %d skipped' "$skip"
	printf '  %6s s\n' "$secs"
	while IFS= read -r line; do
		skip_reasons+=("$name: ${line#ok *[0-9] - }")
	done < <(grep -iE '^(ok|1\.\.0).*# *skip' "$log" | cut -c1-160)
	if [ "$notok" != 0 ]; then
		failures+=("$name")
		tail -n 60 "$log" | sed 's/^/    | /'
	fi
}

suite_lint() {
	local script
	for script in tests/lint/*.sh; do
		run_one "lint/$(basename "$script" .sh)" bash -c "
			if out=\$($script 2>&1); then echo \"\$out\"; echo 'ok 1 - $script'
			else echo \"\$out\"; echo 'not ok 1 - $script'; fi"
	done
}

suite_programs() { # FOLDER
	local program
	for program in "$O/tests/$1"/test_*; do
		[ -x "$program" ] && [ -f "$program" ] && [[ $program != *.* ]] || continue
		run_one "$1/$(basename "$program" | sed 's/^test_//')" "$program"
	done
}

# Each fuzz target replays its corpus, then runs for a few seconds; `make fuzz` builds them.
suite_fuzz() {
	local program name corpus work
	for program in "$O"/fuzz/fuzz_*; do
		[ -x "$program" ] && [[ $program != *.* ]] || continue
		name=$(basename "$program" | sed 's/^fuzz_//')
		corpus=tests/fuzz/corpus/$name
		work=$logs/fuzz-$name
		mkdir -p "$work"
		[ -d "$corpus" ] || corpus=
		run_one "fuzz/$name" bash -c "
			if $program -max_total_time=${FUZZ_SECONDS:-3} -timeout=10 -rss_limit_mb=4096 \
				-artifact_prefix=$work/ $work $corpus
			then echo 'ok 1 - $name'; else echo 'not ok 1 - $name'; fi"
	done
}

suite_scripts() { # FOLDER
	local script
	for script in tests/"$1"/test_*.sh; do
		[ -f "$script" ] || continue
		run_one "$1/$(basename "$script" .sh | sed 's/^test_//')" bash "$script"
	done
}

if [ $# = 0 ]; then
	set -- lint unit wire fuzz system
	[ "$SAN" = 1 ] || set -- "$@" nested
fi
begin=$SECONDS
again=$((SAN == 1 ? 1 : 2)) # what a sanitizer says once is true
for suite; do
	case $suite in
	lint) suite_lint ;;
	unit | wire) suite_programs "$suite" ;;
	fuzz) suite_fuzz ;;
	system) tries=$again suite_scripts system ;;
	nested) tries=$again limit=$((limit * 3)) suite_scripts nested ;; # an emulated machine
	*)
		echo "run.sh: no suite '$suite'; there are: lint unit wire fuzz system nested" >&2
		exit 2
		;;
	esac
done

echo
if [ ${#skip_reasons[@]} -gt 0 ]; then
	echo "Skipped, and why:"
	printf '  %s\n' "${skip_reasons[@]}"
fi
if [ ${#retried[@]} -gt 0 ]; then
	echo "Failed at first, run again:"
	printf '  %s\n' "${retried[@]}"
fi
[ ${#failures[@]} -gt 0 ] && echo "Failed: ${failures[*]}   (logs: ${logs#"$PWD"/})"
echo "in $((SECONDS - begin)) s:"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] && [ $passed -gt 0 ]
