#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""random_ops.py SEED OPERATIONS: a random sequence of requests to a daemon that this starts, kills
and starts again, against a model of what there must be; prints TAP.

The model is two dictionaries. Every request must be answered as it foretells; every CHECK_EVERY
requests, and after each restart, the daemon's lists must be equal to it. Now and then everything is
deleted: then interfaces, descriptors and packet buffers must be what they were at the start.

Environment: VSWITCHD, VNETCTL, SOCK, STATE, DIR. Namespaces g0 to g3 and wire, and veth pairs v0 to
v3 (peers in wire), are there.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time

SEED, OPERATIONS = int(sys.argv[1]), int(sys.argv[2])
SOCK, STATE, DIR = (os.environ[k] for k in ("SOCK", "STATE", "DIR"))
CHECK_EVERY, EMPTY_EVERY, RESTART_ONE_IN = 25, 400, 120
NETS_MAX, PORTS_MAX = 8, 40

rnd = random.Random(SEED)
history = []
failed = 0
number = 0
counts = {}


def report(text, ok, *details):
    global failed, number
    number += 1
    failed += not ok
    print("ok" if ok else "not ok", number, "-", text)
    for d in details if not ok else ():
        print("#", str(d)[:2000])
    sys.stdout.flush()


class Broken(Exception):
    pass


# ---- the daemon -------------------------------------------------------------------------------


class Daemon:
    def __init__(self):
        self.log = open(DIR + "/daemon.log", "ab")
        self.process = None

    def start(self):
        argv = [os.environ["VSWITCHD"], "--foreground", "--socket", SOCK, "--state", STATE]
        self.process = subprocess.Popen(argv, stdout=self.log, stderr=self.log)
        end = time.time() + 60
        while True:
            try:
                self.sock = socket.socket(socket.AF_UNIX)
                self.sock.settimeout(60)
                self.sock.connect(SOCK)
                self.file = self.sock.makefile("rwb")
                self.call("hello", protocol=1)
                return
            except OSError:
                if self.process.poll() is not None or time.time() > end:
                    raise Broken("the daemon does not start: status %s" % self.process.poll())
                time.sleep(0.02)

    def call(self, method, **params):
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        self.file.write(line.encode() + b"\n")
        self.file.flush()
        answer = self.file.readline()
        if not answer:
            raise Broken("the daemon is gone: status %s" % self.process.wait())
        return json.loads(answer)

    def stop(self, how):
        self.process.send_signal(how)
        status = self.process.wait(60)
        self.sock.close()
        return status

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))


daemon = Daemon()


def ask(method, **params):
    """The answer to a request that must succeed."""
    text = method + " " + " ".join("%s=%s" % p for p in params.items())
    history.append(text)
    answer = daemon.call(method, **params)
    if "error" in answer:
        raise Broken("%s: %s" % (text, answer["error"]["message"]))
    counts[method] = counts.get(method, 0) + 1
    return answer["result"]


def refused(method, **params):
    text = method + " " + " ".join("%s=%s" % p for p in params.items())
    history.append(text + " (must be refused)")
    answer = daemon.call(method, **params)
    if "error" not in answer:
        raise Broken("%s: was not refused" % text)
    counts["refused"] = counts.get("refused", 0) + 1


# ---- the model --------------------------------------------------------------------------------

nets = {}  # name: {mode, vlan, nic, settings}
ports = {}  # name: {net, carrier, admin, settings, words, nic}
nr = 0


def fresh():
    global nr
    nr += 1
    return nr


def free_nic():
    used = [n["nic"] for n in nets.values()] + [p["nic"] for p in ports.values()]
    left = [v for v in ("v0", "v1", "v2", "v3") if v not in used]
    return rnd.choice(left) if left else None


def some_net():
    return rnd.choice(sorted(nets)) if nets else None


def some_port():
    return rnd.choice(sorted(ports)) if ports else None


