# SPDX-License-Identifier: GPL-2.0-or-later
"""Stations for the NAT conformance test: raw packets at both sides of a translator.

A station is an interface without an IP stack: it answers ARP for its addresses, sends what it is
told to, and hands over what arrives, taken apart.  Every frame that a station sees is checked: a
wrong checksum anywhere is remembered in Station.wrong, so that no test has to look for it.
"""
import ctypes
import os
import select
import socket
import struct
import time

TCP, UDP, ICMP = 6, 17, 1
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
DF, MF = 0x4000, 0x2000


def aton(addr):
    return socket.inet_aton(addr)


def csum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def ip4(src, dst, proto, payload, ttl=64, ident=0, frag=0, options=b"", bad=False):
    ihl = 5 + len(options) // 4
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | ihl, 0, ihl * 4 + len(payload), ident, frag, ttl,
                       proto, 0, aton(src), aton(dst)) + options
    sum_ = csum(head) ^ (0x5555 if bad else 0)
    return head[:10] + struct.pack("!H", sum_) + head[12:] + payload


def pseudo(src, dst, proto, length):
    return aton(src) + aton(dst) + struct.pack("!BBH", 0, proto, length)


def udp(src, dst, sport, dport, data=b"x" * 20, zero=False):
    head = struct.pack("!HHHH", sport, dport, 8 + len(data), 0)
    sum_ = 0 if zero else csum(pseudo(src, dst, UDP, 8 + len(data)) + head + data) or 0xFFFF
    return head[:6] + struct.pack("!H", sum_) + data


def tcp(src, dst, sport, dport, flags, seq=1000, ack=0, data=b""):
    head = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 65535, 0, 0)
    sum_ = csum(pseudo(src, dst, TCP, 20 + len(data)) + head + data)
    return head[:16] + struct.pack("!H", sum_) + head[18:] + data


def icmp(kind, code, rest=b"\0\0\0\0", data=b"", bad=False):
    body = struct.pack("!BBH", kind, code, 0) + rest + data
    return body[:2] + struct.pack("!H", csum(body) ^ (0x5555 if bad else 0)) + body[4:]


def echo(kind, ident, seq=1, data=b"abcdefgh"):
    return icmp(kind, 0, struct.pack("!HH", ident, seq), data)


class Packet:
    """An IPv4 packet taken apart."""

    def __init__(self, raw):
        self.raw = raw
        ihl = (raw[0] & 15) * 4
        (_, _, length, self.id, frag, self.ttl, self.proto, _, src, dst) = struct.unpack(
            "!BBHHHBBH4s4s", raw[:20])
        self.src, self.dst = socket.inet_ntoa(src), socket.inet_ntoa(dst)
        self.frag, self.df, self.mf = (frag & 0x1FFF) * 8, bool(frag & DF), bool(frag & MF)
        self.options = raw[20:ihl]
        self.head = raw[:ihl]
        self.l4 = raw[ihl:length]
        self.sport = self.dport = self.flags = self.kind = self.code = self.ident = None
        self.data = b""
        if self.frag:
            return
        if self.proto in (TCP, UDP) and len(self.l4) >= 8:
            self.sport, self.dport = struct.unpack("!HH", self.l4[:4])
        if self.proto == TCP and len(self.l4) >= 20:
            self.seq, self.ack, self.offset, self.flags = struct.unpack("!IIBB", self.l4[4:14])
            self.data = self.l4[(self.offset >> 4) * 4:]
        elif self.proto == UDP:
            self.data = self.l4[8:]
        elif self.proto == ICMP and len(self.l4) >= 8:
            self.kind, self.code = self.l4[0], self.l4[1]
            self.ident, self.mtu = struct.unpack("!HH", self.l4[4:8])
            self.data = self.l4[8:]

    def inner(self):
        return Packet(self.data)

    def l4_sum_right(self):
        if self.proto == UDP and self.l4[6:8] == b"\0\0":
            return True
        if self.proto in (TCP, UDP):
            return csum(pseudo(self.src, self.dst, self.proto, len(self.l4)) + self.l4) == 0
        return csum(self.l4) == 0

    def whole(self):
        return not self.frag and not self.mf

    def __str__(self):
        ports = f":{self.sport}" if self.sport is not None else ""
        to = f":{self.dport}" if self.dport is not None else ""
        return f"proto {self.proto} {self.src}{ports} > {self.dst}{to} ttl {self.ttl}"


