#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What people see on a terminal: no table is wider than it, colours only where they are wanted, and
# nothing that a guest or a file calls itself can do anything to it. All commands that list, show or
# watch, on terminals of three widths, with names chosen to hurt.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need "$VNETCTL" "$VSWITCHD" busybox
export LC_ALL=C.UTF-8

# on COLUMNS[,VARIABLE=VALUE...] SECONDS ARGS...: vnetctl there; sets status, widest, controls.
seen=$DIR/seen
on() {
	/usr/bin/python3 "$TOP/tests/system/terminal.py" "$1" "$2" "$VNETCTL" -s $SOCK "${@:3}" >"$seen"
	verdict "$seen"
}
verdict() { read -r _ status widest controls < <(tail -n 1 "$1"); }
# harmless TEXT COLUMNS ARGS...: it succeeds, and only colours and its own progress reach the terminal.
harmless() {
	on "$2,TERM=xterm" 20 "${@:3}"
	# A check of the lab fails, which is what `lab check` then says.
	if [[ $status == 0 || "$status ${*:3}" == "1 lab check wide" ]] &&
		[[ ,colour,erase, == *,${controls:-colour},* ]] ; then
		return 0
	fi
	fail "$1 (status $status, controls $controls)"
	note "$(cat -v $DIR/seen)"
	return 1
}

# ---- what there is ---------------------------------------------------------------------------

start_daemon
long=a-network-with-quite-a-long-name
long=${long:0:31}
vctl net add $long mode=nat subnet=10.0.2.0/24 || fail "a network of a long name"
plug $long a 10.0.2.9/24
plug $long b
evil=$'\e[31m\e]0;owned\a\xc2\x9b2Jx'
ns b busybox udhcpc -i eth0 -n -q -f -t 8 -T 1 -s /bin/true -V "$evil" -x "hostname:$evil" >$DIR/udhcpc 2>&1 ||
	fail "a lease for a hostile name"
mkdir "$DIR/网络 über"
cat >"$DIR/网络 über/lab.yaml" <<-'EOF'
	version: 1
	name: wide
	title: "网络 gnol a title"
	networks: {sw: {mode: lan-segment}}
	nodes:
	  h1: {kind: namespace, interfaces: [{network: sw, address: 10.9.0.1/24}]}
	stages: [{id: one, title: "网络", text: "网络"}]
	checks:
	  - {id: ok, title: "网络  网络网络网络网络网络网络网络网络网络网络", exec: {node: h1, command: "true"}}
	  - {id: no, title: b, hint: "hint", exec: {node: h1, command: "printf '\\033[31m\\033]0;owned\\007'; false"}, within: 1s}
EOF
for c in '\u202E' '\u2066' '\u009B' '\e'; do
	text=$(cat "$DIR/网络 über/lab.yaml")
	echo "${text/title: b/title: \"b$c\"}" >$DIR/control.yaml
	check_not "no $c in a title" vctl lab validate $DIR/control.yaml
done
check "a lab whose file is called in wide characters" vctl lab up "$DIR/网络 über/lab.yaml"
vctl dns add $long txt TXT "$evil" >/dev/null
ping_ok a 10.0.2.2 >/dev/null

# ---- lists and views -------------------------------------------------------------------------

# Every verb that lists or shows, from the program's own table, with arguments that fit its usage.
views=$(vctl -j help | json "'\n'.join(' '.join([n['noun'], v['verb']] + [
	{'NET': '$long', '[NET]': '', 'PORT': 'b.eth0', '[NAME|FILE]': 'wide', 'NAME': 'wide'}[w]
	for w in v['args'].split()[:1] if w in ('NET', '[NET]', 'PORT', '[NAME|FILE]', 'NAME')])
	for n in d['nouns'] for v in n['verbs']
	if (v['verb'] in ('list', 'show', 'guests', 'stats', 'status', 'tasks', 'check', 'options', 'diff') and n['noun'] not in ('vm', 'image'))
	or (v['verb'] == 'list') or n['noun'] in ('status', 'doctor'))")
