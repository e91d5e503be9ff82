#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# README does what it says: each of its commands runs as written on the little host of tools/try.sh,
# as an ordinary user where the tree lets one in, and prints what README shows; its picture is the one
# that `lab graph` draws; what it names exists.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need "$VSWITCHD" "$VNETCTL" make setpriv
[ -f "$O/image/initrd" ] || skip_all "no guest image: make image builds it"

# ---- the tour --------------------------------------------------------------------------------

user=(setpriv --reuid 1000 --regid 1000 --clear-groups)
if "${user[@]}" sh -c "test -x '$VNETCTL' && test -r '$TOP/README.md' && unshare -Urn true" 2>/dev/null; then
	pass "an ordinary user may have a little host"
else
	skip "an ordinary user may have a little host" "not on this machine, or not in this folder"
	user=()
fi
export O
export HOME=/
while IFS= read -r line; do
	case $line in
	"ok "*) pass "${line#ok }" ;;
	"not ok "*) fail "${line#not ok }" ;;
	*) echo "$line" ;;
	esac
	n_seen=$((${n_seen:-0} + 1))
done < <("${user[@]}" "$TOP/tools/try.sh" /usr/bin/python3 "$TOP/tests/system/readme.py" "$TOP/README.md" 2>&1)
check "README's commands were run (${n_seen:-0})" [ "${n_seen:-0}" -gt 20 ]
if command -v script >/dev/null; then
	printf 'vnetctl status\nexit\n' >$DIR/typed
	"${user[@]}" script -qec "$TOP/tools/try.sh" /dev/null <$DIR/typed >$DIR/shell 2>&1
	check "a terminal gets a shell on it" grep -q "$(vctl --version | cut -d' ' -f2)" $DIR/shell
else
	skip "a terminal gets a shell on it" "script is not installed"
fi
check "nothing of the little host is left" sh -c "! pgrep -x 'vswitchd|vnet-uml|vnet-vmm'"

# ---- the picture -----------------------------------------------------------------------------

# words FILE: what is written in a picture, where nodes and edges are named; how Graphviz places it
# depends on the fonts that are installed.
words() { grep -oE '<(title|text)[^>]*>[^<]*' "$1" | sed 's/<\(title\|text\)[^>]*>//' | sort; }
if command -v neato >/dev/null; then
	check "the picture's lab is drawn" vctl lab graph "$TOP/labs/five-networks.yaml" --format svg --out $DIR/5.svg
	equal "README's picture is that of the lab" "$(words $DIR/5.svg)" "$(words "$TOP/doc/five-networks.svg")"
	check "and says something" [ "$(words $DIR/5.svg | wc -l)" -gt 40 ]
else
	skip "README's picture is that of the lab" "graphviz is not there"
fi

# ---- what is named ---------------------------------------------------------------------------

missing=
for path in $(grep -oE '\]\([^):]+\)|`[a-z0-9-]+/[a-z0-9/.-]*`' "$TOP/README.md" | tr -d '`()]'); do
	[ -e "$TOP/$path" ] || case $path in switch/ | carrier/ | host/ | control/ | guest/)
		[ -d "$TOP/vswitchd/$path" ] ;;
	*) false ;; esac || missing+=" $path"
done
equal "every file that README names is there" "" "$missing"
missing=
while read -r noun verb; do
	vctl help "$noun" | grep -qE "^  vnetctl $noun( $verb\b| ?\[?[A-Z]|\$)" || missing+=" $noun-$verb"
done < <(grep -oE '`vnetctl [a-z]+( [a-z]+)?' "$TOP/README.md" | cut -d' ' -f2- | grep -v '^help')
equal "every command that README names is there" "" "$missing"
finish
