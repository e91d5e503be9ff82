#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""readme.py README - run every command block of README as it is written, and compare what it claims.

Blocks of ```console are "$ COMMAND" and the output below it; of ```sh, commands alone; a ```yaml
block is the file that the next commands name. They run in one shell, in the order of the text, in a
folder that shows the repository's files and takes new ones. Of `make` only that it has such targets
is asked (make -n): set-up, demo and check are runs of their own.

Of the output every line that README shows must come, and no other; "..." stands for anything, as a
line for any lines. What differs from run to run may differ: times, rates, MAC addresses, which guest
got which address of the pool, which hypervisor there is.

Prints "ok COMMAND" or "not ok COMMAND" for each, with "# " before what it had to say.
"""
import os
import re
import subprocess
import sys
import time

LIMIT_S = 100  # for one command: an emulated guest takes its time to boot
VOLATILE = [  # (what README has, what may stand there)
    (r"\d\d:\d\d:\d\d\.\d{6}", r"\d\d:\d\d:\d\d\.\d{6}"),
    (r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}", r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}"),
    (r"\b10\.0\.2\.1[23]\d\b", r"10\.0\.2\.1[23]\d"),
    (r"\d+(?:\.\d+)? ?(?:ms|s)\b", r"\d+(?:\.\d+)? ?(?:ms|s)"),
    (r"\b(?:kvm|uml|qemu)\b", r"(?:kvm|uml|qemu)"),
    (r"\b\d+ frames\b", r"\d+ frames"),
    (r"\.\.\.", r".*"),
    (r"\s+", r"\s+"),
]
KINDS = re.compile("|".join("(%s)" % kind for kind, _ in VOLATILE))
EXACT_MS = re.compile(r"delay=\S+")  # words of the user, not a time that passed


def pattern(line):
    """The regular expression of an output line of README."""
    out, at = "", 0
    kept = [m.span() for m in EXACT_MS.finditer(line)]
    for m in KINDS.finditer(line):
        if any(a <= m.start() < b for a, b in kept):
            continue
        out += re.escape(line[at:m.start()]) + VOLATILE[m.lastindex - 1][1]
        at = m.end()
    return re.compile(r"\s*" + out + re.escape(line[at:]).rstrip() + r"\s*$")


def blocks(text):
    """(language, lines) of each fenced block."""
    for m in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S):
        yield m.group(1), m.group(2).splitlines()


def commands(text):
    """("file", NAME, lines) and ("run", COMMAND, output or None) in the order of the text."""
    saved = None
    for language, lines in blocks(text):
        if language == "yaml":
            saved = lines
        elif language == "sh":
            yield from (("run", line.split("  #")[0].strip(), None) for line in lines if line)
        elif language == "console":
            if saved:
                yield "file", re.search(r"\S+\.yaml", " ".join(lines)).group(), saved
                saved = None
            yield from console(lines)
    if saved:
        sys.exit("README has a file that no command uses")


def console(lines):
    command, output = None, []
    for line in lines + ["$ "]:
        if not line.startswith("$ "):
            output.append(line)
            continue
        if command:
            yield "run", command, output
        command, output = line[2:], []


def difference(wanted, got):
    """None, or what is wrong. Lines may come in another order: tables are sorted by address."""
    left = [line for line in got.splitlines() if line.strip()]
    wanted = [line for line in wanted if line.strip()]
    for line in wanted:
        if line.strip() == "...":
            continue
        at = next((i for i, g in enumerate(left) if pattern(line).match(g)), None)
        if at is None:
            return "README has: " + line
        del left[at]
    if left and not any(line.strip() == "..." for line in wanted):
        return "README has not: " + left[0]
    return None


class Shell:
    """One bash for all commands; each gives its output and its status."""

    def __init__(self, folder):
        self.out = os.path.join(folder, ".output")
        self.bash = subprocess.Popen(["bash"], cwd=folder, stdin=subprocess.PIPE, text=True)

    def run(self, command):
        done = self.out + ".status"
        self.bash.stdin.write("{ %s\n} >%s 2>&1 </dev/null; echo $? >%s.new; mv %s.new %s\n"
                              % (command, self.out, done, done, done))
        self.bash.stdin.flush()
        end = time.monotonic() + LIMIT_S
        while not os.path.exists(done) and time.monotonic() < end and self.bash.poll() is None:
            time.sleep(0.02)
        with open(self.out, errors="replace") as f:
            text = f.read()
        if not os.path.exists(done):
            return None, text
        with open(done) as f:
            status = int(f.read())
        os.unlink(done)
        return status, text


def folder_like(top):
    """A folder with all that the repository's has, and room for more."""
    folder = "/run/readme"
    os.mkdir(folder)
    for name in os.listdir(top):
        if not name.startswith("."):
            os.symlink(os.path.join(top, name), os.path.join(folder, name))
    return folder


def main():
    readme = os.path.abspath(sys.argv[1])
    with open(readme) as f:
        text = f.read()
    folder = folder_like(os.path.dirname(readme))
    shell = Shell(folder)
    for what, name, lines in commands(text):
        if what == "file":
            with open(os.path.join(folder, name), "w") as f:
                f.write("\n".join(lines) + "\n")
            continue
        command = re.sub(r"^(?:sudo )?make\b", "make -n", name)
        wanted = ["..."] if command != name else lines
        status, got = shell.run(command)
        # A note says what guests run on here, which README can't know.
        got = re.sub(r"^.*note: no KVM .*\n", "", got, flags=re.M)
        wrong = "status %s" % status if status != 0 else difference(wanted or [], got)
        print("%s %s" % ("not ok" if wrong else "ok", name))
        if wrong:
            print("# %s\n# it printed:" % wrong)
            print("".join("#   %s\n" % line for line in got.splitlines()), end="")
        sys.stdout.flush()


main()