views+=$'\n'"nat forward list $long"$'\n'"nat map list $long"$'\n'"dhcp options $long"
n_views=0
while read -r -a view; do
	n_views=$((n_views + 1))
	bad=
	for columns in 40 80 200; do
		harmless "${view[*]} on $columns columns" $columns "${view[@]}" || { bad=1; break; }
		case ${view[1]-} in
		list | guests | status | check) [ "$widest" -le $columns ] || {
			fail "${view[*]} fits $columns columns ($widest)"; note "$(cat -v $DIR/seen)"; bad=1; } ;;
		esac
	done
	[ -n "$bad" ] || pass "${view[*]}"
done <<<"$views"
check "these are all of them ($n_views)" [ $n_views -ge 20 ]
check "a pipe gets names whole" grep -q "网络 über/lab.yaml" <<<"$(vctl lab list)"
check_not "and no byte that a terminal obeys" grep -qP '[\x00-\x08\x0b-\x1f\x7f]' <<<"$(vctl dhcp list $long; vctl lab tasks wide; vctl dns list $long)"
check "without UTF-8 all is ASCII" sh -c "! LC_ALL=C '$VNETCTL' -s $SOCK lab list | LC_ALL=C grep -q '[^ -~]'"

# ---- what goes on ----------------------------------------------------------------------------

watches=(events "nat watch $long" "dhcp watch $long" "dns watch $long" top "capture $long" "trace $long")
pids=()
for i in "${!watches[@]}"; do
	# shellcheck disable=SC2086
	(seen=$DIR/seen.$i on 60,TERM=xterm 3 ${watches[i]}) &
	pids+=($!)
done
wait_for 5 sh -c "[ \$(grep -l watching $DIR/seen.* | wc -l) -ge 6 ]"
ns b busybox udhcpc -i eth0 -n -q -f -t 8 -T 1 -s /bin/true -V "$evil" -x "hostname:$evil" >/dev/null 2>&1
ns a busybox nslookup "x$evil" 10.0.2.2 >/dev/null 2>&1
vctl port add $long tmp && vctl port del tmp
wait "${pids[@]}"
for i in "${!watches[@]}"; do
	verdict $DIR/seen.$i
	case ${watches[i]} in top) allowed=,colour,erase,erase, ;; *) allowed=,colour, ;; esac
	if [ "$status" = 0 ] && [[ $allowed == *,${controls:-colour},* ]]; then
		pass "${watches[i]}, until Ctrl-C"
	else
		fail "${watches[i]}, until Ctrl-C (status $status, controls $controls)"
		note "$(cat -v $DIR/seen.$i)"
	fi
done

# ---- colours ---------------------------------------------------------------------------------

# colours TEXT WANTED COLUMNS[,VARIABLE=VALUE...] ARGS...
colours() {
	on "$3" 20 "${@:4}"
	equal "$1" "$2" "${controls/,erase/}"
}
colours "colours on a terminal" colour 80,TERM=xterm lab check wide
colours "not where NO_COLOR is set" erase 80,TERM=xterm,NO_COLOR=1 lab check wide
colours "but when it is set to nothing" colour 80,TERM=xterm,NO_COLOR= lab check wide
colours "not on a dumb terminal" "" 80,TERM=dumb lab check wide
colours "not when told so" erase 80,TERM=xterm --color=never lab check wide
colours "always when told so" colour 80,TERM=dumb,NO_COLOR=1 --color=always lab check wide
equal "none in a pipe" "" "$(vctl lab check wide | tr -cd '\033')"
check "but when told so" grep -q $'\033' <<<"$(vctl --color=always lab check wide)"
vctl lab down wide >/dev/null
check "the daemon stops cleanly" stop_daemon
finish
