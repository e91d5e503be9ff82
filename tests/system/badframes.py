#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Malformed and hostile frames, in groups.

  badframes.py send IFNAME SRC_IP GROUP[,GROUP...] TIMES DST_MAC/DST_IP...
        send each frame of the groups TIMES over, once to each destination; prints how many
  badframes.py flood IFNAME SRC_IP KIND COUNT RATE DST_MAC/DST_IP
        COUNT frames at RATE a second, or less where the machine can't
  badframes.py check FILE SRC_IP
        read a pcap file of what came out of a translating network: print what is not valid, of
        IPv4 packets that SRC_IP did not send, with a bad header, or that no host would send

Groups: l2 arp ip4 frags l4 v6 mutate vnet; "all" is all of them.
Kinds of floods: frag mac arp syn udp.
"""
import fcntl, os, random, socket, struct, sys, time

ALL = "l2 arp ip4 frags l4 v6 mutate vnet".split()


def csum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


class Maker:
    """Builds frames from one sender to one destination."""

    def __init__(self, src_mac, src_ip, dst_mac, dst_ip):
        self.smac, self.dmac = src_mac, dst_mac
        self.sip, self.dip = socket.inet_aton(src_ip), socket.inet_aton(dst_ip)
        self.rng = random.Random(8)

    def eth(self, kind, body, dst=None, src=None):
        return (dst or self.dmac) + (src or self.smac) + struct.pack("!H", kind) + body

    def ip(self, proto, body, ver_ihl=0x45, total=None, frag=0, ttl=64, src=None, dst=None,
           options=b"", bad_sum=False, ident=7):
        total = 20 + len(options) + len(body) if total is None else total
        head = struct.pack("!BBHHHBBH4s4s", ver_ihl, 0, total & 0xFFFF, ident, frag, ttl, proto, 0,
                           src or self.sip, dst or self.dip) + options
        head = head[:10] + struct.pack("!H", csum(head) ^ (0x55 if bad_sum else 0)) + head[12:]
        return self.eth(0x0800, head + body)

    def udp(self, body=b"12345678", length=None, sport=4000, dport=9):
        return struct.pack("!HHHH", sport, dport, 8 + len(body) if length is None else length,
                           0) + body

    def tcp(self, offset=5, flags=2, options=b"", urgent=0, body=b"", sport=4000):
        return struct.pack("!HHIIBBHHH", sport, 80, 1, 0, offset << 4, flags, 1024, 0,
                           urgent) + options + body

    def icmp(self, kind, code, body=b"\0\1\0\1abcdefgh"):
        head = struct.pack("!BBH", kind, code, 0) + body
        return head[:2] + struct.pack("!H", csum(head)) + head[4:]

    def ip6(self, nxt, body, length=None, hop=64, src=None, dst=None):
        src = src or bytes.fromhex("fe80000000000000") + b"\x50\x54\0\xff\xfe" + self.smac[3:]
        return self.eth(0x86DD, struct.pack("!IHBB", 0x60000000, len(body) if length is None else
                                            length, nxt, hop) + src +
                        (dst or bytes.fromhex("ff02" + "00" * 13 + "01")) + body)

    # ---- groups -----------------------------------------------------------------------------

    def l2(self):
        body = bytes(46)
        yield from (self.eth(0x88B5, bytes(n)) for n in range(0, 46))
        yield from (self.eth(t, body) for t in (*range(0, 1600, 100), 0x8808, 0x88CC, 0x888E,
                                                0x8847, 0x8863, 0x8864, 0x9000, 0xFFFF))
        yield from (self.eth(0x0800, body, dst=bytes.fromhex("0180c20000%02x" % n))
                    for n in range(32))
        yield from (self.eth(0x0800, body, src=bytes.fromhex(m)) for m in
                    ("ffffffffffff", "000000000000", "01005e000001", "333300000001",
                     "0180c2000000"))
        yield self.eth(0x88B5, body, src=self.dmac)
        for vid in (0, 1, 42, 4094, 4095, 0x2005, 0xF000):
            for tpid in (0x8100, 0x88A8, 0x9100):
                yield self.eth(tpid, struct.pack("!HH", vid, 0x0800) + body)
        for n in (2, 3, 12, 300):
            yield self.eth(0x8100, struct.pack("!HH", 5, 0x8100) * n + b"\0\5\x08\0" + body)
        yield from (self.eth(0x8100, b"\0\5\x81\0\0"[:n]) for n in range(6))
        yield from (self.eth(0x88B5, bytes(n - 14)) for n in (1514, 1515, 1518, 1519, 1600, 4000,
                                                              9000))

    def arp(self):
        good = struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, self.smac, self.sip, bytes(6),
                           self.dip)
        yield from (self.eth(0x0806, good[:n]) for n in range(28))
        for at in range(8):
            for v in (0, 1, 5, 7, 8, 127, 255):
                yield self.eth(0x0806, good[:at] + bytes([v]) + good[at + 1:] + bytes(18))
        for op in (*range(12), 255, 65535):
            yield self.eth(0x0806, good[:6] + struct.pack("!H", op) + good[8:])
        for sip in (self.dip, bytes(4), b"\xff" * 4, b"\x7f\0\0\1", b"\xe0\0\0\1"):
            for sha in (self.smac, self.dmac, b"\xff" * 6, bytes(6)):
                for op in (1, 2):
                    for dst in (b"\xff" * 6, self.dmac):
                        yield self.eth(0x0806, good[:6] + struct.pack("!H", op) + sha + sip +
                                       good[18:], dst=dst)

    def ip4(self):
        yield from (self.ip(17, self.udp() + bytes(40), ver_ihl=v) for v in range(256))
        yield from (self.ip(17, self.udp(), total=n) for n in (*range(60), 1500, 32768, 65535))
        yield from (self.ip(p, body) for p in range(256) for body in (b"", bytes(64)))
        yield from (self.ip(17, self.udp(), ttl=t) for t in (0, 1, 255))
        for a in ("0.0.0.0", "0.0.0.1", "127.0.0.1", "169.254.1.1", "192.168.77.1", "10.9.9.9",
                  "172.16.1.1", "198.51.100.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
                  "255.255.255.255", "192.0.2.1", "203.0.113.1", "100.64.0.1", "8.8.8.8",
                  "10.0.2.255"):
            yield self.ip(17, self.udp(), src=socket.inet_aton(a))
            yield self.ip(17, self.udp(), dst=socket.inet_aton(a))
        for o in (b"\1" * 40, b"\x07\x03\x04\x00", b"\x07\x27\x04" + bytes(37), b"\x83\x07\x04\x0a"
                  b"\0\0\1\0", b"\x89\x07\x04\x0a\0\0\1\0", b"\x44\x0c\x05\0" + bytes(8),
                  b"\x94\x04\0\0", b"\x07\x00\x00\x00", b"\x07\xff\x04\x00", b"\xff\x01\x00\x00"):
            yield self.ip(17, self.udp(), ver_ihl=0x45 + len(o) // 4, options=o)
        yield self.ip(17, self.udp(), bad_sum=True)

    def frags(self):
        data = self.udp(bytes(range(256)) * 10)
        for i, cuts in enumerate(((0, 1480, 2960), (0, 8, 16, 24), (0, 800, 700, 1500))):
            for a, b in zip(cuts, (*cuts[1:], len(data))):
                more = 0x2000 if b < len(data) else 0
                yield self.ip(17, data[a:max(b, a + 8)], frag=more | a >> 3, ident=20 + i)
        for off in (0x1FFF, 0x1FFE, 8100, 1):  # past 65535
            for n in (8, 64, 1400):
                yield self.ip(17, bytes(n), frag=off, ident=30)
                yield self.ip(17, bytes(n), frag=0x2000 | off, ident=31)
        yield from (self.ip(17, data[:n], frag=0x2000, ident=40 + n) for n in range(1, 20))
        yield from (self.ip(6, self.tcp()[:n], frag=0x2000, ident=60 + n) for n in range(0, 20, 4))
        yield from (self.ip(17, b"", frag=f, ident=90) for f in (0, 0x2000, 0x2001, 1, 0x4000,
                                                                 0x8000, 0xFFFF))
        pieces = [(a, data[a:a + 128]) for a in range(0, len(data), 128)]
        self.rng.shuffle(pieces)
        for a, piece in pieces * 2:
            more = 0x2000 if a + 128 < len(data) else 0
            yield self.ip(17, piece, frag=more | a >> 3, ident=91)

    def l4(self):
        yield from (self.ip(17, self.udp(length=n)) for n in (*range(20), 1000, 65535))
        yield from (self.ip(17, self.udp()[:n]) for n in range(8))
        yield from (self.ip(6, self.tcp(offset=n) + bytes(20)) for n in range(16))
        yield from (self.ip(6, self.tcp()[:n]) for n in range(20))
        yield from (self.ip(6, self.tcp(flags=f)) for f in range(256))
        for o in (b"\1" * 40, b"\2\4\0\0", b"\2\4\xff\xff", b"\2\0\0\0", b"\3\3\xff\0", b"\5\x0a" +
                  bytes(10), b"\x08\x0a" + bytes(10), b"\x02\xff\0\0", b"\x13\x12" + bytes(18),
                  b"\x00" * 40, b"\xfd\x01\xfd\x01"):
            yield self.ip(6, self.tcp(offset=5 + len(o) // 4, options=o))
        yield from (self.ip(6, self.tcp(flags=0x20, urgent=u, body=b"abc")) for u in (0, 1, 3, 4,
                                                                                     65535))
        yield from (self.ip(1, self.icmp(t, c)) for t in range(50) for c in range(6))
        inner = self.ip(17, self.udp(), src=self.dip, dst=self.sip)[14:]
        yield from (self.ip(1, self.icmp(t, 1, bytes(4) + inner[:n])) for n in range(36)
                    for t in (3, 11, 12))
        for _ in range(12):
            inner = self.ip(1, self.icmp(3, 1, bytes(4) + inner), src=self.dip, dst=self.sip)[14:]
        yield self.ip(1, self.icmp(3, 1, bytes(4) + inner))

    def v6(self):
        udp, ra = self.udp(), bytes([134, 0, 0, 0, 64, 0, 7, 8]) + bytes(8)
        yield from (self.ip6(n, udp) for n in range(256))
        yield from (self.ip6(17, udp, length=n) for n in (*range(20), 1500, 65535))
        yield from (self.ip6(17, udp)[:14 + n] for n in range(56))
        yield from (self.ip6(17, udp, hop=h) for h in (0, 1, 255))
        for kind in (0, 43, 44, 51, 60, 135, 139, 140):
            for length in (0, 1, 2, 30, 255):
                yield self.ip6(kind, bytes([17, length, 0, 0, 0, 0, 0, 0]) + udp)
                yield self.ip6(kind, bytes([kind, length, 1, 4, 0, 0, 0, 0]) * 3 + udp)
        yield self.ip6(60, bytes([60, 0, 1, 4, 0, 0, 0, 0]) * 150 + udp)
        yield self.ip6(0, bytes([17, 0, 0xC2, 4, 0, 1, 0, 0]) + udp, length=0)  # jumbogram
        yield from (self.ip6(58, ra + o, hop=255) for o in (b"", b"\1\0" + bytes(6), b"\1\xff" +
                                                            bytes(6), b"\3\4" + bytes(30), b"\1"))
        for t in range(128, 160):
            yield from (self.ip6(58, bytes([t, 0, 0, 0]) + bytes(n), hop=255) for n in (0, 4, 20,
                                                                                       36, 60))
        for off in (0, 1, 2, 0xFFF8, 0xFFF9, 9):
            yield self.ip6(44, bytes([58, 0]) + struct.pack("!HI", off, 9) + ra)
            yield self.ip6(44, bytes([60, 0]) + struct.pack("!HI", off, 9))
        for src in ("::", "::1", "::ffff:10.0.0.1", "ff02::1", "2001:db8::1"):
            yield self.ip6(17, udp, src=socket.inet_pton(socket.AF_INET6, src))

    def mutate(self, count=2000):
        arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, self.smac, self.sip, bytes(6),
                          self.dip)
        good = (self.eth(0x0806, arp), self.ip(17, self.udp()), self.ip(6, self.tcp()),
                self.ip(1, self.icmp(8, 0)), self.ip6(58, bytes([135, 0, 0, 0]) + bytes(20)))
        for i in range(count):
            frame = bytearray(good[i % len(good)])
            for _ in range(self.rng.randint(1, 7)):
                frame[self.rng.randrange(12, len(frame))] = self.rng.randrange(256)
            cut = self.rng.randrange(14, len(frame) + 1) if i % 3 == 0 else len(frame)
            yield bytes(frame[:cut])

    def vnet(self):
        """Frames behind an offload header; the kernel refuses some of them itself."""
        for frame in (self.ip(6, self.tcp(body=bytes(4000))), self.ip(17, self.udp(bytes(3000))),
                      self.ip6(6, self.tcp(body=bytes(3000))), self.eth(0x88B5, bytes(60))):
            for flags in (0, 1, 2, 255):
                for gso in (0, 1, 3, 4, 5, 0x81, 255):
                    for hdr, size, start, off in ((0, 0, 0, 0), (54, 1000, 34, 16), (54, 1, 34, 16),
                                                  (65535, 65535, 65535, 65535), (54, 1448, 34, 6),
                                                  (14, 8, 14, 0), (74, 500, 54, 16)):
                        yield struct.pack("<BBHHHH", flags, gso, hdr, size, start, off) + frame


def ifmac(ifname):
    # SIOCGIFHWADDR: /sys shows the interfaces of whoever mounted it
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    return fcntl.ioctl(s, 0x8927, struct.pack("16s24x", ifname.encode()))[18:24]


def raw_socket(ifname, vnet=False):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    if vnet:
        s.setsockopt(263, 15, 1)  # SOL_PACKET, PACKET_VNET_HDR
    s.bind((ifname, 0))
    return s


def send_all(s, frames):
    """How many the kernel took."""
    sent = 0
    for frame in frames:
        try:
            s.send(frame)
            sent += 1
        except OSError:  # it refuses what its own interface can't send
            pass
    return sent


def targets(ifname, src_ip, words):
    for word in words:
        mac, ip = word.split("/")
        yield Maker(ifmac(ifname), src_ip, bytes.fromhex(mac.replace(":", "")), ip)


def send(ifname, src_ip, groups, times, *dsts):
    makers = list(targets(ifname, src_ip, dsts))
    names = ALL if groups == "all" else groups.split(",")
    plain, vnet = raw_socket(ifname), raw_socket(ifname, True)
    made = [(vnet if n == "vnet" else plain, list(getattr(m, n)())) for m in makers for n in names]
    print(sum(send_all(s, frames) for _ in range(int(times)) for s, frames in made))


def flood_frames(m, kind, count):
    rng = random.Random(9)
    for i in range(count):
        if kind == "frag":
            yield m.ip(17, bytes(64), frag=0x2000 | (i % 100 + 1), ident=i & 0xFFFF)
        elif kind == "mac":
            yield m.eth(0x88B5, bytes(46), src=b"\2" + rng.randbytes(5))
        elif kind == "arp":
            ip = bytes([10, 0, 2, 0])[:2] + struct.pack("!H", i & 0xFFFF)
            yield m.eth(0x0806, struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1 + i % 2, m.smac,
                                            ip, bytes(6), m.dip), dst=b"\xff" * 6)
        elif kind == "syn":
            yield m.ip(6, m.tcp(sport=1024 + i % 60000))
        else:
            yield m.ip(17, m.udp(sport=1024 + i % 60000, dport=1 + i // 60000))


def flood(ifname, src_ip, kind, count, rate, dst):
    (m,) = targets(ifname, src_ip, [dst])
    frames, s = list(flood_frames(m, kind, int(count))), raw_socket(ifname)
    begin, burst = time.monotonic(), 64
    for at in range(0, len(frames), burst):
        ahead = begin + at / float(rate) - time.monotonic()
        if ahead > 0.001:
            time.sleep(ahead)
        send_all(s, frames[at:at + burst])
    print("%d frames, %.0f a second" % (len(frames), len(frames) / (time.monotonic() - begin)))


def check(path, src_ip):
    data = open(path, "rb").read()
    at, seen, bad = 24, 0, 0
    while at + 16 <= len(data):
        _, _, caplen, length = struct.unpack("<IIII", data[at:at + 16])
        frame = data[at + 16:at + 16 + caplen]
        at += 16 + caplen
        if frame[12:14] != b"\x08\0":
            continue
        seen += 1
        ip = frame[14:]
        ihl = (ip[0] & 15) * 4 if ip else 0
        why = ("short" if len(ip) < 20 or ip[0] >> 4 != 4 or ihl < 20 or len(ip) < ihl else
               "checksum" if csum(ip[:ihl]) else
               "length" if not ihl <= struct.unpack("!H", ip[2:4])[0] <= len(ip) else
               "source" if socket.inet_ntoa(ip[12:16]) != src_ip else
               "ttl" if not ip[8] else
               "destination" if ip[16] in (0, 127) or ip[16] >= 224 else None)
        if why:
            bad += 1
            print(why, ip[:40].hex())
    print("%d packets, %d bad" % (seen, bad))
    sys.exit(1 if bad or not seen else 0)


if __name__ == "__main__":
    {c.__name__: c for c in (send, flood, check)}[sys.argv[1]](*sys.argv[2:])
