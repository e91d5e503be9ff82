#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""dhcp_many.py - many DHCP clients on one interface, by raw frames.

  dhcp_many.py storm IFNAME SERVER FILE CLIENTS SECONDS
      Full exchanges (DISCOVER, OFFER, REQUEST, ACK) of CLIENTS clients, 128 at a time, until SECONDS
      are over or the interface goes.  FILE holds what each client holds, a line "MAC ADDRESS" for
      each ACK; it is read first, so clients remember, and complain of an address that another has.
  dhcp_many.py churn IFNAME SERVER FILE CLIENTS SECONDS
      CLIENTS clients that come, renew, rebind, reboot, release, decline and vanish by chance. FILE holds
      what they have, from one run to the next; one that is given what another has in force complains.
  dhcp_many.py starve IFNAME COUNT
      COUNT DISCOVERs, each from another random address, as fast as they go.
  dhcp_many.py offer IFNAME SERVER ADDRESS
      Be a server that has no business here: answer the next DISCOVER with an OFFER of ADDRESS.
"""
import os, random, select, socket, struct, sys, time

COOKIE = b"\x63\x82\x53\x63"


def csum(data):
    s = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


def frame(mac, payload, sport=68, dport=67, src="0.0.0.0", dst=b"\xff" * 6, to=b"\xff" * 4):
    udp = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                     socket.inet_aton(src), to)
    ip = ip[:10] + struct.pack("!H", csum(ip)) + ip[12:]
    return dst + mac + b"\x08\x00" + ip + udp


def message(kind, mac, xid, options=b"", op=1, yiaddr=b"\0" * 4, ciaddr=b"\0" * 4):
    head = struct.pack("!BBBBIHH4s4s4s4s16s64s128s", op, 1, 6, 0, xid, 0, 0x8000, ciaddr,
                       yiaddr, b"\0" * 4, b"\0" * 4, mac, b"", b"")
    return head + COOKIE + bytes((53, 1, kind)) + options + b"\xff"


def parse(data, op):
    """(kind, mac, xid, yiaddr, options) of a frame with a DHCP message, else None"""
    if len(data) < 282 or data[12:14] != b"\x08\x00" or data[23] != 17:
        return None
    m = data[14 + (data[14] & 15) * 4 + 8:]
    if len(m) < 241 or m[0] != op or m[236:240] != COOKIE:
        return None
    options, at = {}, 240
    while at + 1 < len(m) and m[at] != 255:
        if m[at] == 0:
            at += 1
            continue
        options[m[at]] = m[at + 2:at + 2 + m[at + 1]]
        at += 2 + m[at + 1]
    return options[53][0] if 53 in options else 0, m[28:34], m[4:8], m[16:20], options


def open_socket(ifname):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    s.bind((ifname, 0))
    return s


class Storm:
    def __init__(self, ifname, server, path, clients):
        self.sock, self.server = open_socket(ifname), socket.inet_aton(server)
        self.clients = clients
        self.held, self.owner, self.doubled = {}, {}, 0
        if os.path.exists(path):
            for line in open(path):
                mac, addr = line.split()
                self.take(bytes.fromhex(mac), addr)
        self.file = open(path, "a")
        self.busy = {}  # MAC: when it began

    def take(self, mac, addr):
        if self.owner.get(addr, mac) != mac:
            self.doubled += 1
            print("doubled: %s has %s, which %s has" % (mac.hex(), addr, self.owner[addr].hex()))
        old = self.held.get(mac)
        if old != addr and self.owner.get(old) == mac:
            del self.owner[old]
        self.held[mac], self.owner[addr] = addr, mac

    def begin(self):
        mac = b"\x02\x77" + struct.pack("!I", random.randrange(self.clients))
        if mac not in self.busy:
            self.busy[mac] = time.monotonic()
            self.sock.send(frame(mac, message(1, mac, random.getrandbits(32))))

    def answer(self, data):
        got = parse(data, 2)
        if not got or got[1] not in self.busy:
            return 0
        kind, mac, xid, addr, _ = got
        if kind == 2:
            options = b"\x32\x04" + addr + b"\x36\x04" + self.server
            self.sock.send(frame(mac, message(3, mac, struct.unpack("!I", xid)[0], options)))
            return 0
        del self.busy[mac]
        if kind != 5:
            return 0
        addr = socket.inet_ntoa(addr)
        self.take(mac, addr)
        self.file.write("%s %s\n" % (mac.hex(), addr))
        return 1

    def run(self, seconds):
        end, acks = time.monotonic() + seconds, 0
        try:
            while time.monotonic() < end:
                while len(self.busy) < 128:
                    self.begin()
                if select.select([self.sock], [], [], 0.05)[0]:
                    acks += self.answer(self.sock.recv(2048))
                else:
                    late = time.monotonic() - 0.5
                    self.busy = {m: t for m, t in self.busy.items() if t > late}
        except OSError:
            pass  # the daemon is dead, and its interface with it
        self.file.close()
        print("acks %d, clients %d, doubled %d" % (acks, len(self.held), self.doubled))


class Churn:
    """Each client waits for one answer at a time; none for half a second is none."""
    WHAT = ["renew"] * 8 + ["rebind", "reboot", "reboot", "release", "release", "decline", "vanish"]

    def __init__(self, ifname, server, path, clients):
        self.sock, self.server, self.path = open_socket(ifname), socket.inet_aton(server), path
        tag = sum(path.encode()) & 255
        self.macs = [b"\x02\x78" + bytes((tag,)) + struct.pack("!I", n)[1:] for n in range(clients)]
        self.held, self.owner, self.busy = {}, {}, {}
        self.count = dict.fromkeys(self.WHAT + ["got", "nak", "doubled"], 0)
        if os.path.exists(path):
            for line in open(path):
                mac, addr, end = line.split()
                self.take(bytes.fromhex(mac), socket.inet_aton(addr), float(end))

    def take(self, mac, addr, end):
        owner = self.owner.get(addr, mac)
        if owner != mac and self.held[owner][1] > time.time() + 1:
            self.count["doubled"] += 1
            print("doubled: %s has %s, which %s has" % (mac.hex(), socket.inet_ntoa(addr), owner.hex()))
        self.drop(owner)
        self.drop(mac)
        self.held[mac], self.owner[addr] = (addr, end), mac

    def drop(self, mac):
        if mac in self.held:
            del self.owner[self.held.pop(mac)[0]]

    def send(self, mac, kind, options=b"", ciaddr=b"\0" * 4, to=b"\xff" * 4, waits=True):
        m = message(kind, mac, random.getrandbits(32), options, ciaddr=ciaddr)
        self.sock.send(frame(mac, m, src=socket.inet_ntoa(ciaddr), to=to))
        if waits:
            self.busy[mac] = time.monotonic()

    def act(self, mac):
        addr, end = self.held.get(mac, (None, 0))
        if addr is None or end < time.time():
            self.drop(mac)
            self.send(mac, 1)
            return
        what = random.choice(self.WHAT)
        self.count[what] += 1
        by_server = b"\x36\x04" + self.server
        if what == "renew":
            self.send(mac, 3, ciaddr=addr, to=self.server)
        elif what == "rebind":
            self.send(mac, 3, ciaddr=addr)
        elif what == "reboot":
            self.send(mac, 3, b"\x32\x04" + addr)
        elif what == "release":
            self.drop(mac)
            self.send(mac, 7, by_server, addr, self.server, False)
        elif what == "decline":
            self.drop(mac)
            self.send(mac, 4, b"\x32\x04" + addr + by_server, waits=False)

    def answer(self, data):
        got = parse(data, 2)
        if not got or got[1] not in self.busy:
            return
        kind, mac, _, addr, options = got
        if kind == 2:
            self.send(mac, 3, b"\x32\x04" + addr + b"\x36\x04" + self.server)
            return
        del self.busy[mac]
        if kind == 5:
            self.count["got"] += 1
            self.take(mac, addr, time.time() + struct.unpack("!I", options[51])[0])
        else:
            self.count["nak"] += 1
            self.drop(mac)

    def run(self, seconds):
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                mac = random.choice(self.macs)
                if mac not in self.busy and len(self.busy) < 32:
                    self.act(mac)
                while select.select([self.sock], [], [], 0.005)[0]:
                    self.answer(self.sock.recv(2048))
                late = time.monotonic() - 0.5
                self.busy = {m: t for m, t in self.busy.items() if t > late}
        except OSError:
            pass  # the port is gone
        with open(self.path, "w") as f:
            for mac, (addr, until) in self.held.items():
                f.write("%s %s %f\n" % (mac.hex(), socket.inet_ntoa(addr), until))
        print(", ".join("%s %d" % c for c in self.count.items()))


def starve(ifname, count):
    sock = open_socket(ifname)
    f = bytearray(frame(b"\2" + b"\0" * 5, message(1, b"\2" + b"\0" * 5, 0)))
    start = time.monotonic()
    for _ in range(count):
        mac = b"\x02" + random.randbytes(5)
        f[6:12] = f[70:76] = mac
        f[46:50] = mac[:4]
        try:
            sock.send(f)
        except OSError:
            time.sleep(0.001)
    print("%d in %.1f s" % (count, time.monotonic() - start))


def offer(ifname, server, address):
    sock = open_socket(ifname)
    mac = b"\x02\x66\x66\x66\x66\x66"
    while True:
        got = parse(sock.recv(2048), 1)
        if got and got[0] == 1:
            break
    options = b"\x36\x04" + socket.inet_aton(server) + b"\x33\x04\0\0\x0e\x10" + b"\x01\x04\xff\xff\xff\0"
    reply = message(2, got[1], struct.unpack("!I", got[2])[0], options, 2, socket.inet_aton(address))
    sock.send(frame(mac, reply, 67, 68, server))
    print("offered")


if __name__ == "__main__":
    what, args = sys.argv[1], sys.argv[2:]
    if what == "storm":
        Storm(args[0], args[1], args[2], int(args[3])).run(float(args[4]))
    elif what == "churn":
        Churn(args[0], args[1], args[2], int(args[3])).run(float(args[4]))
    elif what == "starve":
        starve(args[0], int(args[1]))
    else:
        offer(*args)
