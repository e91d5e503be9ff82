#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dhcp_requirements.py - what RFC 2131 (tables 3, 4, 5) and its companions require of a DHCP server,
# asked with raw packets on eth0 of the namespace it runs in.  One line a requirement: ID, RFC, text,
# PASS or FAIL, what was seen; with tabs between.
#
# The network is 10.0.2.0/24: server .254, router .9, range from .128, lease 1 h; option 224 is set,
# 225 forced; a subnet 10.0.3.0/24 is behind a relay; another host holds .131.
import socket
import struct
import sys
import time

SERVER, BCAST = "10.0.2.254", "255.255.255.255"
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
sock.bind(("eth0", 0))
server_mac = None
xid = 0x10000


def ip(text):
    return socket.inet_aton(text)


def csum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def mac(n):
    return bytes((0x52, 0x54, 0, 0, 0xC0, n))


class Message:
    def __init__(self, frame):
        self.frame, udp = frame, frame[34:]
        self.dst_mac, self.src_mac = frame[:6], frame[6:12]
        self.src, self.dst = (socket.inet_ntoa(frame[26 + i:30 + i]) for i in (0, 4))
        self.sport, self.dport = struct.unpack("!HH", udp[:4])
        d = self.data = udp[8:]
        self.op, self.htype, self.hlen, self.hops, self.xid, self.secs, self.flags = struct.unpack(
            "!BBBBIHH", d[:12])
        self.ciaddr, self.yiaddr, self.siaddr, self.giaddr = (
            socket.inet_ntoa(d[i:i + 4]) for i in (12, 16, 20, 24))
        self.chaddr, self.cookie = d[28:44], d[236:240]
        self.order, self.opt, at = [], {}, 240
        self.ended = False
        while at < len(d):
            if d[at] == 255:
                self.ended = True
                break
            if d[at] == 0:
                at += 1
                continue
            self.order.append(d[at])
            self.opt[d[at]] = self.opt.get(d[at], b"") + d[at + 2:at + 2 + d[at + 1]]
            at += 2 + d[at + 1]
        self.type = self.opt.get(53, b"\0")[0]

    def u32(self, code):
        return struct.unpack("!I", self.opt[code])[0] if len(self.opt.get(code, b"")) == 4 else None


def send(kind, n, opts=(), src="0.0.0.0", dst=BCAST, ci="0.0.0.0", gi="0.0.0.0", flags=0, wait=0.6,
         want=True, to=None, sport=68):
    """Send; the answer with this transaction's number, or None."""
    global xid, server_mac
    xid += 1
    body = struct.pack("!BBBBIHH", 1, 1, 6, 0, xid, 0, flags) + ip(ci) + ip("0.0.0.0") * 2 + ip(gi)
    body += mac(n) + bytes(10 + 192) + b"\x63\x82\x53\x63" + bytes((53, 1, kind))
    for code, value in opts:
        body += bytes((code, len(value))) + value
    body += b"\xff"
    udp = struct.pack("!HHHH", sport, 67, 8 + len(body), 0) + body
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, ip(src), ip(dst))
    head = head[:10] + struct.pack("!H", csum(head)) + head[12:]
    target = to or (server_mac if dst == SERVER and server_mac else b"\xff" * 6)
    sock.send(target + mac(n) + b"\x08\x00" + head + udp)
    end = time.time() + (wait * 4 if want else wait)
    while time.time() < end:
        sock.settimeout(max(0.001, end - time.time()))
        try:
            frame = sock.recv(4096)
        except (socket.timeout, BlockingIOError):
            break
        if frame[12:14] != b"\x08\x00" or frame[23] != 17 or frame[34:36] != b"\0\x43":
            continue
        m = Message(frame)
        if m.xid == xid:
            server_mac = m.src_mac
            return m
    return None


def row(name, rfc, text, good, seen=""):
    print("%s\t%s\t%s\t%s\t%s" % (name, rfc, text, "PASS" if good else "FAIL", seen), flush=True)


def lease(n, opts=()):
    offer = send(DISCOVER, n, opts)
    ack = send(REQUEST, n, [(50, ip(offer.yiaddr)), (54, ip(SERVER))] + list(opts))
    return offer, ack


def release(n, addr, opts=()):
    send(RELEASE, n, [(54, ip(SERVER))] + list(opts), src=addr, dst=SERVER, ci=addr, wait=0.1, want=False)


