# SPDX-License-Identifier: GPL-2.0-or-later
"""A person at a terminal: runs a command on a pseudo-terminal and does what the words say, in order.

    console.py ROWSxCOLS [WORD...] -- COMMAND...
      see:TEXT    wait until TEXT has been shown (PATIENCE times 10 s), after what was last waited for
      not:TEXT    TEXT has not been shown so far
      key:TEXT    type TEXT (\\n, \\xNN as in Python)
      size:RxC    the window becomes that large
      end         the command ends by itself; its status is ours

At the end Ctrl-] is typed, the command must end with 0, and the terminal be as it was."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time

PATIENCE = float(os.environ.get("PATIENCE", "5"))


class Terminal:
    def __init__(self, size, command):
        self.master, self.slave = pty.openpty()
        self.shown, self.at = b"", 0
        self.resize(size)
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(command, stdin=self.slave, stdout=self.slave,
                                        stderr=self.slave, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def resize(self, text):
        rows, cols = map(int, text.split("x"))
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def pump(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            self.shown += os.read(self.master, 65536)
        except OSError:
            return False
        return True

    def see(self, text):
        want, end = text.encode(), time.monotonic() + 10 * PATIENCE
        while (found := self.shown.find(want, self.at)) < 0:
            if time.monotonic() > end:
                self.fail(f"'{text}' is not shown")
            self.pump(0.1)
        self.at = found + len(want)

    def fail(self, why):
        print(f"{why}; shown: {self.shown[-2000:]!r}")
        self.process.kill()
        sys.exit(1)

    def leave(self):
        if self.process.poll() is None:
            os.write(self.master, b"\x1d")
        return self.wait()

    def wait(self):
        end = time.monotonic() + 10 * PATIENCE
        while self.process.poll() is None:
            self.pump(0.05)
            if time.monotonic() > end:
                self.fail("it does not end")
        while self.pump(0):
            pass
        return self.process.returncode


def main(argv):
    split = argv.index("--")
    t = Terminal(argv[0], argv[split + 1:])
    ended = None
    for word in argv[1:split]:
        kind, _, text = word.partition(":")
        text = text.encode().decode("unicode_escape")
        if kind == "see":
            t.see(text)
        elif kind == "not" and text.encode() in t.shown:
            t.fail(f"'{text}' is shown")
        elif kind == "key":
            os.write(t.master, text.encode("latin-1"))
        elif kind == "size":
            t.resize(text)
        elif kind == "end":
            ended = t.wait()
    status = t.leave() if ended is None else ended
    if termios.tcgetattr(t.slave) != t.before:
        t.fail("the terminal is not as it was")
    if status:
        t.fail(f"it ended with {status}")


main(sys.argv[1:])
