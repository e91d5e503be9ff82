# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest under vnet-vmm for the nested tests: its sockets, its console, and checks in TAP form."""

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time

VMM = os.path.join(os.environ.get("O", "build"), "bin", "vnet-vmm")


class Checks:
    """Numbered results, one a line; the exit status is the number of failures, cut to 1."""

    def __init__(self):
        self.n = self.failed = 0

    def check(self, what, ok, detail=""):
        self.n += 1
        self.failed += not ok
        text = str(detail).strip().replace("\n", "\n#   ")
        print(f"{'ok' if ok else 'not ok'} {self.n} - {what}" +
              (f"\n#   {text}" if text and not ok else ""), flush=True)
        return ok

    def done(self):
        print(f"1..{self.n}")
        sys.exit(1 if self.failed else 0)


def run(*words, timeout=60):
    """Output and success of a command."""
    p = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                       text=True, check=False)
    return p.stdout, p.returncode == 0


def listen(path):
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.listen(8)
    return s


class Client:
    """One connection to a UNIX socket of the guest."""

    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.connect(path)
        self.got = b""

    def pump(self, timeout):
        if not select.select([self.s], [], [], timeout)[0]:
            return False
        try:
            data = self.s.recv(65536)
        except ConnectionResetError:
            data = b""
        self.got += data
        return bool(data)

    def wait_for(self, what, timeout=60.0):
        """Read until the bytes @what have come; the bytes up to their end, None in vain."""
        end = time.monotonic() + timeout
        while what not in self.got:
            left = end - time.monotonic()
            if left <= 0:
                return None
            if not self.pump(left):
                if what not in self.got and left > 1:
                    time.sleep(0.05)
        at = self.got.index(what) + len(what)
        head, self.got = self.got[:at], self.got[at:]
        return head

    def wait_bytes(self, n, timeout=60.0):
        end = time.monotonic() + timeout
        while len(self.got) < n and time.monotonic() < end:
            self.pump(end - time.monotonic())
        head, self.got = self.got[:n], self.got[n:]
        return head

    def send(self, text):
        self.s.sendall(text if isinstance(text, bytes) else text.encode())


class Guest:
    """A process of vnet-vmm with its three sockets."""

    def __init__(self, name, *options, kernel, initrd=None, append="", memory=256, cpus=1,
                 nets=(), stderr=None):
        self.memory = memory
        self.dir = tempfile.mkdtemp(prefix="vmm-test-")
        socks = {k: listen(self.path(k)) for k in ("console", "agent", "ctl")}
        words = [VMM, "--name", name, "--memory", str(memory), "--cpus", str(cpus),
                 "--kernel", kernel, "--append", append]
        if initrd:
            words += ["--initrd", initrd]
        for net in nets:
            words += ["--net", net]
        for kind, s in socks.items():
            words += [f"--{kind}-fd", str(s.fileno())]
        self.started = time.monotonic()
        self.p = subprocess.Popen(words + list(options), stdin=subprocess.DEVNULL, stderr=stderr,
                                  pass_fds=[s.fileno() for s in socks.values()])
        for s in socks.values():
            s.close()
        self.console = self.connect("console")

    def path(self, kind):
        return os.path.join(self.dir, kind)

    def connect(self, kind):
        return Client(self.path(kind))

    def ctl(self, **request):
        c = self.connect("ctl")
        c.send(json.dumps(request) + "\n")
        line = c.wait_for(b"\n", 20)
        return json.loads(line) if line else None

    def shell(self, command, timeout=30.0):
        """Run a command on the console's shell and return what it prints."""
        self.console.got = b""
        self.console.send(command + "; echo E''ND\n")
        out = self.console.wait_for(b"END\r\n", timeout) or b""
        return out.decode(errors="replace").replace("\r", "").removesuffix("END\n")

    def own_kib(self):
        return own_kib(self.p.pid, self.memory)

    def wait(self, timeout=60):
        try:
            return self.p.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        if self.p.poll() is None:
            self.p.kill()
            self.p.wait()


def own_kib(pid, memory_mib):
    """Resident memory beside the guest's RAM: the mapping of that size is left out."""
    total, ram = 0, False
    with open(f"/proc/{pid}/smaps", encoding="ascii", errors="replace") as f:
        for line in f:
            fields = line.split()
            if fields[0] == "Size:":
                ram = int(fields[1]) == memory_mib * 1024
            elif fields[0] == "Rss:" and not ram:
                total += int(fields[1])
    return total


def make_tap(name, address):
    run("ip", "tuntap", "add", name, "mode", "tap", "vnet_hdr")
    run("ip", "addr", "add", address, "dev", name)
    run("ip", "link", "set", name, "up")