# What another object decides is not compared: a mirror ends with the port that it copies.
def own(settings):
    return {k: v for k, v in settings.items() if k != "mirror"}


def compare(when):
    have = {n["name"]: {"mode": n["mode"], "vlan": n["vlan"], "settings": n["settings"]}
            for n in ask("net.list")}
    want = {k: {"mode": n["mode"], "vlan": n["vlan"], "settings": n["settings"]}
            for k, n in nets.items()}
    if have != want:
        raise Broken("%s: net list is %s, the model %s" % (when, have, want))
    have = {}
    for p in ask("port.list"):
        if p["name"] in ports or p["carrier"] not in ("local", "hosttap", "trunk", "nic"):
            words = p["impair"] and p["impair"]["words"]
            have[p["name"]] = (p["net"], p["carrier"], p["admin"], own(p["settings"]), words)
    want = {k: (p["net"], p["carrier"], p["admin"], own(p["settings"]), p["words"])
            for k, p in ports.items()}
    for name in sorted(set(have) | set(want)):
        if have.get(name) != want.get(name):
            raise Broken("%s: port %s is %s, the model %s" %
                         (when, name, have.get(name), want.get(name)))


# ---- operations -------------------------------------------------------------------------------


def net_add():
    if len(nets) >= NETS_MAX:
        return net_del()
    name = "n%d" % rnd.randrange(12)
    mode = rnd.choice(["nat", "host-only", "internal", "lan-segment", "lan-segment", "bridge"])
    if name in nets:
        return refused("net.add", name=name, mode=mode)
    params, nic = {}, None
    if mode == "bridge":
        nic = free_nic()
        if not nic:
            return refused("net.add", name=name, mode=mode, nic="nosuch")
        params["nic"] = nic
    if mode == "internal":
        params.update(subnet="10.%d.0.0/24" % (100 + int(name[1:])), dhcp="on")
    if mode == "lan-segment" and rnd.random() < 0.6:
        params["vlan"] = 10 + int(name[1:])
    ask("net.add", name=name, mode=mode, **params)
    nets[name] = {"mode": mode, "vlan": params.get("vlan"), "nic": nic, "settings": {}}


def net_del():
    name = some_net()
    if not name:
        return refused("net.del", net="n99")
    ask("net.del", net=name)
    del nets[name]
    for p in [p for p in ports if ports[p]["net"] == name]:
        del ports[p]


NET_SETTINGS = [("hub", "on"), ("hub", "off"), ("ageing", "10s"), ("macs", "64"), ("macs", "8192"),
                ("stp", "on"), ("stp", "off"), ("snooping", "on"), ("snooping", "off"),
                ("stp-priority", "4096")]


def net_set():
    name = some_net()
    key, value = rnd.choice(NET_SETTINGS)
    if not name or rnd.random() < 0.05:
        return refused("net.set", net=name or "n99", settings={key: "perhaps"})
    answer = ask("net.set", net=name, settings={key: value})
    nets[name]["settings"] = answer["settings"]


def port_add():
    net = some_net()
    if len(ports) >= PORTS_MAX:
        return port_del()
    if not net or rnd.random() < 0.05:
        return refused("port.add", net="n99", name="x%d" % fresh())
    kind = rnd.choice(["netns", "netns", "dummy", "tap", "nic", "patch"])
    name = "p%d" % fresh()
    if kind == "nic":
        nic = free_nic()
        if not nic:
            return refused("port.add", net=net, name=name, nic="nosuch")
        add_one(net, name, kind, nic=nic)
    elif kind == "patch":
        other = "p%d" % fresh()
        add_one(net, name, kind, patch=other)
        if rnd.random() < 0.8:
            add_one(some_net(), other, kind, patch=name)
    elif kind == "netns":
        add_one(net, name, kind, netns="g%d" % rnd.randrange(4), ifname="e" + name)
    else:
        add_one(net, name, kind, **({"tap": "t" + name} if kind == "tap" else {}))


