# SPDX-License-Identifier: GPL-2.0-or-later
"""An unmodified Debian kernel under vnet-vmm: run by test_debian.sh where KVM is real."""

import os
import socket
import sys
import threading
import time

from guest_machine import Checks, Guest, make_tap, run

IMAGE = os.path.join(os.environ.get("O", "build"), "image")
ADDRESS = "10.9.0.2"
READY = b"vnet: ready"
t = Checks()


def start(cpus, *options):
    return Guest("debian", "--disk", f"path={IMAGE}/default.erofs,ro", *options,
                 kernel=f"{IMAGE}/vmlinuz", initrd=f"{IMAGE}/initrd", cpus=cpus,
                 append=f"console=ttyS0 quiet vnet.hostname=web vnet.eth0={ADDRESS}/24",
                 nets=["tap=tapd,mac=52:54:00:11:22:33"])


def ping(count=1):
    return run("ping", "-c", str(count), "-i", "0.2", "-W", "3", ADDRESS)


def connect_soon(address, seconds):
    """Connect to a server that is only just starting."""
    end = time.monotonic() + seconds
    while True:
        try:
            return socket.create_connection(address, timeout=30)
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def transfer_to(g, mib):
    """Mbit/s of one TCP stream into the guest."""
    g.shell("(nc.openbsd -l 5001 >/dev/null &)")
    chunk = bytes(1 << 20)
    with connect_soon((ADDRESS, 5001), 60) as s:
        begin = time.monotonic()
        for _ in range(mib):
            s.sendall(chunk)
        s.shutdown(socket.SHUT_WR)
        s.recv(1)
    return mib * 8.39 / (time.monotonic() - begin)


def transfer_from(g, mib):
    """Mbit/s of one TCP stream out of the guest, and the bytes that came."""
    listener = socket.create_server(("10.9.0.1", 5002))
    g.console.send(f"dd if=/dev/zero bs=1M count={mib} 2>/dev/null | nc.openbsd -N 10.9.0.1 5002\n")
    peer, _ = listener.accept()
    begin, got = time.monotonic(), 0
    while data := peer.recv(1 << 20):
        got += len(data)
    listener.close()
    return got * 8 / 1e6 / (time.monotonic() - begin), got


def agent_command(client, ident, text):
    client.send(f"X {ident} 30000 {len(text)}\n{text}")
    out = b""
    while True:
        line = client.wait_for(b"\n", 30)
        if not line:
            return out, None
        word, _, rest = line.decode(errors="replace").strip().partition(" ")
        fields = rest.split()
        if word in ("O", "E") and len(fields) == 2:
            out += client.wait_bytes(int(fields[1]), 30)
        elif word == "D" and fields[0] == str(ident):
            return out, int(fields[1])


def check_agent(g):
    agent = g.connect("agent")
    agent.send("\nP 7\n")
    t.check("the agent answers a ping", agent.wait_for(b"P 7\n", 20), agent.got)
    out, status = agent_command(agent, 1, "echo hello; exit 3")
    t.check("a command through the agent", (out, status) == (b"hello\n", 3), (out, status))
    out, status = agent_command(agent, 2, "seq 1 20000")
    want = "".join(f"{i}\n" for i in range(1, 20001)).encode()
    t.check("108 KB through the agent lose no byte", out == want and status == 0,
            (len(out), len(want), status))
    second = g.connect("agent")
    second.send("\nP 8\n")
    t.check("a new agent client replaces the old", second.wait_for(b"P 8\n", 20), second.got)


def check_pause(g):
    t.check("pause", g.ctl(cmd="pause") == {"ok": True})
    t.check("a paused guest says so", (g.ctl(cmd="status") or {}).get("state") == "paused")
    t.check("a paused guest does not answer", not ping()[1])
    t.check("pausing twice is refused", g.ctl(cmd="pause")["ok"] is False)
    t.check("resume", g.ctl(cmd="resume") == {"ok": True})
    out, ok = ping(3)
    t.check("a resumed guest answers", ok, out)


def check_link(g):
    t.check("pull the cable", g.ctl(cmd="link", nic=0, up=False) == {"ok": True})
    time.sleep(0.5)
    t.check("the guest sees no carrier", "0" in g.shell("cat /sys/class/net/eth0/carrier"))
    t.check("no such card is refused", g.ctl(cmd="link", nic=7, up=False)["ok"] is False)
    g.ctl(cmd="link", nic=0, up=True)
    time.sleep(0.5)
    out, ok = ping(3)
    t.check("the cable is back", ok, out)


