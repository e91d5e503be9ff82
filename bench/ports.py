#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ports.py SOCKET PID CARRIER N: make, list, move and delete N ports of one carrier; prints a row.

For ports.sh. CARRIER "kernel" asks no daemon.

All requests of a stage are sent at once over one connection, and the clock stops at the last reply.
"""

import fcntl
import json
import os
import socket
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 2, 0x1000, 0x4000
BROADCAST = "ff" * 6 + "020000000001" + "88b5" + "00" * 46


class Client:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.reader = self.sock.makefile("rb")

    def calls(self, method, all_params):
        """Seconds until the last answer, and the answers."""
        text = "".join(
            json.dumps({"jsonrpc": "2.0", "id": i, "method": method, "params": p}) + "\n"
            for i, p in enumerate(all_params)
        ).encode()
        replies = []
        start = time.monotonic()
        # By a process of its own, or both sides would wait for the other to read.
        pid = os.fork()
        if pid == 0:
            self.sock.sendall(text)
            os._exit(0)
        for _ in all_params:
            replies.append(self.reader.readline())
        seconds = time.monotonic() - start
        os.waitpid(pid, 0)
        replies = [json.loads(r) for r in replies]
        for r in replies:
            if "error" in r:
                sys.exit(f"{method}: {r['error']['message']}")
        return seconds, [r["result"] for r in replies]

    def call(self, method, **params):
        return self.calls(method, [params])[1][0]


def status_of(pid, key):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(key))


def links(netns):
    """How many interfaces there are, of a namespace or of the host."""
    argv = ["nsenter", f"--net=/run/netns/{netns}", "--"] if netns else []
    with os.popen(" ".join(argv + ["ip", "-o", "link", "show"])) as f:
        return sum(1 for _ in f)


def wait_links(netns, n):
    if os.environ.get("NOWAIT"):
        return 0
    start = time.monotonic()
    while links(netns) > n and time.monotonic() - start < 120:
        time.sleep(0.1)
    return time.monotonic() - start


def kernel_taps(n):
    """Taps a second that the kernel itself makes, up and held: what cannot be beaten."""
    fds = []
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    start = time.monotonic()
    for i in range(n):
        fd = os.open("/dev/net/tun", os.O_RDWR)
        ifr = struct.pack("16sH22x", f"kt{i}".encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)
        fcntl.ioctl(fd, TUNSETIFF, ifr)
        fds.append(fd)
    made = time.monotonic() - start
    for i in range(n):
        fcntl.ioctl(sock, 0x8914, struct.pack("16sh22x", f"kt{i}".encode(), 1))
    up = time.monotonic() - start
    print(f"kernel alone: {n / made:.0f} taps/s, {n / up:.0f} with their interfaces up", flush=True)
    os._exit(0)  # closing them is the kernel's work, and slow


def where(carrier, i):
    return {
        "dummy": {},
        "netns": {"netns": "crowd", "ifname": f"e{i}"},
        "tap": {"tap": f"bt{i}"},
    }[carrier]


def main():
    path, pid, carrier, n = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    if carrier == "kernel":
        kernel_taps(n)
    c = Client(path)
    netns = "crowd" if carrier == "netns" else None
    before_links = links(netns)
    names = [f"{carrier}{i}" for i in range(n)]
    c.call("net.add", name="here", mode="lan-segment")
    c.call("net.add", name="there", mode="lan-segment")
    c.call("port.add", net="here", name="teller")
    rss = status_of(pid, "VmRSS")
    add, _ = c.calls(
        "port.add", [{"net": "here", "name": p, **where(carrier, i)} for i, p in enumerate(names)]
    )
    c.call("port.send", port="teller", frame=BROADCAST)
    each = (status_of(pid, "VmRSS") - rss) / n
    show, rows = c.calls("port.list", [{"net": "here"}])
    reached = sum(1 for r in rows[0] if r["name"] != "teller" and r["tx"]["frames"])
    one, _ = c.calls("port.show", [{"port": p} for p in names])
    move, _ = c.calls("port.move", [{"port": p, "net": "there"} for p in names])
    gone, _ = c.calls("port.del", [{"port": p} for p in names])
    reaped = wait_links(netns, before_links) if carrier != "dummy" else 0
    c.call("net.del", net="here")
    c.call("net.del", net="there")
    print(
        f"| {carrier} | {add * 1e3:.0f} | {n / add:.0f} | {reached} | {each:.1f} | {show * 1e3:.0f} "
        f"| {one / n * 1e6:.0f} | {move * 1e3:.0f} | {gone * 1e3:.0f} | {gone + reaped:.1f} |",
        flush=True,
    )


main()