def add_one(net, name, carrier, **params):
    answer = ask("port.add", net=net, name=name, **params)
    ports[name] = {"net": net, "carrier": answer["carrier"], "admin": "up", "settings": {},
                   "words": None, "nic": params.get("nic")}


def port_del():
    name = some_port()
    if not name or rnd.random() < 0.03:
        return refused("port.del", port="p0")
    ask("port.del", port=name)
    del ports[name]


def port_move():
    name, net = some_port(), some_net()
    if not name or rnd.random() < 0.05:
        return refused("port.move", port=name or "p0", net="n/99")
    ask("port.move", port=name, net=net)
    ports[name]["net"] = net


def port_admin():
    name, way = some_port(), rnd.choice(["up", "down"])
    if not name:
        return refused("port." + way, port="p0")
    ask("port." + way, port=name)
    ports[name]["admin"] = way


def trunk_of_segments():
    ids = sorted(n for n in nets if nets[n]["vlan"])
    return [("trunk", ",".join(rnd.sample(ids, min(len(ids), 3))))] if ids else []


def port_set():
    name = some_port()
    choices = [("vlan", "10"), ("trunk", "10,20"), ("mac-guard", "on"), ("mac-guard", "off"),
               ("isolated", "on"), ("isolated", "off"), ("promiscuous", "all"),
               ("promiscuous", "deny"), ("macs", "4"), ("storm-broadcast", "100"),
               ("loop-guard", "off"), ("loop-guard", "on"), ("stp-cost", "5"), ("edge", "off"),
               ("dhcp-guard", "on"), ("router-guard", "on"), ("mirror", some_port())]
    choices += trunk_of_segments()
    key, value = rnd.choice(choices)
    if name and ports[name]["carrier"] != "netns" and value in ("deny", "on"):
        key, value = "macs", "4"  # guards need to know the address behind a port
    if not name or rnd.random() < 0.05:
        return refused("port.set", port=name or "p0", settings={key: "perhaps//"})
    # It copies ports of its own network, and not itself.
    if key == "mirror" and name and (value == name or ports[value]["net"] != ports[name]["net"]):
        return refused("port.set", port=name, settings={key: value})
    if key in ("vlan", "trunk"):  # they exclude each other: the last one said holds
        for old in {"vlan", "trunk"} - {key}:
            if old in ports[name]["settings"]:
                ask("port.set", port=name, settings={old: "none"})
    answer = ask("port.set", port=name, settings={key: value})
    ports[name]["settings"] = answer["settings"]


WORDS = ["none", "delay=5ms", "dir=in delay=2ms jitter=1ms", "loss=20%", "rate=1Mbit queue=20",
         "delay=3ms reorder=10%", "duplicate=30%", "corrupt=5% seed=7", "preset=wifi", "mtu=900",
         "at=1s down=1s repeat=3s", "dir=out loss=gilbert:5%,30%"]


def port_impair():
    name, words = some_port(), rnd.choice(WORDS)
    if not name or rnd.random() < 0.05:
        return refused("port.impair", port=name or "p0", words="delay=20")
    answer = ask("port.impair", port=name, words=words)
    ports[name]["words"] = answer["impair"] and answer["impair"]["words"]


def frames():
    """Frames by a dummy port, and a look at what others sent to it."""
    dummies = sorted(p for p in ports if ports[p]["carrier"] == "dummy")
    if not dummies:
        return
    name = rnd.choice(dummies)
    for _ in range(8):
        to = rnd.choice(["ffffffffffff", "0200000000%02x" % rnd.randrange(16), "01005e000001"])
        ask("port.send", port=name, frame=to + "0200000000%02x0800" % rnd.randrange(16) + "45" * 60)
    ask("port.receive", port=name)


