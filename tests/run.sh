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

# How many test programs run at once: most wait far more than they work.
JOBS=${JOBS:-$(($(nproc) + 1))}

passed=0 failed=0 skipped=0
skip_reasons=() failures=() retried=()
jobs=() # in the order of their start: NAME and then the command, joined by newlines
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

log_of() { echo "$logs/${1//\//-}.log"; }

# run_one NAME COMMAND... : run one program, say how it went, and leave the counts beside its log.
run_one() {
	local name=$1 ok notok skip secs log line
	shift
	log=$(log_of "$name")
	run_program "$@"
	line=$(printf '%-34s %4d passed' "$name" "$ok")
	[ "$notok" != 0 ] && line+=", $notok FAILED"
	[ "$skip" != 0 ] && line+=", $skip skipped"
	printf '%s  %6s s\n' "$line" "$secs"
	echo "$ok $notok $skip" >"${log%.log}.counts"
}

# count NAME : add up what run_one left.
count() {
	local ok=0 notok=1 skip=0 log line
	log=$(log_of "$1")
	read -r ok notok skip <"${log%.log}.counts"
	passed=$((passed + ok)) failed=$((failed + notok)) skipped=$((skipped + skip))
	while IFS= read -r line; do
		skip_reasons+=("$1: ${line#ok *[0-9] - }")
	done < <(grep -iE '^(ok|1\.\.0).*# *skip' "$log" | cut -c1-160)
	if [ "$notok" != 0 ]; then
		failures+=("$1")
		tail -n 60 "$log" | sed 's/^/    | /'
	fi
}

failed_at_first() { # NAME
	local log
	log=$(log_of "$1")
	[ "$(cut -d ' ' -f 2 "${log%.log}.counts" 2>/dev/null || echo 1)" != 0 ]
}

# job NAME COMMAND... : run it beside others, and count it when the suite has ended.
job() {
	jobs+=("$(printf '%s\n' "$@")")
	while [ "$(jobs -pr | wc -l)" -ge "$slots" ]; do wait -n; done
	run_one "$@" &
}

# end_jobs TRIES : wait for the jobs and count them. With 2 tries one that fails runs again, alone,
# and the summary names it: guests under emulation depend on a machine that others use too, and what
# fails twice is not that.
end_jobs() {
	local entry name log command
	wait
	for entry in "${jobs[@]}"; do
		mapfile -t command <<<"$entry"
		name=${command[0]} log=$(log_of "${command[0]}")
		if [ "$1" = 2 ] && failed_at_first "$name"; then
			retried+=("$name: $(grep -m 1 '^not ok' "$log" | cut -c1-120)")
			mv "$log" "${log%.log}.first.log"
			run_one "${command[@]}"
		fi
		count "$name"
	done
	jobs=()
}

suite_lint() {
	local script
	for script in tests/lint/*.sh; do
		job "lint/$(basename "$script" .sh)" tests/tap.sh "$(basename "$script" .sh)" "$script"
	done
}

suite_programs() { # FOLDER
	local program
	for program in "$O/tests/$1"/test_*; do
		[ -x "$program" ] && [ -f "$program" ] && [[ $program != *.* ]] || continue
		job "$1/$(basename "$program" | sed 's/^test_//')" "$program"
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
		[ -d "$corpus" ] || corpus=$work
		job "fuzz/$name" tests/tap.sh "$name" "$program" "-max_total_time=${FUZZ_SECONDS:-3}" \
			-timeout=10 -rss_limit_mb=4096 "-artifact_prefix=$work/" "$work" "$corpus"
	done
}

# Scripts say "# Runs alone: WHY" where another at the same time would spoil what they measure.
suite_scripts() { # FOLDER
	local script alone=()
	for script in tests/"$1"/test_*.sh; do
		[ -f "$script" ] || continue
		if grep -q '^# Runs alone:' "$script"; then
			alone+=("$script")
		else
			job "$1/$(basename "$script" .sh | sed 's/^test_//')" bash "$script"
		fi
	done
	wait
	for script in "${alone[@]}"; do
		slots=1 job "$1/$(basename "$script" .sh | sed 's/^test_//')" bash "$script"
	done
}

if [ $# = 0 ]; then
	set -- lint unit wire fuzz system
	[ "$SAN" = 1 ] || set -- "$@" nested
fi
begin=$SECONDS
again=$((SAN == 1 ? 1 : 2)) # what a sanitizer says once is true
slots=$JOBS
for suite; do
	case $suite in
	lint) suite_lint && end_jobs 1 ;;
	unit | wire) suite_programs "$suite" && end_jobs 1 ;;
	fuzz) suite_fuzz && end_jobs 1 ;;
	system) suite_scripts system && end_jobs $again ;;
	nested) # an emulated machine is slow, and works more than it waits
		limit=$((limit * 3))
		slots=$(nproc)
		suite_scripts nested && end_jobs $again
		;;
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
