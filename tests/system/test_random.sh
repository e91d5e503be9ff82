#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A random sequence of requests under traffic, with crashes and restarts (random_ops.py).
#
#   SEED=N    the sequence; chosen and printed when not given
#   ROUNDS=N  requests, 400 when not given; a long run takes thousands
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ip nsenter
need "$VSWITCHD" "$VNETCTL"
seed=${SEED:-$RANDOM}
note "seed $seed: SEED=$seed ROUNDS=${ROUNDS:-400} tests/system/test_random.sh does the same again"
for n in g0 g1 g2 g3 wire; do add_ns $n; done
for i in 0 1 2 3; do
	ip link add v$i type veth peer name w$i netns wire
	ip link set v$i up
	ns wire ip link set w$i up
done
for n in g0 g1 wire; do
	ns $n /usr/bin/python3 "$TOP/tests/system/random_traffic.py" "$seed" 2>$DIR/traffic.$n &
done
export VSWITCHD VNETCTL SOCK STATE DIR
while IFS= read -r line; do
	case $line in
	"ok "*) pass "${line#ok * - }" ;;
	"not ok "*) fail "${line#not ok * - }" ;;
	*) note "${line#\# }" ;;
	esac
done < <(/usr/bin/python3 "$TOP/tests/system/random_ops.py" "$seed" "${ROUNDS:-400}" 2>&1 || echo "status $?")
equal "traffic was sent to the end" "" "$(cat $DIR/traffic.*)"
finish
