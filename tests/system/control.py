#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""control.py SOCKET TEST: what needs a client of its own rather than vnetctl; prints TAP."""

import array
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

PATH = sys.argv[1]
failed = 0
number = 0


def check(text, ok, *details):
    global failed, number
    number += 1
    failed += not ok
    print(("ok" if ok else "not ok"), number, "-", text)
    if not ok:
        for d in details:
            print("#", str(d)[:300])
    sys.stdout.flush()


def skip(text, why):
    global number
    number += 1
    print("ok", number, "-", text, "# SKIP", why)


class Client:
    def __init__(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(PATH)
        self.buf = b""
        self.fds = []
        self.id = 0
        self.events = []

    def line(self):
        while b"\n" not in self.buf:
            data, control, _, _ = self.sock.recvmsg(65536, socket.CMSG_SPACE(16))
            for _, _, fds in control:
                a = array.array("i")
                a.frombytes(fds)
                self.fds += a
            if not data:
                raise EOFError
            self.buf += data
        line, self.buf = self.buf.split(b"\n", 1)
        return json.loads(line)

    def send(self, method, **params):
        self.id += 1
        req = {"jsonrpc": "2.0", "id": self.id, "method": method, "params": params}
        self.sock.sendall((json.dumps(req) + "\n").encode())
        return self.id

    def call(self, method, **params):
        n = self.send(method, **params)
        while True:
            msg = self.line()
            if msg.get("id") == n:
                return msg
            if "method" in msg:
                self.events.append(msg["params"])

    def ok(self, method, **params):
        msg = self.call(method, **params)
        if "error" in msg:
            raise RuntimeError(method + ": " + msg["error"]["message"])
        return msg["result"]


def closed(sock, seconds=10):
    """Does the other end hang up (after whatever it still says)?"""
    end = time.time() + seconds
    sock.settimeout(0.5)
    while time.time() < end:
        try:
            if not sock.recv(1 << 20):
                return True
        except socket.timeout:
            continue
        except OSError:
            return True
    return False


# ---- the socket -------------------------------------------------------------------------------


def test_wire():
    c = Client()
    hello = c.ok("hello", protocol=1)
    check("hello", hello["name"] == "vswitchd" and hello["protocol"] == 1, hello)
    check("another protocol is refused", "protocol 1" in c.call("hello", protocol=2)["error"]["message"])

    c.sock.sendall(b'{"jsonrpc":"2.0","id":"a b","method":"sta')
    time.sleep(0.2)
    c.sock.sendall(b'tus"}\n{"jsonrpc":"2.0","id":77,"method":"hello"}\n')
    first, second = c.line(), c.line()
    check("a request in two pieces, then one more", first["id"] == "a b" and second["id"] == 77)

    c.sock.sendall(b'{"jsonrpc":"2.0","method":"hello"}\n')
    check("a notification gets no reply", c.call("hello")["id"] == c.id)
    c.sock.sendall(b'[]\n{"jsonrpc":"2.0","id":5,"method":"hello","params":[1]}\n')
    codes = [c.line()["error"]["code"] for _ in range(2)]
    check("what is JSON but no request leaves the connection open", codes == [-32600, -32602], codes)
    check("it can still be used", "result" in c.call("hello"))

    for name, data in (("text", b"hello?\n"), ("binary", bytes(range(256)) + b"\n"),
                       ("half a request", b'{"jsonrpc":"2.0"\n')):
        g = Client()
        g.sock.sendall(data)
        code = g.line()["error"]["code"]
        check("garbage (%s) is answered, then closed" % name, code == -32700 and closed(g.sock), code)

    g = Client()
    try:
        for _ in range(40):
            g.sock.sendall(b"x" * 65536)
    except OSError:
        pass
    check("an endless line is closed", closed(g.sock))
    g = Client()
    g.sock.sendall(b"[" * 100000 + b"\n")
    check("deep nesting is a parse error", g.line()["error"]["code"] == -32700)


def test_many():
    clients = []
    for _ in range(64):
        clients.append(Client())
        if "result" not in clients[-1].call("hello"):
            break
    check("64 clients at once", len(clients) == 64, len(clients))
    extra = Client()
    msg = extra.line()
    check("one more is told so", "64 clients" in msg["error"]["message"] and closed(extra.sock), msg)
    for c in clients:
        c.sock.close()
    time.sleep(0.2)
    check("and may come when they have gone", "result" in Client().call("hello"))


def test_slow():
    slow, other = Client(), Client()
    slow.sock.setblocking(False)
    sent = 0
    end = time.time() + 60
    gone = False
    request = b'{"jsonrpc":"2.0","id":1,"method":"port.list"}\n'
    while not gone and time.time() < end:
        try:
            sent += slow.sock.send(request * 50)
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:
            gone = True
    check("a client that does not read is closed", gone, sent)
    check("others are served meanwhile", "result" in other.call("status"))


def test_uid():
    """Run with the socket's group, but not as root."""
    c = Client()
    check("a member of the group may ask", "result" in c.call("status"))
    check("and make networks", "result" in c.call("net.add", name="g1", mode="internal"))
    check("but no namespaces", "root only" in c.call("ns.add", name="x")["error"]["message"])
    err = c.call("vm.run", name="x", kernel="/run/t/secret/vmlinuz")["error"]
    check("nor open files that are not theirs", err["data"]["errno"] == "EACCES", err)
    c.ok("net.del", net="g1")


# ---- descriptors ------------------------------------------------------------------------------


def records(data):
    """The frames of a pcap stream."""
    magic, _, _, _, _, _, link = struct.unpack("=IHHiIII", data[:24])
    assert magic == 0xA1B23C4D and link == 1
    out, at = [], 24
    while at + 16 <= len(data):
        _, _, cap, full = struct.unpack("=IIII", data[at:at + 16])
        out.append((data[at + 16:at + 16 + cap], full))
        at += 16 + cap
    return out


def read_for(fd, seconds):
    data = b""
    end = time.time() + seconds
    while time.time() < end:
        if select.select([fd], [], [], 0.1)[0]:
            piece = os.read(fd, 1 << 16)
            if not piece:
                return data, True
            data += piece
    return data, False


def frame(dst, src, text, ethertype="88b5"):
    return (dst + src + ethertype).replace(":", "") + text.encode().hex().ljust(92, "0")


BROADCAST = "ff:ff:ff:ff:ff:ff"


def test_capture():
    c = Client()
    c.ok("net.add", name="cap", mode="internal")
    c.ok("port.add", net="cap", name="p1")
    c.ok("port.add", net="cap", name="p2")
    check("a bad filter is refused", "filter" in c.call("capture.start", net="cap", filter="tcp prt 1")["error"]["message"])
    check("port and net at once are refused", "error" in c.call("capture.start", net="cap", port="p1"))
    c.ok("capture.start", net="cap", format="pcap")
    c.ok("capture.start", port="p2", filter="ether src 02:00:00:00:00:02", snaplen=64, format="pcap")
    net_fd, port_fd = c.fds
    for i in (1, 2):
        c.ok("port.send", port="p1", frame=frame(BROADCAST, "02:00:00:00:00:0%d" % i, "frame %d" % i))
    got, _ = read_for(net_fd, 0.5)
    frames = records(got)
    check("a capture of a network has each frame once", len(frames) == 2 and b"frame 1" in frames[0][0], frames)
    got, _ = read_for(port_fd, 0.5)
    frames = records(got)
    check("a filter and a length apply", len(frames) == 1 and len(frames[0][0]) == 60 and b"frame 2" in frames[0][0], frames)
    os.close(net_fd)
    for i in range(50):
        c.ok("port.send", port="p1", frame=frame(BROADCAST, "02:00:00:00:00:02", "n%d" % i))
    _, ended = read_for(port_fd, 0.3)
    check("closing one capture leaves the other", not ended)
    c.ok("net.del", net="cap")
    _, ended = read_for(port_fd, 2)
    check("a capture ends with what it watched", ended)
    os.close(port_fd)


def test_slow_capture():
    c = Client()
    c.ok("net.add", name="cap", mode="internal")
    c.ok("port.add", net="cap", name="p1")
    c.ok("port.add", net="cap", name="p2")
    e = Client()
    e.ok("events.subscribe")
    c.ok("capture.start", net="cap", format="pcap")
    text = frame(BROADCAST, "02:00:00:00:00:01", "x" * 1400)
    for _ in range(5000):  # 7 MB, more than pipe and buffer hold
        c.ok("port.send", port="p1", frame=text)
    stats = c.ok("port.show", port="p1")
    check("a reader that sleeps does not slow the switch", stats["rx"]["frames"] == 5000, stats)
    c.ok("port.receive", port="p2")
    os.close(c.fds[0])
    c.ok("port.send", port="p1", frame=text)
    while True:
        ev = e.line()["params"]
        if ev["event"] == "capture.ended":
            break
    check("what it lost is counted", ev["lost"] > 1000 and ev["lost"] + ev["frames"] >= 5000, ev)
    c.ok("net.del", net="cap")


# ---- namespaces -------------------------------------------------------------------------------


def alive(text):
    return subprocess.run(["pgrep", "-f", text], capture_output=True).returncode == 0


def soon(fn, seconds=5):
    end = time.time() + seconds
    while time.time() < end:
        if fn():
            return True
        time.sleep(0.05)
    return False


def test_netns():
    c = Client()
    c.ok("net.add", name="wire", mode="internal")
    for n, a in (("na", "10.1.0.1/24"), ("nb", "10.1.0.2/24")):
        c.ok("ns.add", name=n)
        c.ok("port.add", net="wire", name=n + ".eth0", netns=n)
        c.ok("ns.addr", netns=n, ifname="eth0", address=a)
    check("a namespace twice is refused", c.call("ns.add", name="na")["error"]["data"]["errno"] == "EEXIST")
    r = c.ok("ns.exec", name="na", command="ping -c1 -W3 10.1.0.2 >/dev/null; echo out; echo err >&2; exit 7")
    check("ns.exec: both outputs and the status", r == {"status": 7, "stdout": "out\n", "stderr": "err\n"}, r)
    r = c.ok("ns.exec", name="na", command="ping -c1 -W3 10.1.0.2")
    check("two namespaces reach each other", r["status"] == 0, r)
    r = c.ok("ns.exec", name="na", command="ls /sys/class/net | tr '\\n' ' '")
    check("/sys is the namespace's", r["stdout"] == "eth0 lo ", r)
    r = c.ok("ns.exec", name="na", command="head -c 600000 /dev/zero; printf '\\377' >&2")
    check("output is bounded and any byte is told", len(r["stdout"]) == 262144 and r["stderr"] == "\ufffd")
    t = time.time()
    a = c.send("ns.exec", name="na", command="sleep 1; echo slow")
    b = c.send("ns.exec", name="nb", command="echo fast")
    ids = [c.line()["id"], c.line()["id"]]
    check("a slow command does not hold up a fast one", ids == [b, a] and time.time() - t < 5, ids)
    r = c.ok("ns.exec", name="na", command="sleep 600", timeout_s=1)
    check("a command that takes too long is killed: 124", r["status"] == 124 and not alive("^sleep 600"), r)
    r = c.ok("ns.exec", name="na", command="sleep 601 & echo started")
    check("one left in the background does not hold up the reply", r["stdout"] == "started\n", r)
    c.ok("ns.spawn", name="na", command="trap '' TERM; while :; do sleep 602; done")
    check("ns.spawn runs on", soon(lambda: alive("^sleep 602")))
    c.ok("ns.veth", netns="na", ifname="out0", host="tv0")
    c.ok("ns.addr", netns="", ifname="tv0", address="10.2.0.1/24")
    c.ok("ns.addr", netns="na", ifname="out0", address="10.2.0.2/24")
    check("a veth pair leads out", subprocess.run(["ping", "-c1", "-W3", "10.2.0.2"], capture_output=True).returncode == 0)
    err = c.call("ns.addr", netns="", ifname="lo", address="10.3.0.1/24")["error"]
    check("other interfaces of the host are not touched", "lo" in err["message"], err)
    # a client that hangs up while its command runs
    g = Client()
    g.send("ns.exec", name="nb", command="sleep 1")
    g.sock.close()
    time.sleep(1.5)
    check("a client that goes away in the middle does no harm", "result" in c.call("status"))
    # what is run for a client when it hangs up
    marks = ["/tmp/undone-%d-%s" % (os.getpid(), n) for n in "abc"]
    for n, mark in enumerate(marks):
        g = Client()
        g.ok("ns.exec", name="nb", command="true", undo="touch " + mark)
        if n == 0:
            g.ok("undo.drop")
        if n == 1:
            g.ok("ns.exec", name="nb", command="true", undo="")
        g.sock.close()
    there = lambda m: c.ok("ns.exec", name="nb", command="test -e " + m)["status"] == 0
    check("a client's undo is run when it hangs up", soon(lambda: there(marks[2])))
    check("unless it was dropped", not any(there(m) for m in marks[:2]))
    c.ok("ns.del", name="na")
    time.sleep(0.3)
    check("with a namespace go its processes", not alive("^sleep 60[12]"))
    ports = [p["name"] for p in c.ok("port.list")]
    check("its ports", ports == ["nb.eth0"], ports)
    links = subprocess.run(["ip", "-br", "link"], capture_output=True, text=True).stdout
    check("its veth pairs", "tv0" not in links, links)
    check("and its name", not os.path.exists("/run/netns/na"))
    c.ok("net.del", net="wire")
    c.ok("ns.del", name="nb")


def test_events():
    c, e = Client(), Client()
    e.ok("events.subscribe")
    c.ok("net.add", name="ev", mode="internal")
    c.ok("port.add", net="ev", name="ev1")
    c.ok("port.down", port="ev1")
    c.ok("port.del", port="ev1")
    c.ok("net.del", net="ev")
    got = [e.line()["params"] for _ in range(5)]
    names = [g["event"] for g in got]
    check("events in order", names == ["net.added", "port.added", "port.down", "port.deleted", "net.deleted"], names)
    check("with a time", all(abs(g["time_ms"] / 1000 - time.time()) < 60 for g in got))


# ---- guests -----------------------------------------------------------------------------------


def state(c):
    return c.call("vm.show", vm="g")["result"]["state"]


def wait_state(c, want, seconds=120):
    return soon(lambda: state(c) == want, seconds)


def test_exec():
    """Guest g runs."""
    c = Client()
    r = c.ok("vm.exec", vm="g", command="echo out; echo err >&2; exit 7")
    check("vm.exec: both outputs and the status", r == {"status": 7, "stdout": "out\n", "stderr": "err\n"}, r)
    t = time.time()
    a = c.send("vm.exec", vm="g", command="sleep 2; echo slow")
    b = c.send("vm.exec", vm="g", command="echo fast")
    ids = [c.line()["id"], c.line()["id"]]
    check("a slow command does not hold up a fast one", ids == [b, a] and time.time() - t < 20, ids)
    r = c.ok("vm.exec", vm="g", command="sleep 600", timeout_s=1)
    check("a command that takes too long: 124", r["status"] == 124, r)
    r = c.ok("vm.exec", vm="g", command="kill -9 $$")
    check("one that is killed: 128 + 9", r["status"] == 137, r)
    if "INSIDE_OUTER" in os.environ:  # a serial line of an emulated machine's machine
        skip("output is bounded and any byte is told", "takes minutes in the outer machine")
    else:
        r = c.ok("vm.exec", vm="g", command="head -c 300000 /dev/zero; printf '\\377' >&2", timeout_s=60)
        check("output is bounded and any byte is told",
              len(r["stdout"]) == 262144 and r["stderr"] == "\ufffd", len(r["stdout"]))
    ids = {c.send("vm.exec", vm="g", command="echo %d" % i): i for i in range(40)}
    got = [c.line() for _ in range(40)]
    check("forty at once, each with its own answer",
          all(m["result"]["stdout"] == "%d\n" % ids[m["id"]] for m in got), got[:2])
    g = Client()
    g.send("vm.exec", vm="g", command="sleep 1")
    g.sock.close()
    check("a client that goes away in the middle does no harm", "result" in c.call("vm.exec", vm="g", command="sleep 2"))


def test_console():
    c = Client()
    c.ok("vm.console", vm="g")
    c.ok("vm.console", vm="g")
    one, two = (socket.socket(fileno=fd) for fd in c.fds)
    text = read_for(one.fileno(), 1)[0]
    check("a late reader gets what there was", b"ready" in text, text[-200:])
    read_for(two.fileno(), 0.2)
    one.sendall(b"echo con''sole\n")
    first, second = read_for(one.fileno(), 2)[0], read_for(two.fileno(), 0.5)[0]
    check("what is typed is answered, to all", b"console" in first and b"console" in second, first, second)
    one.close()
    two.sendall(b"echo st''ill\n")
    check("one reader may go", b"still" in read_for(two.fileno(), 2)[0])
    check("vm.log has it too", "still" in c.ok("vm.log", vm="g")["text"])
    two.setblocking(False)
    c.ok("vm.exec", vm="g", command="seq 1 20000 >/dev/ttyS0", timeout_s=60)
    check("a reader that sleeps does not stop the guest", "result" in c.call("vm.exec", vm="g", command="true"))


def test_life():
    c = Client()
    check("paused", c.ok("vm.pause", vm="g")["state"] == "paused")
    check("twice is refused", "paused, not running" in c.call("vm.pause", vm="g")["error"]["message"])
    check("no command while it is", "paused" in c.call("vm.exec", vm="g", command="true")["error"]["message"])
    check("resumed", c.ok("vm.resume", vm="g")["state"] == "running")
    check("and works", c.ok("vm.exec", vm="g", command="true")["status"] == 0)
    carrier = "cat /sys/class/net/eth0/carrier"
    c.ok("port.down", port="g.eth0")
    check("its cable is pulled", soon(lambda: c.ok("vm.exec", vm="g", command=carrier)["stdout"] == "0\n"))
    c.ok("port.up", port="g.eth0")
    check("and put back", soon(lambda: c.ok("vm.exec", vm="g", command=carrier)["stdout"] == "1\n"))
    check("a NIC's port can't be deleted", "stop the guest" in c.call("port.del", port="g.eth0")["error"]["message"])
    check("nor its network", c.call("net.del", net="lab")["error"]["data"]["errno"] == "EBUSY")
    pid = c.ok("vm.show", vm="g")["pid"]
    c.ok("vm.exec", vm="g", command="touch /tmp/mark; reboot")
    again = "test ! -e /tmp/mark"

    def back():
        m = c.call("vm.exec", vm="g", command=again, timeout_s=2)
        return m.get("result", {}).get("status") == 0

    check("a reboot is a new boot of the same machine", soon(back, 120) and c.ok("vm.show", vm="g")["pid"] == pid)
    log = c.ok("vm.log", vm="g")["text"]
    check("seen on its console", "Restarting" in log and "ready in" in log.split("Restarting")[-1], log[-300:])


def test_off():
    c = Client()
    c.ok("vm.exec", vm="g", command="poweroff")
    check("a guest that powers itself off is stopped", wait_state(c, "stopped"), c.call("vm.show", vm="g"))
    v = c.ok("vm.show", vm="g")
    check("with that as the reason", "powered off" in v["reason"] and v["pid"] is None, v)
    check("its console can still be read", "ready" in c.ok("vm.log", vm="g")["text"])
    check("nothing runs in it", "stopped" in c.call("vm.exec", vm="g", command="true")["error"]["message"])
    check("its ports are gone", not [p for p in c.ok("port.list") if p["vm"] == "g"])


for name in sys.argv[2:]:
    globals()["test_" + name]()
sys.exit(failed != 0)