ASK = (55, bytes((1, 3, 6, 15, 28, 51, 58, 59, 224)))

# ---- table 3: fields and options of what a server sends ----
o = send(DISCOVER, 1, [ASK])
if not o:
    sys.exit("no answer to DISCOVER")
T3 = "2131 table 3"
row("O-op", T3, "OFFER: op is BOOTREPLY, htype and hlen as asked", (o.op, o.htype, o.hlen) == (2, 1, 6))
row("O-hops", T3, "OFFER: hops 0, secs 0", (o.hops, o.secs) == (0, 0))
row("O-xid", T3, "OFFER: xid of the DISCOVER", o.xid == xid)
row("O-ciaddr", T3, "OFFER: ciaddr 0", o.ciaddr == "0.0.0.0")
row("O-yiaddr", T3, "OFFER: yiaddr is an address of the range", o.yiaddr.startswith("10.0.2.1"), o.yiaddr)
row("O-flags", T3, "OFFER: flags of the DISCOVER", o.flags == 0)
row("O-giaddr", T3, "OFFER: giaddr of the DISCOVER", o.giaddr == "0.0.0.0")
row("O-chaddr", T3, "OFFER: chaddr of the DISCOVER", o.chaddr == mac(1) + bytes(10))
row("O-cookie", "2131 3", "OFFER: magic cookie, END", o.cookie == b"\x63\x82\x53\x63" and o.ended)
row("O-lease", T3, "OFFER: MUST have a lease time", o.u32(51) == 3600, "%s s" % o.u32(51))
row("O-type", T3, "OFFER: message type DHCPOFFER", o.type == OFFER)
row("O-server", T3, "OFFER: MUST have a server identifier", o.opt.get(54) == ip(SERVER))
row("O-not50", T3, "OFFER: MUST NOT have requested address, parameter list, maximum size",
    not {50, 55, 57} & set(o.order))
row("O-mask", "2132 3.3", "the mask is there, and before the router", 1 in o.order and 3 in o.order and
    o.order.index(1) < o.order.index(3))
row("O-T1T2", "2131 4.4.5", "T1 is half, T2 seven eighths of the lease", (o.u32(58), o.u32(59)) == (1800, 3150))
row("O-params", "2131 4.3.1", "a configured option that is asked for MUST be included", o.opt.get(224) == b"x")
row("O-unknown", "2131 4.3.1", "one that is not configured is left out",
    42 not in send(DISCOVER, 1, [(55, bytes((42,)))]).order)
row("O-forced", "2131 4.3.1", "what is set for clients unasked is sent", o.opt.get(225) == b"y")
row("O-len", "951 3", "300 bytes at least", len(o.data) >= 300, "%d" % len(o.data))
row("O-ports", "2131 4.1", "from port 67 to port 68", (o.sport, o.dport) == (67, 68))
row("O-unicast", "2131 4.1", "no broadcast bit: unicast to yiaddr and chaddr, without ARP",
    o.dst == o.yiaddr and o.dst_mac == mac(1), o.dst)
row("O-csum", "768", "checksums are right", csum(o.frame[14:34]) == 0)
b = send(DISCOVER, 1, [ASK], flags=0x8000)
row("O-bcast", "2131 4.1", "broadcast bit: broadcast at both layers", b.dst == BCAST and b.dst_mac == b"\xff" * 6)
row("O-bflag", T3, "the broadcast bit is echoed", b.flags == 0x8000)
row("O-same", "2131 4.3.1", "a repeated DISCOVER is offered the same", b.yiaddr == o.yiaddr, b.yiaddr)
a = send(REQUEST, 1, [(50, ip(o.yiaddr)), (54, ip(SERVER)), ASK])
row("A-type", T3, "ACK: message type, server identifier, lease time", a.type == ACK and a.opt.get(54) == ip(SERVER) and
    a.u32(51) == 3600)
row("A-yiaddr", T3, "ACK: yiaddr is what was offered", a.yiaddr == o.yiaddr)
row("A-fields", T3, "ACK: xid, chaddr, giaddr, flags of the REQUEST; ciaddr 0",
    a.xid == xid and a.chaddr[:6] == mac(1) and (a.giaddr, a.ciaddr, a.flags) == ("0.0.0.0", "0.0.0.0", 0))
row("A-not50", T3, "ACK: MUST NOT have requested address, parameter list, maximum size",
    not {50, 55, 57} & set(a.order))
