#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Files into nodes and out of them, and what a hostile guest sends instead. HYPERVISOR says which guests;
# BIG=100 copies a file of so many MiB both ways.
. "$(dirname "$0")/lib.sh"
new_host "$@"
hypervisor=${HYPERVISOR:-uml}
[ -f "$O/image/default.erofs" ] || skip_all "the guest images are not built (make image)"
field() { jctl vm show "$1" | json "$2"; }
is_state() { [ "$(field "$1" "d['state']")" = "$2" ]; }
inside() { vctl vm exec pc -- "$@"; }
copy() { vctl vm copy "$@"; }
sum() { sha256sum "$1" | cut -d ' ' -f 1; }
sum_there() { inside "sha256sum '$1'" | cut -d ' ' -f 1; }
same_there() { [ "$(sum "$1")" = "$(sum_there "$2")" ]; }

start_daemon
check "a guest" vctl vm run pc memory=192MiB hypervisor=$hypervisor
mkdir -p $DIR/up/some/deeper $DIR/up/empty $DIR/down
W=$DIR/up/some
echo hello >$W/small
printf '#!/bin/sh\necho it runs\n' >$W/script
chmod 751 $W/script
chmod 640 $W/small
head -c 700000 /dev/urandom >$W/large
: >$W/nothing
printf x >"$W/deeper/a name with 'quotes' and \$(no) command"
for i in $(seq 200); do echo "file $i" >$W/deeper/f$i; done
ln -s small $W/link
ln -s /etc/passwd $W/points-out
mkfifo $W/pipe
check "is up" wait_for 60 is_state pc running

# ---- in ----
check "a file" copy $W/small pc:/root/
check "is there" same_there $W/small /root/small
check "by another name, in folders that are made" copy $W/small pc:/srv/a/b/other
equal "its mode is kept" 640 "$(inside stat -c %a /srv/a/b/other)"
check "a larger one" copy $W/large pc:large
check "is the same" same_there $W/large /root/large
check "an empty one" copy $W/nothing pc:/root/nothing
out=$(copy $DIR/up pc:/srv/tree 2>&1)
check "a folder" same_there $W/large /srv/tree/some/large
check "with odd names" same_there "$W/deeper/a name with 'quotes' and \$(no) command" \
	"/srv/tree/some/deeper/a name with '\\''quotes'\\'' and \$(no) command"
equal "all of it" "$(cd $DIR/up && find . ! -type p | sort | sha256sum)" \
	"$(inside 'cd /srv/tree && find . | sort | sha256sum')"
equal "the script runs" "it runs" "$(inside /srv/tree/some/script)"
check "what was left out is said" grep -q '1 left out.*pipe' <<<"$out"
check "once more, over what is there" copy $W/large pc:/srv/tree/some/large
refused "a file that is not here" "No such file" copy $DIR/nosuch pc:/root/
refused "a place that can't be" "[Nn]ot a directory|can't create" copy $W/small pc:/root/small/below
usage_error "both here" "wants FILE GUEST:PATH" copy $W/small $W/other
usage_error "both there" "wants FILE GUEST:PATH" copy pc:/a pc:/b
check "JSON says how much" eval "[ \"\$(jctl vm copy $W/small pc:/root/ | json \"d['bytes']\")\" = 6 ]"

# ---- out ----
check "a file back" copy pc:/root/large $DIR/down/
check "is the same" cmp $W/large $DIR/down/large
check "by another name" copy pc:/srv/a/b/other $DIR/down/renamed
equal "its mode is kept" 640 "$(stat -c %a $DIR/down/renamed)"
out=$(copy pc:/srv/tree $DIR/down/tree 2>&1)
check "a folder back" diff -r --no-dereference -x points-out -x pipe $DIR/up $DIR/down/tree
check_not "a link that leads out is left out" test -L $DIR/down/tree/some/points-out
check "and it says so" grep -q '1 left out.*points-out' <<<"$out"
check "a link that stays is there" test "$(readlink $DIR/down/tree/some/link)" = small
refused "what is not there" "no such file" copy pc:/nosuch $DIR/down/
refused "into a folder that is not here" "No such file" copy pc:/root/small $DIR/nosuch/deeper/x
# ---- cut off ----
head -c 4000000 /dev/urandom >$DIR/up/huge
left() { inside 'find / -xdev -name ".vnet-copy*" | grep .'; }
gone() { ! left >/dev/null; }
copies() { # ARGS: killed when its file is there
	"$VNETCTL" -s $SOCK vm copy "$@" >/dev/null 2>&1 &
	check "a copy ($1) has begun" wait_for 20 left
	kill -9 $!
	wait $! 2>/dev/null
	check "it is killed: what it had made goes" wait_for 10 gone
}
copies $DIR/up/huge pc:/root/huge
check_not "and nothing has the name" inside test -e /root/huge
inside 'head -c 4000000 /dev/urandom >/root/huge'
copies pc:/root/huge $DIR/down/
check_not "nor here" test -e $DIR/down/huge
inside 'rm /root/huge'
rm $DIR/up/huge
# A daemon that does not listen for a while, in the middle of much output.
(sleep 0.5; kill -STOP $DAEMON_PID; sleep 1; kill -CONT $DAEMON_PID) &
check "output that had to wait comes" eval '[ "$(inside "head -c 2000000 /dev/zero | tr \\\\0 x" | wc -c)" = 262144 ]'

equal "nothing is left in the guest" "" "$(inside 'find / -xdev -name ".vnet-copy*"')"
equal "nor here" "" "$(find $DIR/down -name '.vnet-copy*')"