def check_control(g):
    status = g.ctl(cmd="status")
    t.check("status counts frames", status["nics"][0]["rx_frames"] > 0, status)
    for line in ("nonsense", "[]", '{"cmd":5}', '{"cmd":"fly"}', ""):
        c = g.connect("ctl")
        c.send(line + "\n")
        answer = c.wait_for(b"\n", 10) or b""
        t.check(f"a bad request is refused: {line or 'empty line'}", b'"ok":false' in answer, answer)
    c = g.connect("ctl")
    c.send("x" * 5000)
    t.check("an endless line is closed", not c.pump(5) or not c.pump(5))


def check_sandbox(g):
    with open(f"/proc/{g.p.pid}/status", encoding="ascii") as f:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    t.check("no capabilities", int(status["CapEff"], 16) == 0 and int(status["CapPrm"], 16) == 0)
    t.check("no new privileges", status["NoNewPrivs"] == "1")
    filters = []
    for task in os.listdir(f"/proc/{g.p.pid}/task"):
        with open(f"/proc/{g.p.pid}/task/{task}/status", encoding="ascii") as f:
            filters += [line.split()[1] for line in f if line.startswith("Seccomp:")]
    t.check("every thread has a system call filter", set(filters) == {"2"}, filters)


def check_reboot(g, how):
    g.console.send(how + "\n")
    again = g.console.wait_for(READY, 90)
    t.check(f"`{how}` starts the guest again in the same process",
            again and g.p.poll() is None, g.console.got[-500:])
    g.console.wait_for(b"~# ", 20)
    out, ok = ping(3)
    t.check("and its network works", ok, out)


def check_floods(g):
    """Frames from both sides as fast as they go, while the console floods too."""
    stop = threading.Event()

    def flood():
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        while not stop.is_set():
            s.sendto(bytes(1200), (ADDRESS, 9))

    thread = threading.Thread(target=flood)
    thread.start()
    g.shell("timeout 3 yes 0123456789", 30)
    stop.set()
    thread.join()
    out, ok = ping(3)
    t.check("answers after floods of frames and console output", ok, out)


def one_cpu():
    g = start(1)
    t.check("boots with 1 CPU", g.console.wait_for(READY, 120), g.console.got[-500:])
    print(f"# first line of userspace after {time.monotonic() - g.started:.2f} s")
    g.console.wait_for(b"~# ", 20)
    t.check("one CPU", g.shell("nproc").split()[-1:] == ["1"])
    out, ok = ping(5)
    t.check("answers pings", ok, out)
    print("# " + out.strip().splitlines()[-1])
    t.check("a late console client sees the past", g.connect("console").wait_for(READY, 5))
    check_control(g)
    check_sandbox(g)
    check_agent(g)
    print(f"# TCP to the guest {transfer_to(g, 48):.0f} Mbit/s")
    rate, got = transfer_from(g, 48)
    print(f"# TCP from the guest {rate:.0f} Mbit/s")
    t.check("48 MiB came out of the guest", got == 48 << 20, got)
    check_pause(g)
    check_link(g)
    check_floods(g)
    t.check("own memory is under 4 MiB", g.own_kib() < 4096, f"{g.own_kib()} KiB")
    print(f"# own memory {g.own_kib()} KiB")
    check_reboot(g, "reboot -f")
    g.console.send("poweroff -f\n")
    t.check("poweroff ends the process with 0", g.wait(30) == 0, g.p.poll())
    g.kill()


def two_cpus():
    g = start(2)
    t.check("boots with 2 CPUs", g.console.wait_for(READY, 120), g.console.got[-500:])
    g.console.wait_for(b"~# ", 20)
    t.check("two CPUs", g.shell("nproc").split()[-1:] == ["2"])
    out, ok = ping(5)
    t.check("answers pings", ok, out)
    check_pause(g)
    check_reboot(g, "reboot -f")
    t.check("still two CPUs", g.shell("nproc").split()[-1:] == ["2"])
    check_reboot(g, "echo b >/proc/sysrq-trigger")
    t.check("reset by the control socket", g.ctl(cmd="reset") == {"ok": True})
    t.check("and it boots again", g.console.wait_for(READY, 90))
    t.check("quit by the control socket", g.ctl(cmd="quit") == {"ok": True})
    t.check("ends with 0", g.wait(10) == 0)
    g.kill()


make_tap("tapd", "10.9.0.1/24")
for part in sys.argv[1:] or ["one_cpu", "two_cpus"]:
    globals()[part]()
t.done()