def look():
    name = some_net()
    if name:
        rnd.choice([lambda: ask("mac.list", net=name), lambda: ask("mac.flush", net=name),
                    lambda: ask("net.show", net=name), lambda: ask("stp.show", net=name),
                    lambda: ask("group.list", net=name)])()


watchers = []


def watch():
    while len(watchers) >= 2:
        w = watchers.pop(0)
        w.kill()
        w.wait()
    name = rnd.choice([some_net(), some_port()])
    argv = rnd.choice([["capture", str(name), "-w", "-"], ["trace", str(name)], ["events"]])
    watchers.append(subprocess.Popen([os.environ["VNETCTL"], "-s", SOCK] + argv,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))


def restart():
    how = rnd.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
    history.append("restart after signal %d" % how)
    status = daemon.stop(how)
    if status != (0 if how == signal.SIGTERM else -how):
        raise Broken("the daemon ended with status %d" % status)
    counts["restart"] = counts.get("restart", 0) + 1
    daemon.start()
    compare("after a restart")


OPERATIONS_AND_WEIGHTS = [(net_add, 10), (net_del, 5), (net_set, 8), (port_add, 22), (port_del, 12),
                          (port_move, 14), (port_admin, 10), (port_set, 16), (port_impair, 12),
                          (frames, 6), (look, 4), (watch, 1)]


# ---- nothing is left --------------------------------------------------------------------------


def interfaces():
    found = []
    for ns in (None, "g0", "g1", "g2", "g3", "wire"):
        argv = ["nsenter", "--net=/run/netns/" + ns] if ns else []
        out = subprocess.run(argv + ["ip", "-o", "link"], capture_output=True, text=True).stdout
        found += ["%s:%s" % (ns, line.split(": ")[1].split("@")[0]) for line in out.splitlines()]
    return sorted(found)


def within(seconds, what):
    end = time.time() + seconds
    while not what() and time.time() < end:
        time.sleep(0.05)
    return what()


def empty(before, descriptors):
    for w in watchers:
        w.kill()
        w.wait()
    watchers.clear()
    while nets:
        net_del()
    compare("all is deleted")
    if not within(20, lambda: interfaces() == before):
        raise Broken("left: %s, missing: %s" % (sorted(set(interfaces()) - set(before)),
                                                sorted(set(before) - set(interfaces()))))
    status = ask("status")
    if status["pool_free"] != status["pool_size"]:
        raise Broken("of %(pool_size)d packet buffers %(pool_free)d are free" % status)
    # A library may keep one or two of its own.
    if not within(10, lambda: daemon.descriptors() <= descriptors + 2):
        raise Broken("%d descriptors, %d at first" % (daemon.descriptors(), descriptors))


def run():
    daemon.start()
    before, descriptors = interfaces(), daemon.descriptors()
    pool = [f for f, weight in OPERATIONS_AND_WEIGHTS for _ in range(weight)]
    for i in range(1, OPERATIONS + 1):
        (restart if rnd.randrange(RESTART_ONE_IN) == 0 else rnd.choice(pool))()
        if i % CHECK_EVERY == 0:
            compare("after %d operations" % i)
        if i % EMPTY_EVERY == 0:
            empty(before, descriptors)
    empty(before, descriptors)
    if daemon.stop(signal.SIGTERM):
        raise Broken("the end is not clean: a leak?")


begin = time.time()
try:
    run()
    report("%d operations, seed %d, each answered as the model foretold" % (OPERATIONS, SEED), True)
    report("nothing was left each time that all was deleted", True)
except (Broken, OSError, KeyError, ValueError) as e:
    report("seed %d: %s: %s" % (SEED, type(e).__name__, e), False, "the last requests:",
           *["  " + h for h in history[-40:]])
    if daemon.process and daemon.process.poll() is None:
        daemon.process.send_signal(signal.SIGTERM)
        daemon.process.wait(60)
print("# %.0f s: %s" % (time.time() - begin, ", ".join("%s %d" % c for c in sorted(counts.items()))))
sys.exit(failed != 0)
