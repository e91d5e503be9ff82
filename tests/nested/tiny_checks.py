# SPDX-License-Identifier: GPL-2.0-or-later
"""The few-kilobyte guest (guest/) under vnet-vmm, well-behaved and hostile: see test_tinyguest.sh.

usage: tiny_checks.py GUEST
"""

import os
import socket
import struct
import sys
import threading
import time

from guest_machine import Checks, Guest, make_tap, run

ADDRESS = "10.9.0.2"
STATIC = "0a090002"
ATTACKS = ("loop outside wrap hole lapic own-bar next indirect writable short header jump head "
           "readable unready queues bar config registers ports burst kicks console").split()
NEEDS_RESET = set("loop outside wrap hole lapic own-bar next indirect writable jump head "
                  "readable".split())
t = Checks()


def serve_dhcp():
    """One address for everybody (RFC 2131), on the tap."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"tapt\0")
    s.bind(("", 67))
    while True:
        m = s.recv(2048)
        kind = 2 if m[242] == 1 else 5
        reply = bytearray(m[:240])
        reply[0] = 2
        reply[16:20] = socket.inet_aton(ADDRESS)
        reply += bytes([53, 1, kind, 54, 4, 10, 9, 0, 1, 51, 4, 0, 0, 14, 16, 1, 4, 255, 255, 255,
                        0, 255])
        s.sendto(reply, ("255.255.255.255", 68))


def start(words, *options, cpus=1):
    return Guest("tiny", *options, kernel=sys.argv[1], append=words, memory=64, cpus=cpus,
                 nets=["tap=tapt,mac=52:54:00:aa:bb:01"])


def command(word):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(word, (ADDRESS, 9))


def ping(count=3):
    run("ip", "neigh", "flush", "dev", "tapt")
    return run("ping", "-c", str(count), "-i", "0.05", "-W", "3", ADDRESS)


def good_guest():
    threading.Thread(target=serve_dhcp, daemon=True).start()
    g = start("none dhcp")
    t.check("a lease by DHCP", g.console.wait_for(b"guest: up", 20), g.console.got)
    print(f"# up after {(time.monotonic() - g.started) * 1000:.0f} ms")
    out, ok = ping(20)
    t.check("20 pings", ok, out)
    print("# " + out.strip().splitlines()[-1])
    out, ok = run("ping", "-f", "-c", "1000", "-W", "5", ADDRESS)
    t.check("1000 pings as fast as they go, none lost", " 0% packet loss" in out, out)
    out, ok = run("ping", "-c", "3", "-i", "0.05", "-s", "1400", ADDRESS)
    t.check("long pings", ok, out)
    t.check("pause", g.ctl(cmd="pause") == {"ok": True})
    t.check("no answer while paused", not run("ping", "-c", "1", "-W", "1", ADDRESS)[1])
    t.check("resume", g.ctl(cmd="resume") == {"ok": True})
    t.check("answers again", ping()[1])
    t.check("own memory is under 4 MiB", g.own_kib() < 4096, g.own_kib())
    print(f"# own memory {g.own_kib()} KiB")
    for word, how in ((b"r", "by the reset port"), (b"t", "by a triple fault")):
        command(word)
        t.check(f"starts again {how}", g.console.wait_for(b"guest: up", 20), g.console.got)
        t.check("and answers", ping()[1])
    command(b"o")
    t.check("power-off ends with 0", g.wait(10) == 0, g.p.poll())
    g.kill()


def hostile_guest(name, cpus):
    g = start(f"{name} {STATIC}", cpus=cpus)
    t.check(f"{name}: lives on", g.console.wait_for(b"status after it ", 60), g.console.got)
    line = g.console.wait_for(b"\n", 5) or b"0"
    if name in NEEDS_RESET:
        t.check(f"{name}: the card asks for a reset", int(line, 16) & 0x40, line)
    up = g.console.wait_for(b"guest: up", 20) or b""
    t.check(f"{name}: the card works after a reset", b"was enabled" not in up and ping(1)[1],
            up + g.console.got)
    command(b"o")
    t.check(f"{name}: and powers off", g.wait(10) == 0, g.p.poll())
    g.kill()


def reset_loop():
    """V30: a guest that resets as soon as it is up costs little of the host."""
    g = start("none " + STATIC)
    stop = time.monotonic() + 4
    starts = 0
    while time.monotonic() < stop:
        if g.console.wait_for(b"guest: up", stop - time.monotonic()):
            starts += 1
            command(b"r")
    t.check("a guest in a reset loop is slowed down", 2 <= starts <= 9, starts)
    with open(f"/proc/{g.p.pid}/stat", encoding="ascii") as f:
        ticks = sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13]))
    t.check("and uses under half a processor", ticks / os.sysconf("SC_CLK_TCK") < 2, ticks)
    g.ctl(cmd="quit")
    t.check("and can be ended", g.wait(10) == 0)
    g.kill()


def bad_starts():
    for what, kernel, options in (
            ("no kernel", "/nonexistent", []), ("a kernel that is none", "/etc/passwd", []),
            ("too little memory", sys.argv[1], ["--memory", "1"]),
            ("a bad MAC", sys.argv[1], ["--net", "tap=tapt,mac=ff:ff:ff:ff:ff:ff"]),
            ("a descriptor that is no tap", sys.argv[1], ["--net", "fd=0,mac=52:54:00:00:00:01"]),
            ("nine CPUs", sys.argv[1], ["--cpus", "9"]), ("a stray word", sys.argv[1], ["x"])):
        out, _ = run(os.path.join(os.environ["O"], "bin/vnet-vmm"), "--name", "b", "--kernel",
                     kernel, *options)
        t.check(f"refused with one line: {what}", out.count("\n") == 1 and
                out.startswith("vnet-vmm: "), out)


make_tap("tapt", "10.9.0.1/24")
good_guest()
for i, attack in enumerate(ATTACKS):
    hostile_guest(attack, 1 + i % 2)
reset_loop()
bad_starts()
t.done()
