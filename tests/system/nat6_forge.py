#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""nat6_forge.py IFNAME GATEWAY-MAC SOURCE|noise DESTINATION: one UDP packet over IPv6 from SOURCE, or
until it is killed frames with an IPv6 header and half-right contents from what is not ours."""
import random
import socket
import struct
import sys


def csum(data):
    s = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return 0xFFFF ^ s


def packet(src, dst, proto, l4):
    src, dst = (socket.inet_pton(socket.AF_INET6, a) for a in (src, dst))
    return struct.pack("!IHBB", 6 << 28, len(l4), proto, 64) + src + dst + l4


def udp(src, dst):
    pseudo = b"".join(socket.inet_pton(socket.AF_INET6, a) for a in (src, dst))
    head = struct.pack("!HHHH", 5000, 7000, 8, 0)
    c = csum(pseudo + struct.pack("!II", 8, 17) + head)
    return packet(src, dst, 17, head[:6] + struct.pack("!H", c))


def noise(dst, rnd):
    body = rnd.randbytes(rnd.randrange(80))
    src = rnd.choice(["fe80::1", "2001:db8:7::2", "::", "ff02::1"])
    frame = packet(src, rnd.choice([dst, "ff02::2", "fe80::2"]), rnd.choice([0, 6, 17, 43, 44, 58, 60]), body)
    cut = rnd.randrange(len(frame)) if rnd.random() < 0.3 else len(frame)
    return frame[:cut]


def main(ifname, mac, src, dst):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((ifname, 0))
    own = s.getsockname()[4]
    head = bytes.fromhex(mac.replace(":", "")) + own + b"\x86\xdd"
    if src != "noise":
        s.send(head + udp(src, dst))
        return
    rnd = random.Random(6)
    while True:
        try:
            s.send(head + noise(dst, rnd))
        except OSError:
            pass


main(*sys.argv[1:])
