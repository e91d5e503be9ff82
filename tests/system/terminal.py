#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""terminal.py COLUMNS[,VARIABLE=VALUE...] SECONDS COMMAND... - what a command prints on a terminal.

Runs COMMAND on a pseudo-terminal of that width; one that is still running after SECONDS gets what
Ctrl-C sends. Its output goes to stdout as the terminal has got it, then a line

	= STATUS WIDEST CONTROLS

with the columns of the longest line of a table (it has two gaps of two blanks or more; sentences, also
with a word before them, are the terminal's to break), and which sequences and control
characters there were: "colour" (ECMA-48 SGR), "erase" (of lines and screens), or "other".
"""
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
import unicodedata

SGR = re.compile(r"\x1b\[[0-9;]*m")
ERASE = re.compile(r"\x1b\[[0-9;]*[HJK]|\x1b\[\?25[hl]")


def width(text):
    return sum(0 if unicodedata.combining(c) else
               2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def capture(columns, environment, seconds, command):
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(environment)
        os.execvp(command[0], command)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    out, end = b"", time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        if left <= 0:
            os.write(fd, b"\x03")
            end, left = time.monotonic() + 10, 10
        if not select.select([fd], [], [], left)[0]:
            continue
        try:
            data = os.read(fd, 65536)
        except OSError:  # EIO: the far end is closed
            data = b""
        if not data:
            break
        out += data
        # As it comes: somebody may wait for a line of it.
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out.decode(errors="surrogateescape")


def main():
    first, seconds, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    columns, *settings = first.split(",")
    environment = dict(setting.split("=", 1) for setting in settings)
    status, text = capture(int(columns), environment, seconds, command)
    found = set()
    if SGR.search(text):
        found.add("colour")
    if ERASE.search(text):
        found.add("erase")
    plain = ERASE.sub("\n", SGR.sub("", text)).replace("\r", "\n")
    if any(ord(c) < 32 and c not in "\n\t" or 0x7f <= ord(c) < 0xa0 or 0xdc80 <= ord(c) < 0xdd00
           for c in plain):
        found.add("other")
    print("\n= %d %d %s" % (status, max([0] + [width(l) for l in plain.split("\n") if re.search(r"\S  +\S.*\S  +\S", l)]), ",".join(sorted(found))))


main()