# ---- a hostile guest ----
# Its tar is ours to say: whatever was asked for, it sends /evil.tgz.
echo untouched >$DIR/down/victim
mkdir $DIR/evil
python3 - $DIR/evil <<'END'
import io, sys, tarfile
def make(name, *entries):
    with tarfile.open(f"{sys.argv[1]}/{name}.tgz", "w:gz") as t:
        for path, kind, what in entries:
            e = tarfile.TarInfo(path)
            e.type, e.mode = kind, 0o6777
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                e.linkname = what
                t.addfile(e)
            else:
                e.size = len(what)
                t.addfile(e, io.BytesIO(what))
R, S, H = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
D = tarfile.DIRTYPE
make("dotdot", ("t", D, b""), ("t/../../victim", R, b"evil"), ("../victim", R, b"evil"), ("t/ok", R, b"fine"))
make("absolute", ("t", D, b""), ("/run/t/down/victim", R, b"evil"), ("t/ok", R, b"fine"))
make("links", ("t", D, b""), ("t/d", S, ".."), ("t/e", S, "/run/t/down"), ("t/f", S, "a/../../x"), ("t/ok", R, b"fine"))
make("through", ("t", D, b""), ("t/s", D, b""), ("t/d", S, "s"), ("t/d/victim", R, b"evil"))
make("hardlink", ("t", D, b""), ("t/h", H, "/run/t/down/victim"), ("t/h", H, "../victim"), ("t/ok", R, b"fine"))
make("device", ("t", D, b""), ("t/c", tarfile.CHRTYPE, b""), ("t/f", tarfile.FIFOTYPE, b""), ("t/ok", R, b"fine"))
make("bomb", ("t", R, bytes(40 << 20)))
open(f"{sys.argv[1]}/garbage.tgz", "wb").write(bytes(range(256)) * 40)
END
inside 'mkdir -p /root/bin; cat >/usr/bin/tar <<"END"
#!/bin/sh
case $1 in
-czf) cp /root/evil.tgz "$2" ;;
*) exec /bin/busybox tar "$@" ;;
esac
END
chmod 755 /usr/bin/tar; mv /bin/tar /bin/tar.was; ln -sf /usr/bin/tar /bin/tar'
hostile() { # NAME: copies a folder out while the guest answers with evil/NAME.tgz
	rm -rf $DIR/down/got
	copy $DIR/evil/$1.tgz pc:/root/evil.tgz && timeout 60 "$VNETCTL" -s $SOCK vm copy pc:/root/small "$DIR/down/got"
}
untouched() { [ "$(cat $DIR/down/victim)" = untouched ] && [ "$(stat -c %h $DIR/down/victim)" = 1 ]; }
for kind in dotdot absolute links hardlink device; do
	hostile $kind >$DIR/out 2>&1
	check "$kind: nothing outside is touched" untouched
	check "what is harmless came, the rest is named" eval "grep -q fine $DIR/down/got/ok && grep -q 'left out' $DIR/out"
	check "no device, no set-user-id, no way out" eval \
		"[ -z \"\$(find $DIR/down/got ! -type f ! -type d ! -type l -o -type f -perm /6000 -o -lname '/*' -o -lname '*..*')\" ]"
done
check_not "no link is followed on the way" hostile through
check "not even to where it may lead" test ! -e $DIR/down/got/s/victim
check_not "garbage" hostile garbage
out=$(rm -rf $DIR/down/got; copy $DIR/evil/bomb.tgz pc:/root/evil.tgz && "$VNETCTL" -s $SOCK vm copy pc:/root/small $DIR/down/got max=1MiB 2>&1)
check "a bomb is stopped" grep -q 'more than' <<<"$out"
check "and not there" test ! -e $DIR/down/got
inside 'printf "#!/bin/sh\ncase \$1 in -czf) yes >\$2 & sleep 1; kill \$!; echo 99999999999999 ;; esac\n" >/usr/bin/tar'
check_not "a size that is none" timeout 60 "$VNETCTL" -s $SOCK vm copy pc:/root/small $DIR/down/got max=1MiB
check "vm kill in the middle" eval "copy $W/large pc:/root/again & sleep 0.2; vctl vm kill pc; wait \$!; [ \$? = 1 ]"

# ---- namespaces ----
cat >$DIR/two.yaml <<END
version: 1
name: two
defaults: {kind: namespace}
networks: {sw: {mode: lan-segment}}
nodes:
  h1: {interfaces: [{network: sw, address: 10.0.0.1/24}], files: {/srv/tree: up}}
END
check "a lab with a folder among its files" vctl lab up $DIR/two.yaml
check "has it" eval "vctl lab exec two h1 -- 'cat /srv/tree/some/deeper/f200' | grep -q 'file 200'"
check_not "the host has not" test -e /srv/tree
check "a file into a namespace" vctl lab copy two $W/large h1:/root/large
check "and back" eval "vctl lab copy two h1:/root/large $DIR/down/again && cmp $W/large $DIR/down/again"
check_not "its own, not the host's" test -e /root/large
refused "the host's folders are not for it" "shares the host's files" vctl lab copy two $W/small h1:/usr/x
refused "nor by a way around" "shares the host's files" vctl lab copy two $W/small h1:/srv/../usr/x
refused "a node that is not there" "no node" vctl lab copy two $W/small h9:/root/x
check "down" vctl lab down two
check "a clean end" stop_daemon
finish
