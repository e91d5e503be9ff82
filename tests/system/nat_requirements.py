#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Is it a NAT as the RFCs want it?  One function a requirement, with raw packets from both sides.

  nat_requirements.py SUFFIX GATEWAY OUTSIDE-ADDRESS    print one line a requirement:
                                                        ID<tab>RFC<tab>text<tab>PASS|FAIL|INFO<tab>seen

The stations are in namespaces gaSUFFIX and gbSUFFIX (guests) and outSUFFIX, eth0 each; gcSUFFIX and
gdSUFFIX are guests of another network, which leaves by the two addresses of POOL.
"""
import struct
import sys
import time

from nat_stations import (ACK, DF, FIN, ICMP, MF, PSH, RST, SYN, TCP, UDP, Packet, Station, csum, echo,
                          icmp, in_namespace, ip4, pseudo, tcp, udp)

A, B = "10.0.2.130", "10.0.2.131"
C, D, POOL_GATEWAY = "10.0.3.130", "10.0.3.131", "10.0.3.2"
POOL = ("198.51.100.70", "198.51.100.71")
GRE, SCTP, UDPLITE, EXPERIMENT = 47, 132, 136, 253  # the last: RFC 3692
P1, P2, STRANGER, ROUTER = "198.51.100.9", "198.51.100.10", "198.51.100.7", "198.51.100.8"
UPLINK_MTU = 1400
HELD_FIRST, HELD_LAST = 61100, 61139  # the host has them open (test_nat_conformance.sh)
FLOOD = 3200  # flows, more than one guest may have there

CHECKS = []


def requirement(ident, rfc, text):
    def add(fn):
        CHECKS.append((ident, rfc, text, fn))
        return fn
    return add


class Failed(Exception):
    pass


class Info(Exception):
    """Neither right nor wrong: what was seen instead."""


def need(ok, why):
    if not ok:
        raise Failed(why)


class World:
    def __init__(self, suffix, gateway, ext):
        self.gw, self.ext = gateway, ext
        self.a = Station("ga" + suffix, "eth0", A)
        self.b = Station("gb" + suffix, "eth0", B)
        self.c = Station("gc" + suffix, "eth0", C)
        self.d = Station("gd" + suffix, "eth0", D)
        self.p = Station("out" + suffix, "eth0", P1, P2, STRANGER, ROUTER)
        self.next_port = 20000

    def port(self, step=2):
        """A fresh even inside port: no check meets the mappings of another."""
        self.next_port += step
        return self.next_port

    def drain(self):
        for s in (self.a, self.b, self.c, self.d, self.p):
            s.drain(0.02)

    # -- shorthands --

    def out(self, station, packet):
        station.send(packet, POOL_GATEWAY if station in (self.c, self.d) else self.gw)

    def back(self, packet):
        self.p.send(packet, self.ext)

    def udp_out(self, station, sport, dst=P1, dport=7000, data=b"x" * 20, **how):
        """Send a datagram out; the packet that came out, or None."""
        me = station.addresses[0]
        tag = data + struct.pack("!Q", time.monotonic_ns())
        self.out(station, ip4(me, dst, UDP, udp(me, dst, sport, dport, tag, how.pop("zero", False)), **how))
        return self.p.wait_udp(data=tag)

    def ip_out(self, station, proto, payload, dst=P1, seconds=2.0):
        """Send a packet of any protocol out; what came out, or None."""
        self.out(station, ip4(station.addresses[0], dst, proto, payload))
        return self.p.wait(lambda p: p.proto == proto and p.dst == dst, seconds)

    def ip_in(self, station, proto, payload, src=P1, seconds=1.0):
        self.back(ip4(src, self.ext, proto, payload))
        return station.wait(lambda p: p.proto == proto and p.src == src, seconds)

    def udp_mapped(self, station, sport, dst=P1, dport=7000):
        p = self.udp_out(station, sport, dst, dport)
        need(p, f"nothing came out of {sport}")
        return p.sport

    def udp_in(self, station, ext_port, src=P1, sport=7000, seconds=1.0):
        tag = struct.pack("!Q", time.monotonic_ns())
        self.back(ip4(src, self.ext, UDP, udp(src, self.ext, sport, ext_port, tag)))
        return station.wait_udp(data=tag, seconds=seconds)

    def tcp_out(self, station, sport, dst=P1, dport=80, flags=SYN, seq=1000, ack=0, data=b"",
                seconds=2.0):
        me = station.addresses[0]
        self.out(station, ip4(me, dst, TCP, tcp(me, dst, sport, dport, flags, seq, ack, data)))
        return self.p.wait(lambda p: p.proto == TCP and p.flags is not None and p.dst == dst and
                           p.dport == dport and p.seq == seq and p.flags & 0x17 == flags & 0x17, seconds)

    def tcp_in(self, station, ext_port, flags, src=P1, sport=80, seq=5000, ack=0, data=b"",
               seconds=1.0):
        self.back(ip4(src, self.ext, TCP, tcp(src, self.ext, sport, ext_port, flags, seq, ack, data)))
        return station.wait(lambda p: p.proto == TCP and p.flags is not None and
                            p.sport == sport and p.seq == seq and p.flags & 0x17 == flags & 0x17, seconds)

    def tcp_connect(self, station, sport, dst=P1, dport=80):
        syn = self.tcp_out(station, sport, dst, dport)
        need(syn, "the SYN did not come out")
        need(self.tcp_in(station, syn.sport, SYN | ACK, dst, dport, ack=1001), "SYN-ACK lost")
        need(self.tcp_out(station, sport, dst, dport, ACK, 1001, 5001), "ACK lost")
        return syn.sport


# ---- mapping --------------------------------------------------------------------------------------


@requirement("U1", "4787 REQ-1", "UDP: one outside port for an inside port, whoever the peer is")
def _(w):
    s = w.port()
    ports = {w.udp_mapped(w.a, s, dst, d) for dst, d in ((P1, 7000), (P1, 7001), (P2, 7000))}
    need(len(ports) == 1, f"{len(ports)} outside ports: {sorted(ports)}")


@requirement("T1", "5382 REQ-1", "TCP: the same")
def _(w):
    s = w.port()
    ports = set()
    for dst, d in ((P1, 80), (P1, 81), (P2, 80)):
        p = w.tcp_out(w.a, s, dst, d)
        need(p, f"no SYN came out to {dst}:{d}")
        ports.add(p.sport)
    need(len(ports) == 1, f"{len(ports)} outside ports: {sorted(ports)}")


@requirement("U1b", "4787 REQ-11", "UDP: the same after a port conflict")
def _(w):
    s = w.port()
    w.udp_mapped(w.a, s)
    ports = {w.udp_mapped(w.b, s, dst, d) for dst, d in ((P1, 7000), (P2, 7000), (P2, 7003))}
    need(len(ports) == 1, f"{len(ports)} outside ports: {sorted(ports)}")


@requirement("U3", "4787 REQ-3", "UDP: no outside port serves two inside endpoints")
def _(w):
    s = w.port()
    one, two = w.udp_mapped(w.a, s, P1), w.udp_mapped(w.b, s, P2)
    need(one != two, f"both have {one}")


@requirement("T7", "5382 REQ-7", "TCP: the same")
def _(w):
    s = w.port()
    one, two = w.tcp_out(w.a, s, P1), w.tcp_out(w.b, s, P2)
    need(one and two, "a SYN did not come out")
    need(one.sport != two.sport, f"both have {one.sport}")


@requirement("U4", "4787 REQ-4", "the parity of the port is kept")
def _(w):
    for s in (w.port(), w.port() + 1, w.port(), w.port() + 1):
        e = w.udp_mapped(w.a, s)
        need(e % 2 == s % 2, f"{s} became {e}")


@requirement("U4a", "4787 REQ-3a", "an inside port below 1024 stays below 1024")
def _(w):
    for s in (601, 602, 701):
        e = w.udp_mapped(w.a, s)
        need(e < 1024, f"{s} became {e}")


@requirement("U4b", "4787 REQ-3a", "an inside port from 1024 on stays there")
def _(w):
    e = w.udp_mapped(w.a, w.port())
    need(e >= 1024, f"it became {e}")


# ---- filtering, hairpin ---------------------------------------------------------------------------


@requirement("U8", "4787 REQ-8", "filtering is of one of the three kinds, and the same each time")
def _(w):
    seen = set()
    for _ in range(3):
        s = w.port()
        e = w.udp_mapped(w.a, s)
        need(w.udp_in(w.a, e), "the peer's answer does not come in")
        other_port = w.udp_in(w.a, e, P1, 7777, 0.3) is not None
        other_host = w.udp_in(w.a, e, P2, 7000, 0.3) is not None
        seen.add((other_port, other_host))
    need(len(seen) == 1, "it changes")
    kind = {(True, True): "endpoint-independent", (True, False): "address-dependent",
            (False, False): "address-and-port-dependent"}.get(seen.pop())
    need(kind, "another host may come in, another port of the peer may not")
    return kind


@requirement("U9", "4787 REQ-9", "UDP hairpin: guest to guest by the outside address, seen from there")
def _(w):
    s, t = w.port(), w.port()
    ea, eb = w.udp_mapped(w.a, s), w.udp_mapped(w.b, t)
    w.out(w.a, ip4(A, w.ext, UDP, udp(A, w.ext, s, eb, b"hairpin!")))
    got = w.b.wait_udp(data=b"hairpin!")
    need(got, "nothing came in")
    need(got.dst == B and got.dport == t, f"it came in as {got}")
    need((got.src, got.sport) == (w.ext, ea), f"its source is {got.src}:{got.sport}, not {w.ext}:{ea}")


@requirement("T8", "5382 REQ-8", "TCP hairpin: the same")
def _(w):
    s, t = w.port(), w.port()
    eb = w.tcp_connect(w.b, t)
    w.out(w.a, ip4(A, w.ext, TCP, tcp(A, w.ext, s, eb, SYN)))
    got = w.b.wait_tcp(SYN)
    need(got, "the SYN did not come in")
    need(got.dst == B and got.dport == t and got.src == w.ext, f"it came in as {got}")
    w.out(w.b, ip4(B, w.ext, TCP, tcp(B, w.ext, t, got.sport, SYN | ACK, 9000, 1001)))
    answer = w.a.wait_tcp(SYN | ACK)
    need(answer, "the SYN-ACK did not come back")
    need((answer.src, answer.sport) == (w.ext, eb), f"from {answer.src}:{answer.sport}")


@requirement("I7", "5508 REQ-7", "hairpinned packets bring hairpinned ICMP errors")
def _(w):
    s, t = w.port(), w.port()
    ea, eb = w.udp_mapped(w.a, s), w.udp_mapped(w.b, t)
    w.out(w.a, ip4(A, w.ext, UDP, udp(A, w.ext, s, eb, b"hairpin2")))
    got = w.b.wait_udp(data=b"hairpin2")
    need(got, "the packet did not come in")
    w.out(w.b, ip4(B, w.ext, ICMP, icmp(3, 3, data=got.raw[:28])))
    err = w.a.wait_icmp(3)
    need(err, "the error did not come in")
    inner = err.inner()
    need((inner.src, inner.sport) == (A, s), f"it quotes {inner}")
    need((inner.dst, inner.dport) == (w.ext, eb), f"it quotes {inner}")
    need(err.src == w.ext, f"it comes from {err.src}")


# ---- life -----------------------------------------------------------------------------------------


@requirement("U12", "4787 REQ-12", "UDP: an ICMP error does not end the mapping")
def _(w):
    s = w.port()
    out = w.udp_out(w.a, s)
    need(out, "nothing came out")
    w.back(ip4(P1, w.ext, ICMP, icmp(3, 3, data=out.raw[:28])))
    need(w.a.wait_icmp(3), "the error did not come in")
    need(w.udp_in(w.a, out.sport), "the mapping is gone")


@requirement("U12a", "4787 REQ-12a", "an ICMP error is not filtered by who sends it")
def _(w):
    out = w.udp_out(w.a, w.port())
    need(out, "nothing came out")
    w.back(ip4(ROUTER, w.ext, ICMP, icmp(11, 0, data=out.raw[:28])))
    err = w.a.wait_icmp(11)
    need(err, "the error did not come in")
    need(err.src == ROUTER, f"its source is {err.src}")


# ---- size, fragments ------------------------------------------------------------------------------


@requirement("U13", "4787 REQ-13", "too big with DF: ICMP 3/4 with the MTU, the packet quoted as it was")
def _(w):
    s = w.port()
    packet = ip4(A, P1, UDP, udp(A, P1, s, 7000, b"D" * 1430), frag=DF)
    w.out(w.a, packet)
    err = w.a.wait_icmp(3)
    need(err, "no ICMP error")
    need(err.code == 4 and err.mtu == UPLINK_MTU, f"it says {err.code}, MTU {err.mtu}")
    inner = err.inner()
    need((inner.src, inner.sport, inner.dst) == (A, s, P1), f"it quotes {inner}")


@requirement("U13a", "4787 REQ-13", "too big without DF: it leaves in fragments")
def _(w):
    s = w.port()
    data = bytes(i % 251 for i in range(1430))
    w.out(w.a, ip4(A, P1, UDP, udp(A, P1, s, 7000, data), ident=77))
    need(reassemble(w, w.p)[8:] == data, "the datagram did not arrive")


def reassemble(w, station, seconds=2.0):
    parts, end, total = {}, time.monotonic() + seconds, None
    while time.monotonic() < end:
        p = station.wait(lambda p: p.proto == UDP and (p.frag or p.mf), 0.2)
        if not p:
            continue
        parts[p.frag] = p.l4
        if not p.mf:
            total = p.frag + len(p.l4)
        if total is not None and sum(map(len, parts.values())) == total:
            return b"".join(parts[k] for k in sorted(parts))
    return b""


def pieces(src, dst, datagram, ident, size=600):
    n = range(0, len(datagram), size)
    return [ip4(src, dst, UDP, datagram[i:i + size], ident=ident,
                frag=(i // 8) | (MF if i + size < len(datagram) else 0)) for i in n]


@requirement("U14", "4787 REQ-14", "fragments out, in order and out of order")
def _(w):
    for order, ident in (((0, 1, 2), 11), ((2, 1, 0), 12), ((1, 0, 2), 13)):
        s = w.port()
        data = bytes((i * 7 + ident) % 256 for i in range(1600))
        parts = pieces(A, P1, udp(A, P1, s, 7000, data), ident)
        for i in order:
            w.out(w.a, parts[i])
        need(reassemble(w, w.p)[8:] == data, f"order {order}: the datagram did not arrive")


@requirement("U14i", "4787 REQ-14", "fragments in, in order and out of order")
def _(w):
    s = w.port()
    e = w.udp_mapped(w.a, s)
    for order, ident in (((0, 1, 2), 21), ((2, 1, 0), 22), ((1, 2, 0), 23)):
        data = bytes((i * 3 + ident) % 256 for i in range(1600))
        parts = pieces(P1, w.ext, udp(P1, w.ext, 7000, e, data), ident)
        for i in order:
            w.back(parts[i])
        need(reassemble(w, w.a)[8:] == data, f"order {order}: the datagram did not arrive")


@requirement("U14a", "4787 REQ-14a", "a flood of first-less fragments leaves good fragments alone")
def _(w):
    frames = [ip4(A, STRANGER, UDP, b"f" * 64, ident=i & 0xFFFF, frag=8 | MF) for i in range(6000)]
    for f in frames:
        w.out(w.a, f)
    s = w.port()
    data = bytes(i % 199 for i in range(1600))
    for p in reversed(pieces(B, P1, udp(B, P1, s, 7000, data), 4242)):
        w.out(w.b, p)
    need(reassemble(w, w.p)[8:] == data, "another guest's datagram did not arrive")


@requirement("X3", "6864 4.1", "two guests' fragments with one identification are kept apart")
def _(w):
    s, t = w.port(), w.port()
    one = pieces(A, P1, udp(A, P1, s, 7000, b"1" * 1000), 999)
    two = pieces(B, P1, udp(B, P1, t, 7000, b"2" * 1000), 999)
    for x, y in zip(one, two):
        w.out(w.a, x)
        w.out(w.b, y)
    got = []
    for _ in range(4):
        p = w.p.wait(lambda p: p.proto == UDP and (p.frag or p.mf), 1)
        need(p, "a fragment did not come out")
        got.append((p.id, p.l4[-1:]))
    by_id = {}
    for ident, which in got:
        by_id.setdefault(ident, set()).add(which)
    need(all(len(x) == 1 for x in by_id.values()), "they share an identification outside")


# ---- headers --------------------------------------------------------------------------------------


@requirement("U15", "RFC 768", "a UDP checksum of zero stays zero")
def _(w):
    out = w.udp_out(w.a, w.port(), zero=True)
    need(out, "nothing came out")
    need(out.l4[6:8] == b"\0\0", f"it became {out.l4[6:8].hex()}")


@requirement("U16", "1812 5.3.1", "the TTL is lowered by one, both ways")
def _(w):
    s = w.port()
    out = w.udp_out(w.a, s, ttl=33)
    need(out and out.ttl == 32, f"out: {out and out.ttl}")
    w.back(ip4(P1, w.ext, UDP, udp(P1, w.ext, 7000, out.sport, b"ttl-back"), ttl=44))
    back = w.a.wait_udp(data=b"ttl-back")
    need(back and back.ttl == 43, f"in: {back and back.ttl}")


@requirement("U16a", "1812 5.3.1", "a TTL of one is answered 11/0 by the gateway")
def _(w):
    s = w.port()
    w.out(w.a, ip4(A, P1, UDP, udp(A, P1, s, 33434), ttl=1))
    err = w.a.wait_icmp(11)
    need(err, "no ICMP error")
    need(err.code == 0 and err.src == w.gw, f"code {err.code} from {err.src}")
    need(err.inner().sport == s, "it quotes something else")


@requirement("U10", "4787 REQ-10", "payload is not rewritten: no helper for SIP or FTP")
def _(w):
    sip = b"REGISTER sip:x SIP/2.0\r\nContact: <sip:a@" + A.encode() + b":5060>\r\n\r\n"
    out = w.udp_out(w.a, 5060, P1, 5060, sip)
    need(out and out.data.startswith(sip), "SIP payload was changed")
    s = w.port()
    w.tcp_connect(w.a, s, P1, 21)
    ftp = b"PORT 10,0,2,130,195,80\r\n"
    out = w.tcp_out(w.a, s, P1, 21, PSH | ACK, 1001, 5001, ftp)
    need(out and out.data == ftp, "FTP payload was changed")


# ---- TCP ------------------------------------------------------------------------------------------


@requirement("T2", "5382 REQ-2", "TCP: open, data both ways, close both ways")
def _(w):
    s = w.port()
    e = w.tcp_connect(w.a, s)
    need(w.tcp_out(w.a, s, flags=PSH | ACK, seq=1001, ack=5001, data=b"hello"), "data out lost")
    need(w.tcp_in(w.a, e, PSH | ACK, seq=5001, ack=1006, data=b"world"), "data in lost")
    need(w.tcp_out(w.a, s, flags=FIN | ACK, seq=1006, ack=5006), "FIN out lost")
    need(w.tcp_in(w.a, e, FIN | ACK, seq=5006, ack=1007), "FIN in lost")
    need(w.tcp_out(w.a, s, flags=ACK, seq=1007, ack=5007), "last ACK lost")


@requirement("T2s", "5382 REQ-2", "TCP: simultaneous open")
def _(w):
    s = w.port()
    syn = w.tcp_out(w.a, s, seq=1000)
    need(syn, "the SYN did not come out")
    need(w.tcp_in(w.a, syn.sport, SYN, seq=5000), "the peer's SYN did not come in")
    need(w.tcp_out(w.a, s, flags=SYN | ACK, seq=1000, ack=5001), "the SYN-ACK did not come out")
    need(w.tcp_in(w.a, syn.sport, SYN | ACK, seq=5000, ack=1001), "the peer's did not come in")
    need(w.tcp_in(w.a, syn.sport, ACK, seq=5001, ack=1001), "the ACK did not come in")


@requirement("T3", "5382 REQ-3", "TCP: filtering is of one of the three kinds")
def _(w):
    e = w.tcp_connect(w.a, w.port())
    port = w.tcp_in(w.a, e, SYN, P1, 7777, 1, seconds=0.4) is not None
    host = w.tcp_in(w.a, e, SYN, P2, 80, 2, seconds=0.4) is not None
    need(not (host and not port), "another host may come in, another port of the peer may not")
    return ("endpoint-independent" if host else "address-dependent" if port
            else "address-and-port-dependent")


@requirement("T4", "5382 REQ-4", "TCP: an unsolicited SYN is not answered for 6 s, then 3/3 or nothing")
def _(w):
    e = w.tcp_connect(w.a, w.port())
    w.drain()
    closed = 61500 if w.ext else 0
    w.back(ip4(P2, w.ext, TCP, tcp(P2, w.ext, 4444, e, SYN, 77)))
    w.back(ip4(P2, w.ext, TCP, tcp(P2, w.ext, 4445, closed, SYN, 78)))
    mine = lambda p: (p.proto == TCP and p.dport in (4444, 4445)) or (p.proto == ICMP and p.kind == 3)
    early = w.p.wait(mine, 5.8)
    need(not early, f"answered at once: {early} flags {early and early.flags}")
    late = w.p.wait(mine, 2.5)
    need(not late or late.proto == ICMP, f"answered with {late}")
    return "3/3 after 6 s" if late else "nothing"


@requirement("T4s", "5382 REQ-4", "TCP: a SYN out within those 6 s opens: the connection comes up")
def _(w):
    s = w.port()
    first = w.tcp_out(w.a, s, P1, 80)  # makes the port known
    need(first, "no SYN came out")
    w.back(ip4(P2, w.ext, TCP, tcp(P2, w.ext, 4446, first.sport, SYN, 500)))
    time.sleep(0.3)
    mine = w.tcp_out(w.a, s, P2, 4446, SYN, 600)
    need(mine and mine.sport == first.sport, "the SYN out has another port, or is lost")
    need(w.tcp_in(w.a, first.sport, SYN, P2, 4446, 500), "the peer's repeated SYN is not let in")
    need(not w.p.wait(lambda p: p.proto == ICMP or (p.proto == TCP and p.flags & RST), 0.3),
         "an error was sent meanwhile")


@requirement("T9", "5382 REQ-9", "TCP: ICMP errors about a connection come in and end nothing")
def _(w):
    s = w.port()
    e = w.tcp_connect(w.a, s)
    out = w.tcp_out(w.a, s, flags=PSH | ACK, seq=1001, ack=5001, data=b"q" * 30)
    need(out, "data out lost")
    for code in (0, 1, 2, 3):
        w.back(ip4(ROUTER, w.ext, ICMP, icmp(3, code, data=out.raw[:40])))
        err = w.a.wait_icmp(3)
        need(err and err.code == code, f"3/{code} did not come in")
        inner = err.inner()
        need((inner.src, inner.sport, inner.dst) == (A, s, P1), f"it quotes {inner}")
        need(csum(inner.head) == 0, "the quoted IP header's checksum is wrong")
    need(w.tcp_in(w.a, e, PSH | ACK, seq=5001, ack=1031, data=b"still"), "the connection is gone")


@requirement("T11", "7857 2", "TCP: a RST is passed on, and does not end the session at once")
def _(w):
    s = w.port()
    e = w.tcp_connect(w.a, s)
    need(w.tcp_in(w.a, e, RST, seq=5001), "the RST did not come in")
    need(w.tcp_in(w.a, e, PSH | ACK, seq=5001, ack=1001, data=b"blind"), "what came after it is lost")


@requirement("T10", "5382 REQ-10", "TCP: no ICMP error ends a connection, a hard one neither")
def _(w):
    s = w.port()
    e = w.tcp_connect(w.a, s)
    out = w.tcp_out(w.a, s, flags=PSH | ACK, seq=1001, ack=5001, data=b"q" * 30)
    need(out, "data out lost")
    for code in (2, 3, 9, 13):
        w.back(ip4(P1, w.ext, ICMP, icmp(3, code, data=out.raw[:40])))
    time.sleep(0.1)
    again = w.tcp_out(w.a, s, flags=PSH | ACK, seq=1031, ack=5001, data=b"r")
    need(again and again.sport == e, "it can't send any more, or by another port")
    need(w.tcp_in(w.a, e, PSH | ACK, seq=5001, ack=1032, data=b"still"), "it hears nothing any more")


@requirement("T5p", "7857 5, 6", "mappings and filters are of one protocol: what UDP opens is not open to TCP")
def _(w):
    e = w.udp_mapped(w.a, w.port(), P1, 80)
    need(not w.tcp_in(w.a, e, SYN, P1, 80, 1, seconds=0.3), "a SYN came in by a mapping of UDP")
    t = w.tcp_connect(w.a, w.port(), P1, 80)
    need(not w.udp_in(w.a, t, P1, 80, seconds=0.3), "a datagram came in by a mapping of TCP")


# ---- ICMP -----------------------------------------------------------------------------------------


@requirement("I1", "5508 REQ-1", "echo: two guests with one identifier, both are answered")
def _(w):
    for s, me in ((w.a, A), (w.b, B)):
        w.out(s, ip4(me, P1, ICMP, echo(8, 4711)))
    seen = {}
    for s, me in ((w.a, A), (w.b, B)):
        q = w.p.wait_icmp(8)
        need(q, "an echo request did not come out")
        seen[q.ident] = q
    need(len(seen) == 2, "both came out with one identifier")
    for ident in seen:
        w.back(ip4(P1, w.ext, ICMP, echo(0, ident)))
    for s in (w.a, w.b):
        r = s.wait_icmp(0)
        need(r and r.ident == 4711, f"{s.name}: no answer with its identifier")


@requirement("I3", "5508 REQ-3", "an ICMP error with a wrong checksum is dropped")
def _(w):
    out = w.udp_out(w.a, w.port())
    need(out, "nothing came out")
    w.back(ip4(ROUTER, w.ext, ICMP, icmp(3, 1, data=out.raw[:28], bad=True)))
    need(not w.a.wait_icmp(3, 0.4), "it came in")


@requirement("I3a", "5508 REQ-3a", "an ICMP error that quotes a header with a wrong checksum is dropped")
def _(w):
    out = w.udp_out(w.a, w.port())
    need(out, "nothing came out")
    bad = out.raw[:10] + bytes([out.raw[10] ^ 0x55]) + out.raw[11:28]
    w.back(ip4(ROUTER, w.ext, ICMP, icmp(3, 1, data=bad)))
    need(not w.a.wait_icmp(3, 0.4), "it came in")


@requirement("I3b", "5508 REQ-3b", "an ICMP error that quotes a packet with IP options is understood")
def _(w):
    s = w.port()
    out = w.udp_out(w.a, s)
    need(out, "nothing came out")
    quoted = ip4(w.ext, P1, UDP, out.l4, ttl=out.ttl, options=b"\x01\x01\x01\x00")
    w.back(ip4(ROUTER, w.ext, ICMP, icmp(3, 1, data=quoted[:32])))
    err = w.a.wait_icmp(3)
    need(err, "it did not come in")
    need((err.inner().src, err.inner().sport) == (A, s), f"it quotes {err.inner()}")


@requirement("I3c", "5508 REQ-3c", "the quoted packet's own L4 checksum is not judged")
def _(w):
    s = w.port()
    out = w.udp_out(w.a, s)
    need(out, "nothing came out")
    quoted = out.raw[:26] + b"\xde\xad"
    w.back(ip4(ROUTER, w.ext, ICMP, icmp(3, 1, data=quoted)))
    need(w.a.wait_icmp(3), "it did not come in")


@requirement("I4", "5508 REQ-4", "an ICMP error in: type and code kept, the quoted packet as the guest sent it")
def _(w):
    s = w.port()
    for kind, code in ((3, 1), (3, 13), (11, 0), (12, 0)):
        out = w.udp_out(w.a, s)
        need(out, "nothing came out")
        w.back(ip4(ROUTER, w.ext, ICMP, icmp(kind, code, data=out.raw[:28])))
        err = w.a.wait_icmp(kind)
        need(err, f"{kind}/{code} did not come in")
        need(err.code == code and err.dst == A and err.src == ROUTER, f"{kind}/{code} came as {err}")
        need((err.inner().src, err.inner().sport) == (A, s), f"it quotes {err.inner()}")
        need(csum(err.inner().head) == 0, "the quoted IP header's checksum is wrong")


@requirement("I4q", "5508 REQ-4", "an ICMP error about an echo request comes in with the guest's identifier")
def _(w):
    w.out(w.a, ip4(A, P1, ICMP, echo(8, 4800)))
    q = w.p.wait_icmp(8)
    need(q, "the request did not come out")
    w.back(ip4(ROUTER, w.ext, ICMP, icmp(11, 0, data=q.raw[:28])))
    err = w.a.wait_icmp(11)
    need(err, "the error did not come in")
    need(err.inner().src == A and err.inner().ident == 4800, f"it quotes {err.inner()}")


@requirement("I4n", "5508 REQ-4", "an ICMP error about no flow of ours is not let in")
def _(w):
    quoted = ip4(w.ext, P1, UDP, udp(w.ext, P1, 61777, 7000))
    w.back(ip4(ROUTER, w.ext, ICMP, icmp(3, 1, data=quoted[:28])))
    need(not w.a.wait_icmp(3, 0.4) and not w.b.wait_icmp(3, 0.1), "it came in")


@requirement("I5", "5508 REQ-5", "a guest's ICMP error leaves with our address, the quoted packet as it came")
def _(w):
    s = w.port()
    e = w.udp_mapped(w.a, s)
    got = w.udp_in(w.a, e)
    need(got, "the packet did not come in")
    w.out(w.a, ip4(A, P1, ICMP, icmp(3, 3, data=got.raw[:28])))
    err = w.p.wait_icmp(3)
    need(err, "the error did not come out")
    need(err.src == w.ext, f"its source is {err.src}")
    inner = err.inner()
    need((inner.dst, inner.dport) == (w.ext, e), f"it quotes {inner}")
    need(csum(inner.head) == 0, "the quoted IP header's checksum is wrong")


# ---- safety ---------------------------------------------------------------------------------------


@requirement("S1", "4787 5", "spoofed, false and own sources do not leave")
def _(w):
    for src in ("10.9.9.9", w.ext, w.gw, "127.0.0.1", "255.255.255.255", "224.0.0.1", "0.0.0.0", P1):
        tag = struct.pack("!Q", time.monotonic_ns())
        w.out(w.a, ip4(src, P1, UDP, udp(src, P1, 5555, 7000, tag)))
        need(not w.p.wait_udp(data=tag, seconds=0.15), f"one from {src} came out")


@requirement("S2", "RFC 1918", "nobody outside reaches an inside address by routing to it")
def _(w):
    w.back(ip4(P1, A, UDP, udp(P1, A, 7000, 5000, b"direct!!")))
    w.back(ip4(P1, A, ICMP, echo(8, 1)))
    need(not w.a.wait_udp(data=b"direct!!", seconds=0.4) and not w.a.wait_icmp(8, 0.1), "it came in")


@requirement("S3", "4787 5", "a scan of 500 ports finds no way in")
def _(w):
    w.udp_mapped(w.a, w.port())
    w.drain()
    for port in range(61000, 61500):
        w.back(ip4(STRANGER, w.ext, UDP, udp(STRANGER, w.ext, 53, port, b"scan")))
        w.back(ip4(STRANGER, w.ext, TCP, tcp(STRANGER, w.ext, 53, port, SYN)))
    for station in (w.a, w.b):
        got = station.wait(lambda p: p.src == STRANGER, 0.3)
        need(not got, f"{got} came in")


@requirement("S4", "1812 5.3.13.4", "a source route is not obeyed")
def _(w):
    route = bytes([131, 7, 4]) + bytes([10, 0, 2, 130]) + b"\0"
    w.back(ip4(P1, w.ext, UDP, udp(P1, w.ext, 7000, 61000, b"sourced!"), options=route))
    need(not w.a.wait_udp(data=b"sourced!", seconds=0.4), "it came in")


@requirement("S5", "1122 3.2.1.3", "the host's loopback is out of a guest's reach")
def _(w):
    w.out(w.a, ip4(A, "127.0.0.1", UDP, udp(A, "127.0.0.1", w.port(), 9999, b"loopback")))
    w.out(w.a, ip4(A, "127.0.0.1", ICMP, echo(8, 3)))
    need(not w.a.wait(lambda p: p.src == "127.0.0.1", 0.4), "it answers")


@requirement("H1", "host", "the host's stack does not answer for translated ports")
def _(w):
    p = w.udp_mapped(w.a, w.port())
    t = w.tcp_connect(w.a, w.port())
    w.drain()
    w.back(ip4(P2, w.ext, UDP, udp(P2, w.ext, 1, p, b"strange")))
    w.back(ip4(P2, w.ext, TCP, tcp(P2, w.ext, 1, t, ACK, 1, 1)))
    bad = w.p.wait(lambda q: q.dst == P2 and (q.proto == ICMP or q.proto == TCP), 0.6)
    need(not bad, f"{bad} {bad and bad.flags}")


@requirement("H2", "host", "no outside port is one that the host itself has open")
def _(w):
    for s in range(HELD_FIRST, HELD_LAST + 1):
        e = w.udp_mapped(w.a, s)
        need(not HELD_FIRST <= e <= HELD_LAST, f"{s} became {e}, which is the host's")


@requirement("H3", "host", "what is the host's own does not reach guests")
def _(w):
    w.back(ip4(P1, w.ext, UDP, udp(P1, w.ext, 7000, HELD_FIRST, b"for-host")))
    w.back(ip4(P1, w.ext, TCP, tcp(P1, w.ext, 7000, HELD_FIRST, SYN, 99)))
    for station in (w.a, w.b):
        got = station.wait(lambda p: p.src == P1 and p.dport == HELD_FIRST, 0.3)
        need(not got, f"{station.name} got {got}")


# ---- other protocols: by the peer's address -------------------------------------------------------


def there_and_back(w, proto, payload):
    out = w.ip_out(w.a, proto, payload)
    need(out, "it did not come out")
    need(out.src == w.ext and out.l4 == payload, f"it came out as {out}, or its bytes were changed")
    back = w.ip_in(w.a, proto, payload[:4] + b"answer")
    need(back, "the answer did not come in")
    need(back.dst == A and back.l4 == payload[:4] + b"answer", f"it came in as {back}, or its bytes were changed")


@requirement("O1", "RFC 2784", "GRE: there and back, its bytes as they were")
def _(w):
    there_and_back(w, GRE, b"\0\0\x08\0" + b"g" * 40)


@requirement("O2", "RFC 3692", "a protocol that nobody knows (253): the same")
def _(w):
    there_and_back(w, EXPERIMENT, bytes(range(61)))


def udplite(src, dst, sport, dport, coverage, data):
    """RFC 3828 3.1: the pseudo header has the whole length, the sum what is covered."""
    head = struct.pack("!HHHH", sport, dport, coverage, 0)
    covered = (head + data)[:coverage or None]
    total = csum(pseudo(src, dst, UDPLITE, 8 + len(data)) + covered) or 0xFFFF
    return head[:6] + struct.pack("!H", total) + data


def udplite_right(p):
    coverage = struct.unpack("!H", p.l4[4:6])[0]
    return csum(pseudo(p.src, p.dst, UDPLITE, len(p.l4)) + p.l4[:coverage or None]) == 0


@requirement("O3", "RFC 3828", "UDP-Lite: its checksum, of the header alone or of all, is right at the other end")
def _(w):
    for coverage in (8, 0, 12):
        out = w.ip_out(w.a, UDPLITE, udplite(A, P1, 5000, 7000, coverage, b"l" * 30))
        need(out, "it did not come out")
        need(out.src == w.ext and udplite_right(out), f"out: source {out.src}, coverage {coverage}: wrong")
        sport = struct.unpack("!H", out.l4[:2])[0]
        back = w.ip_in(w.a, UDPLITE, udplite(P1, w.ext, 7000, sport, coverage, b"m" * 30))
        need(back, "the answer did not come in")
        need(back.dst == A and udplite_right(back), f"in: coverage {coverage}: wrong")


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def sctp(sport, dport, tag, chunk):
    head = struct.pack("!HHI", sport, dport, tag)
    return head + struct.pack("<I", crc32c(head + b"\0" * 4 + chunk)) + chunk


def sctp_init(sport, tag):
    return sctp(sport, 7000, 0, struct.pack("!BBHIIHHI", 1, 0, 20, tag, 65536, 1, 1, 99))


def sctp_right(p):
    return struct.unpack("<I", p.l4[8:12])[0] == crc32c(p.l4[:8] + b"\0" * 4 + p.l4[12:])


@requirement("O4", "RFC 9260", "SCTP: INIT out, INIT ACK in, the CRC32c is right at both ends")
def _(w):
    out = w.ip_out(w.a, SCTP, sctp_init(5000, 1111))
    need(out, "the INIT did not come out")
    need(out.src == w.ext and sctp_right(out), f"it came out as {out}")
    port = struct.unpack("!H", out.l4[:2])[0]
    ack = struct.pack("!BBHIIHHI", 2, 0, 24, 2222, 65536, 1, 1, 77) + struct.pack("!HH", 7, 4)
    back = w.ip_in(w.a, SCTP, sctp(7000, port, 1111, ack))
    need(back, "the INIT ACK did not come in")
    need(back.dst == A and back.l4[2:4] == struct.pack("!H", 5000) and sctp_right(back), f"it came as {back}")


@requirement("O4b", "sctpnat draft", "SCTP: a second guest with the same peer")
def _(w):
    out = w.ip_out(w.b, SCTP, sctp_init(5002, 3333), seconds=0.5)
    if out:
        need(sctp_right(out), "the CRC32c is wrong")
        return
    err = w.b.wait_icmp(3, 0.5)
    need(err, "it is lost without a word")
    raise Info(f"refused, ICMP 3/{err.code}")


@requirement("O5", "5508 REQ-8", "a second guest, same protocol, same peer: told by ICMP, and the first one's goes on")
def _(w):
    need(w.ip_out(w.a, EXPERIMENT, b"1" * 20), "the first guest's did not come out")
    out = w.ip_out(w.b, EXPERIMENT, b"2" * 20, seconds=0.5)
    err = w.b.wait_icmp(3, 0.5)
    need(not out, "it came out, as the first one's does: nobody can tell the answers apart")
    need(err, "it is lost without a word")
    need(err.code == 13 and err.inner().src == B, f"ICMP 3/{err.code} about {err.inner()}")
    need(w.ip_in(w.a, EXPERIMENT, b"3" * 20), "the first guest hears nothing any more")
    need(not w.b.wait(lambda p: p.proto == EXPERIMENT, 0.1), "the second hears what is the first one's")


@requirement("O6", "RFC 3022", "the same protocol with another peer is free")
def _(w):
    out = w.ip_out(w.b, EXPERIMENT, b"4" * 20, P2)
    need(out and out.src == w.ext, "it did not come out")
    need(w.ip_in(w.b, EXPERIMENT, b"5" * 20, P2), "the answer did not come in")


@requirement("O7", "5508 REQ-4", "an ICMP error about it comes in, the quoted packet as the guest sent it")
def _(w):
    out = w.ip_out(w.a, GRE, b"\0\0\x08\0" + b"h" * 40)
    need(out, "it did not come out")
    w.back(ip4(ROUTER, w.ext, ICMP, icmp(3, 2, data=out.raw[:28])))
    err = w.a.wait_icmp(3)
    need(err, "the error did not come in")
    need(err.code == 2 and err.inner().src == A and err.inner().proto == GRE, f"it quotes {err.inner()}")
    need(csum(err.inner().head) == 0, "the quoted IP header's checksum is wrong")


@requirement("O8", "4787 5", "nobody comes in by a protocol that no guest has with him")
def _(w):
    for proto in (GRE, UDPLITE, EXPERIMENT, 99):
        w.back(ip4(STRANGER, w.ext, proto, b"\0\0\x08\0" + b"s" * 40))
    for station in (w.a, w.b):
        got = station.wait(lambda p: p.src == STRANGER and p.proto != ICMP, 0.3)
        need(not got, f"{got} came in")


# ---- a pool of addresses ---------------------------------------------------------------------------


def pool_udp(w, station, sport, dst=P1, dport=7000):
    out = w.udp_out(station, sport, dst, dport)
    need(out, f"nothing came out of {sport}")
    need(out.src in POOL, f"its source is {out.src}")
    return out.src, out.sport


@requirement("P1", "4787 REQ-1", "pool: one outside address and port for an inside port, whoever the peer is")
def _(w):
    s = w.port()
    seen = {pool_udp(w, w.c, s, dst, d) for dst, d in ((P1, 7000), (P1, 7001), (P2, 7000))}
    need(len(seen) == 1, f"{sorted(seen)}")


@requirement("P2", "4787 REQ-2", "pool: a guest's ports all have one outside address (paired)")
def _(w):
    for station in (w.c, w.d):
        seen = {pool_udp(w, station, w.port(1), dst)[0] for dst in (P1, P2, STRANGER) * 4}
        need(len(seen) == 1, f"{station.name}: {sorted(seen)}")


@requirement("P3", "7857 4", "pool: and that is one for all protocols")
def _(w):
    seen = {pool_udp(w, w.c, w.port())[0]}
    for dst in (P1, P2):
        syn = w.tcp_out(w.c, w.port(), dst)
        w.out(w.c, ip4(C, dst, ICMP, echo(8, 4900)))
        request = w.p.wait_icmp(8)
        other = w.ip_out(w.c, 254, b"p" * 20, dst)  # 254: RFC 3692 as well
        need(syn and request and other, "one did not come out")
        seen |= {syn.src, request.src, other.src}
    need(len(seen) == 1, f"{sorted(seen)}")


@requirement("P9", "4787 REQ-9", "pool: hairpin, seen from the outside address and port of the other guest")
def _(w):
    s, t = w.port(), w.port()
    (ca, cp), (da, dp) = pool_udp(w, w.c, s), pool_udp(w, w.d, t)
    w.out(w.c, ip4(C, da, UDP, udp(C, da, s, dp, b"hairpinp")))
    got = w.d.wait_udp(data=b"hairpinp")
    need(got, "nothing came in")
    need((got.src, got.sport, got.dst, got.dport) == (ca, cp, D, t), f"it came in as {got}")


# ---- limits: the last, as a guest is at its limit then ----------------------------------------------


@requirement("X1", "5508 REQ-8", "no room for a flow: ICMP 3/13, and what exists lives on")
def _(w):
    first = w.udp_mapped(w.a, 1999)
    for s in range(2000, 2000 + FLOOD):
        w.out(w.a, ip4(A, P1, UDP, udp(A, P1, s, 7000, b"flood")))
    w.p.read(0.5)
    w.a.read(0.1)
    refused = [p for p in w.a.got if p.proto == ICMP and p.kind == 3]
    need(w.udp_in(w.a, first), "the flow from before is gone")
    if not refused:
        raise Info(f"one guest got {FLOOD} flows and no limit was met")
    need(all(p.code == 13 for p in refused), f"ICMP 3/{refused[0].code}")


@requirement("X4", "6888 REQ-4, 5", "a guest that takes all it gets leaves the others theirs")
def _(w):
    for s in range(30000, 30400, 2):
        need(w.udp_out(w.b, s), f"the other guest's {(s - 30000) // 2 + 1}st flow did not come out")


def run(w, ident, rfc, text, fn):
    w.drain()
    try:
        said = fn(w)
        return "INFO" if said and ident in ("U8", "T3") else "PASS", said or ""
    except Info as e:
        return "INFO", str(e)
    except Failed as e:
        return "FAIL", str(e)


def main(suffix, gateway, ext):
    w = World(suffix, gateway, ext)
    private = []
    for station in (w.a, w.b):
        station.resolve(gateway)
    for station in (w.c, w.d):
        station.resolve(POOL_GATEWAY)
    w.p.resolve(ext)
    original = w.p.take

    def watched(frame):
        n = len(w.p.got)
        original(frame)
        for p in w.p.got[n:]:
            if p.src.startswith("10."):
                private.append(str(p))

    w.p.take = watched
    for ident, rfc, text, fn in CHECKS:
        verdict, said = run(w, ident, rfc, text, fn)
        print(f"{ident}\t{rfc}\t{text}\t{verdict}\t{said}", flush=True)
    wrong = [x for s in (w.a, w.b, w.c, w.d, w.p) for x in s.wrong]
    print("INV\t4787 5\tno inside address was ever seen outside\t"
          f"{'FAIL' if private else 'PASS'}\t{private[0] if private else ''}")
    print("SUM\t1624\tevery checksum of every packet was right\t"
          f"{'FAIL' if wrong else 'PASS'}\t{wrong[0] if wrong else ''}")


if __name__ == "__main__":
    main(*sys.argv[1:])