def in_namespace(name, fn):
    """Run fn with the network namespace below /run/netns; come back."""
    libc = ctypes.CDLL(None, use_errno=True)
    here, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        if libc.setns(there, 0x40000000):
            raise OSError(ctypes.get_errno(), f"setns {name}")
        return fn()
    finally:
        libc.setns(here, 0x40000000)
        os.close(here)
        os.close(there)


class Station:
    def __init__(self, namespace, ifname, *addresses):
        def open_socket():
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
            s.bind((ifname, 3))
            return s

        self.sock = in_namespace(namespace, open_socket)
        self.mac = self.sock.getsockname()[4]
        self.name, self.addresses = namespace, addresses
        self.neighbours = {}
        self.got, self.wrong, self.answer_arp = [], [], True

    # -- sending --

    def arp(self, op, to_mac, sender, target, to=b"\xff" * 6):
        body = struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, op, self.mac, aton(sender), to_mac,
                           aton(target))
        self.sock.send(to + self.mac + b"\x08\x06" + body)

    def resolve(self, address, sender=None):
        end = time.monotonic() + 5
        while address not in self.neighbours and time.monotonic() < end:
            self.arp(1, b"\0" * 6, sender or self.addresses[0], address)
            self.read(0.3)
        return self.neighbours[address]

    def send(self, packet, via):
        """Put an IPv4 packet on the wire, to the MAC address of neighbour `via`."""
        self.sock.send(self.resolve(via) + self.mac + b"\x08\x00" + packet)

    # -- receiving --

    def take(self, frame):
        kind = frame[12:14]
        if kind == b"\x08\x06" and len(frame) >= 42:
            op, sha, spa, tpa = (struct.unpack("!H", frame[20:22])[0], frame[22:28],
                                 socket.inet_ntoa(frame[28:32]), socket.inet_ntoa(frame[38:42]))
            if sha != self.mac:
                self.neighbours[spa] = sha
                if op == 1 and tpa in self.addresses and self.answer_arp:
                    self.arp(2, sha, tpa, spa, to=sha)
        elif kind == b"\x08\x00" and len(frame) >= 34 and frame[6:12] != self.mac:
            p = Packet(frame[14:])
            if csum(p.head):
                self.wrong.append(f"IP checksum of {p}")
            if p.whole() and p.proto in (TCP, UDP, ICMP) and not p.l4_sum_right():
                self.wrong.append(f"checksum of {p}")
            self.got.append(p)

    def read(self, seconds):
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if not select.select([self.sock], [], [], max(left, 0))[0]:
                return
            while select.select([self.sock], [], [], 0)[0]:
                self.take(self.sock.recv(65536))
            if left <= 0:
                return

    def wait(self, match, seconds=2.0):
        """The first packet that matches, taken off the list; None when none comes."""
        end = time.monotonic() + seconds
        while True:
            for i, p in enumerate(self.got):
                if match(p):
                    return self.got.pop(i)
            if time.monotonic() >= end:
                return None
            if select.select([self.sock], [], [], min(0.2, max(0, end - time.monotonic())))[0]:
                self.take(self.sock.recv(65536))

    def wait_udp(self, port=None, data=None, seconds=2.0):
        return self.wait(lambda p: p.proto == UDP and p.sport is not None and
                         (port is None or p.dport == port) and (data is None or p.data == data),
                         seconds)

    def wait_tcp(self, flags=None, port=None, seconds=2.0):
        return self.wait(lambda p: p.proto == TCP and p.flags is not None and
                         (flags is None or p.flags & 0x17 == flags & 0x17) and
                         (port is None or p.dport == port), seconds)

    def wait_icmp(self, kind, seconds=2.0):
        return self.wait(lambda p: p.proto == ICMP and p.kind == kind, seconds)

    def drain(self, seconds=0.05):
        self.read(seconds)
        self.got.clear()