row("A-params", "2131 4.3.1", "parameters do not contradict those of the OFFER",
    all(a.opt.get(c) == o.opt.get(c) for c in (1, 3, 224)))
addr = a.yiaddr
ID = (61, b"\xff\0\0\0\1client")
i_offer, i_ack = lease(2, [ID])
row("I-echo", "6842 3", "the client identifier is returned in every answer", i_offer.opt.get(61) == ID[1] == i_ack.opt.get(61))
again = send(DISCOVER, 3, [ID])
row("I-key", "2131 4.2", "the identifier, not the hardware address, names the client", again.yiaddr == i_ack.yiaddr)
d = send(DISCOVER, 2)
row("I-chaddr", "2131 4.2", "without one the hardware address does", d.yiaddr not in (i_ack.yiaddr, addr), d.yiaddr)
row("D-distinct", "2131 2.2", "no address is given twice", len({addr, i_ack.yiaddr, d.yiaddr}) == 3)

# ---- NAK ----
n = send(REQUEST, 1, [(50, ip("192.168.7.7"))])
row("N-net", "2131 4.3.2", "INIT-REBOOT with an address of another network: NAK", n and n.type == NAK)
row("N-bcast", "2131 4.3.2", "which is broadcast when giaddr is 0", n.dst == BCAST and n.dst_mac == b"\xff" * 6)
row("N-fields", T3, "NAK: ciaddr, yiaddr, siaddr 0; no lease time; server identifier; message",
    (n.ciaddr, n.yiaddr, n.siaddr) == ("0.0.0.0",) * 3 and 51 not in n.order and 54 in n.order and 56 in n.order,
    n.opt.get(56, b"").decode())
row("N-others", T3, "NAK: MUST NOT have other parameters", not set(n.order) - {53, 54, 56, 61, 60, 82})
wrong = send(REQUEST, 1, [(50, ip("10.0.2.200"))])
row("N-wrong", "2131 4.3.2", "INIT-REBOOT with an address that is not the client's: NAK", wrong and wrong.type == NAK)
row("N-silent", "2131 4.3.2", "INIT-REBOOT of a client without a record: MUST remain silent",
    send(REQUEST, 20, [(50, ip("10.0.2.140"))], want=False) is None)

# ---- table 4: what REQUESTs mean ----
r = send(REQUEST, 1, [(50, ip(addr))])
row("R-reboot", "2131 4.3.2", "INIT-REBOOT with its own address: ACK", r and r.type == ACK and r.yiaddr == addr)
r = send(REQUEST, 1, src=addr, dst=SERVER, ci=addr)
row("R-renew", "2131 4.3.2", "RENEWING, unicast: ACK to ciaddr, ciaddr filled in", r and r.type == ACK and
    (r.dst, r.ciaddr, r.yiaddr) == (addr,) * 3)
r = send(REQUEST, 1, src=addr, ci=addr)
row("R-rebind", "2131 4.3.2", "REBINDING, broadcast: ACK, unicast to ciaddr", r and r.type == ACK and r.dst == addr)
row("R-other", "2131 4.3.2", "a REQUEST that names another server is left alone",
    send(REQUEST, 4, [(50, ip("10.0.2.133")), (54, ip("10.0.2.5"))], want=False) is None)
s_offer = send(DISCOVER, 4)
send(REQUEST, 4, [(50, ip("10.0.2.77")), (54, ip("10.0.2.5"))], want=False, wait=0.1)
row("R-freed", "2131 3.1.4", "and its offer is free again", send(DISCOVER, 5, [(50, ip(s_offer.yiaddr))]).yiaddr == s_offer.yiaddr)
r = send(REQUEST, 1, [(51, struct.pack("!I", 600))], src=addr, dst=SERVER, ci=addr)
row("R-time", "2131 4.3.1", "a lease time that is asked for is heeded", r.u32(51) == 600, "%s s" % r.u32(51))
r = send(REQUEST, 1, [(51, struct.pack("!I", 0xFFFFFFFF))], src=addr, dst=SERVER, ci=addr)
row("R-most", "2131 4.3.1", "but not beyond what is set", r.u32(51) == 3600, "%s s" % r.u32(51))

