#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Multicast hosts and routers for the system tests.

  multicast.py query IFNAME SOURCE    a general query, as a router sends it: IGMPv3 from an IPv4
                                      SOURCE, MLDv2 from a link-local IPv6 one; answers within 1 s
  multicast.py join IFNAME GROUP      be a member until stdin ends; prints "joined", then "got" for
                                      each datagram to port 5000
  multicast.py send IFNAME GROUP N    N datagrams to port 5000
"""
import select, socket, struct, sys


def csum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


def query(ifname, source):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((ifname, 0))
    mac = s.getsockname()[4]
    if ":" in source:
        src = socket.inet_pton(socket.AF_INET6, source)
        dst = socket.inet_pton(socket.AF_INET6, "ff02::1")
        mld = struct.pack("!BBHHH16sBBH", 130, 0, 0, 1000, 0, b"", 2, 125, 0)
        pseudo = src + dst + struct.pack("!II", len(mld), 58)
        mld = mld[:2] + csum(pseudo + mld) + mld[4:]
        hop = b"\x3a\x00\x05\x02\x00\x00\x01\x00"
        ip = struct.pack("!IHBB", 6 << 28, len(hop) + len(mld), 0, 1) + src + dst
        s.send(bytes.fromhex("333300000001") + mac + b"\x86\xdd" + ip + hop + mld)
        return
    igmp = struct.pack("!BBH4sBBH", 0x11, 10, 0, b"", 2, 125, 0)
    igmp = igmp[:2] + csum(igmp) + igmp[4:]
    ip = struct.pack("!BBHHHBBH4s4s4s", 0x46, 0xC0, 24 + len(igmp), 0, 0, 1, 2, 0,
                     socket.inet_aton(source), socket.inet_aton("224.0.0.1"), b"\x94\x04\0\0")
    ip = ip[:10] + csum(ip) + ip[12:]
    s.send(bytes.fromhex("01005e000001") + mac + b"\x08\x00" + ip + igmp)


def join(ifname, group):
    index = socket.if_nametoindex(ifname)
    if ":" in group:
        s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        req = socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", index)
        s.bind(("::", 5000))
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, req)
    else:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        req = socket.inet_aton(group) + b"\0\0\0\0" + struct.pack("@I", index)
        s.bind(("", 5000))
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, req)
    print("joined", flush=True)
    while True:
        ready = select.select([s, sys.stdin], [], [])[0]
        if sys.stdin in ready:
            return
        s.recv(2048)
        print("got", flush=True)


def send(ifname, group, n):
    index = socket.if_nametoindex(ifname)
    if ":" in group:
        s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    else:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                     b"\0" * 8 + struct.pack("@I", index))
    for _ in range(int(n)):
        s.sendto(b"x" * 100, (group, 5000))


if __name__ == "__main__":
    {"query": query, "join": join, "send": send}[sys.argv[1]](*sys.argv[2:])
