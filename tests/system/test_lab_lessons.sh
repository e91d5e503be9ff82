#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every lesson that ships: its checks are worth something, and each wrong solution is found. Several are
# tried side by side, as in a class. KIND=uml and its like try them with real guests, LABS='01 02' some,
# HANDINS='01 02' grades the solutions of some.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need busybox nft
start_daemon
before=$(ip -o link | wc -l)
read -ra kind <<<"${KIND:+--kind $KIND}"

selftest() {
	local begin=$SECONDS rc
	vctl lab selftest "$2" --name "$1" "${kind[@]}" >"$DIR/$1.out" 2>&1
	rc=$?
	echo "$((SECONDS - begin))" >"$DIR/$1.took"
	return $rc
}

names=()
for file in "$TOP"/labs/*/lab.yaml; do
	name=$(basename "$(dirname "$file")")
	[[ " ${LABS:-${name%%-*}} " == *" ${name%%-*} "* ]] || continue
	check "$name: is neat" vctl lab fmt --check "$file"
	check "$name: has tasks" grep -q . <<<"$(vctl lab tasks "$file")"
	check "$name: two wrong solutions at least" test "$(ls "$(dirname "$file")/wrong" | wc -l)" -ge 2
	names+=("$name")
done

# Four for each CPU, since they mostly wait; the last lessons, which take longest, first.
limit=$((4 * $(nproc)))
pids=()
for ((i = ${#names[@]} - 1; i >= 0; i--)); do
	while [ "$(jobs -r | grep -c selftest)" -ge "$limit" ]; do sleep 0.1; done
	selftest "${names[i]}" "$TOP/labs/${names[i]}/lab.yaml" &
	pids+=($!)
done
wait "${pids[@]}"
for name in "${names[@]}"; do
	if grep -q " requires " "$DIR/$name.out"; then
		skip "$name: selftest" "$(cat "$DIR/$name.out")"
		continue
	fi
	# One that measures a rate may find the CPUs taken by the others.
	if ! grep -q ", 0 bad" "$DIR/$name.out"; then
		note "$name, side by side: $(grep -v '^good' "$DIR/$name.out" | head -n 5)"
		selftest "$name" "$TOP/labs/$name/lab.yaml"
	fi
	check "$name: selftest" grep -q ", 0 bad" "$DIR/$name.out"
	grep -q ", 0 bad" "$DIR/$name.out" || note "$(grep -v '^good' "$DIR/$name.out")"
	lab_cost "$TOP/labs/$name/lab.yaml" "${kind[@]}"
	read -r took nodes mib <<<"$cost"
	note "$name: $nodes nodes up in $took s, $mib MiB each; $(grep -c '^good' "$DIR/$name.out") points of selftest in $(cat "$DIR/$name.took") s, side by side"
done

# What is right on the student's lab is right when it is handed in.
for name in "${names[@]}"; do
	[[ " ${HANDINS-07} " == *" ${name%%-*} "* ]] || continue
	file=$TOP/labs/$name/lab.yaml
	vctl lab up "$file" --name work --seed Ann "${kind[@]}" >/dev/null &&
		vctl lab solve work >/dev/null &&
		vctl lab save work --student Ann --out $DIR/work.vlab >/dev/null
	vctl lab down work >/dev/null
	check "$name: the right work is graded" \
		vctl lab grade --lab "$file" $DIR/work.vlab --out $DIR/marks.csv "${kind[@]}"
	equal "$name: has all points" '0,"",""' "$(sed -n '2s/.*,\(0,"",""\)$/\1/p' $DIR/marks.csv)"
done

# The verbs that no lesson has yet.
add_outside
cat >$DIR/verbs.yaml <<'Y'
version: 1
name: verbs
defaults: {kind: namespace}
networks: {n: {mode: nat}, sw: {mode: lan-segment}}
nodes:
  a: {interfaces: [{network: sw, address: 10.0.0.1/24, link: {rate: 20Mbit}}, {network: n}]}
  b: {interfaces: [{network: sw, address: 10.0.0.2/24}], run: ["exec busybox nc -l -p 7 &", "echo hi >/etc/x"]}
checks:
  - {id: lease, lease: {node: a, nic: eth1}}
  - {id: udp, udp: {from: a, to: b, port: 99}, within: 2s}
  - {id: dhcp, dhcp: {node: a, nic: eth1}, within: 2s}
  - {id: out, ping: {from: a, to: 198.51.100.9}, needs: lease}
  - {id: nat, nat: {network: n, node: a, proto: icmp}, needs: out}
  - {id: route, route: {node: a, to: default, dev: eth1}, needs: lease}
  - {id: file, file: {node: b, path: /etc/x, output: hi}}
  - {id: rate, throughput: {from: a, to: b, at-least: 5Mbit, at-most: 22Mbit, for: 1s}}
  - {id: tcp, tcp: {from: a, to: b, port: 7}}
Y
check "a lab of many verbs" vctl lab up $DIR/verbs.yaml
check "all pass" vctl lab check verbs
check "down" vctl lab down verbs
ip link del up0
ip netns del outside
equal "nothing is left" "$before 0" "$(ip -o link | wc -l) $(ls /run/netns | wc -l)"
check "the daemon stops cleanly" stop_daemon
finish