# ---- table 5: INFORM, RELEASE, DECLINE ----
f = send(INFORM, 6, [ASK], src="10.0.2.50", dst=SERVER, ci="10.0.2.50")
row("F-ack", "2131 4.3.5", "INFORM: ACK, unicast to ciaddr", f and f.type == ACK and f.dst == "10.0.2.50")
row("F-none", "2131 4.3.5", "without a lease time, yiaddr 0", 51 not in f.order and f.yiaddr == "0.0.0.0")
row("F-params", "2131 4.3.5", "with the parameters that it asks for", f.opt.get(224) == b"x" and 3 in f.order)
release(7, i_ack.yiaddr, [ID])
row("E-stranger", "2131 4.3.4", "RELEASE by who does not hold it changes nothing",
    send(REQUEST, 2, [ID], src=i_ack.yiaddr, dst=SERVER, ci=i_ack.yiaddr).type == ACK)
release(2, i_ack.yiaddr, [ID])
row("E-again", "2131 4.3.1", "RELEASE: the address is free, and the client's when it comes again",
    send(DISCOVER, 2, [ID]).yiaddr == i_ack.yiaddr)
x_offer, x_ack = lease(8)
send(DECLINE, 8, [(50, ip(x_ack.yiaddr)), (54, ip(SERVER))], want=False, wait=0.1)
row("X-decline", "2131 4.3.3", "DECLINE: the address is not given to anybody",
    send(DISCOVER, 8, [(50, ip(x_ack.yiaddr))]).yiaddr != x_ack.yiaddr)
row("X-silent", "2131 4.4.1", "neither DECLINE nor RELEASE is answered",
    send(DECLINE, 9, [(50, ip("10.0.2.170")), (54, ip(SERVER))], want=False) is None)
row("P-probe", "2131 3.1.2", "an address in use by a stranger is not offered",
    send(DISCOVER, 10, [(50, ip("10.0.2.131"))]).yiaddr != "10.0.2.131")

# ---- relays, sizes, extensions ----
release(1, addr)
AGENT = (82, b"\1\4port")
g = send(DISCOVER, 11, [AGENT], src="10.0.3.1", dst=SERVER, gi="10.0.3.1", sport=67)
row("G-subnet", "2131 4.3.1", "by a relay: an address of the relay's subnet", g and g.yiaddr.startswith("10.0.3."),
    g and g.yiaddr)
row("G-port", "2131 4.1", "the answer goes to the relay's port 67", g.dst == "10.0.3.1" and g.dport == 67)
row("G-agent", "3046 2.2", "option 82 is echoed, as the last", g.opt.get(82) == AGENT[1] and g.order[-1] == 82)
k = send(REQUEST, 11, [AGENT, (50, ip("192.168.1.1"))], src="10.0.3.1", dst=SERVER, gi="10.0.3.1", sport=67)
row("G-nak", "2131 4.3.2", "NAK by a relay has the broadcast bit", k and k.type == NAK and k.flags == 0x8000)
g = send(DISCOVER, 12, [(82, b"\5\4" + ip("10.0.3.1"))], src="192.0.2.1", dst=SERVER, gi="192.0.2.1", sport=67)
row("G-link", "3527 3", "link selection: the subnet that it names, the answer to giaddr",
    g and g.yiaddr.startswith("10.0.3.") and g.dst == "192.0.2.1")
row("G-unknown", "2131 4.3.1", "a relay on a subnet that is not served: silence",
    send(DISCOVER, 13, src="10.9.0.1", dst=SERVER, gi="10.9.0.1", sport=67, want=False) is None)
z = send(DISCOVER, 10, [(57, struct.pack("!H", 100)), (55, bytes(range(1, 250)))])
row("S-576", "2132 9.10", "a maximum size below 576 counts as 576", z and len(z.data) + 28 <= 576, "%d" % (len(z.data) + 28))
row("S-18", "4039 3.1", "rapid commit that is not allowed here: an OFFER", send(DISCOVER, 10, [(80, b"")]).type == OFFER)
v = send(DISCOVER, 10, [(55, bytes((108,)))])
row("V6-only", "8925 3.3", "IPv6-only preferred: sent to who asks", v.u32(108) == 1800)
row("V6-not", "8925 3.3", "MUST NOT be sent to who does not", 108 not in o.order)
row("M-type", "2131 4.3", "unknown message types are ignored (4388 too)", send(10, 10, want=False) is None)
sock.send(b"\xff" * 6 + mac(1) + b"\x08\x00" + b"\x45" + bytes(60))
row("M-alive", "-", "after broken packets it serves on", send(DISCOVER, 10) is not None)
