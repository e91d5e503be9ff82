#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the NAT tests need on the two sides of a translator.

serve PORT [ADDRESS...]    TCP: echo each connection; UDP at each address: answer with the source that
                           was seen (PORT) or with what was sent (PORT + 1)
flows ADDRESS PORT N       open N TCP connections at once, exchange 1 KiB on each, close
rounds ADDRESS PORT N      N connections one after the other; prints connections per second
seen ADDRESS PORT [SPORT]  what the server sees as our source, by UDP
udp ADDRESS PORT SIZE      send one datagram of SIZE bytes, wait for its echo (at PORT + 1)
await ADDRESS PORT         a connection and a UDP socket that only wait; prints "ready", and how each ends
flood ADDRESS PORT N       one datagram from each of N sockets; prints how many were answered
refused ADDRESS PORT       new sockets, until one is told by ICMP why it gets nothing; prints why
syns ADDRESS PORT N        N connections begun, not one by one, none waited for
live ADDRESS PORT END      until END (seconds since the epoch) one connection and one UDP flow, asked
                           five times a second beside a new flow each time; "lived N" or what was lost
noise IFNAME SECONDS SEED GATEWAY-MAC ADDRESS
                           random and half-right frames to everybody, from a packet socket
"""
import random
import selectors
import socket
import struct
import sys
import threading
import time


def echo(conn):
    with conn:
        while data := conn.recv(65536):
            conn.sendall(data)


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def udp_server(address, port, answer):
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.bind((address, port))
    while True:
        data, peer = s.recvfrom(65536)
        s.sendto(answer(data, peer), peer)


def serve(port, *addresses):
    port = int(port)
    for a in addresses or ("",):
        for n, answer in ((0, lambda data, peer: f"{peer[0]}:{peer[1]}".encode()),
                          (1, lambda data, peer: data)):
            threading.Thread(target=udp_server, args=(a, port + n, answer), daemon=True).start()
    listener = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=1024)
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=echo, args=(conn,), daemon=True).start()


def flows(address, port, n):
    socks = [socket.socket(family(address)) for _ in range(int(n))]
    text = bytes(range(256)) * 4
    sel = selectors.DefaultSelector()
    for s in socks:
        s.setblocking(False)
        s.connect_ex((address, int(port)))
        sel.register(s, selectors.EVENT_WRITE, bytearray())
    done, end = 0, time.monotonic() + 15
    while done < len(socks) and time.monotonic() < end:
        for key, events in sel.select(1):
            if events & selectors.EVENT_WRITE:
                key.fileobj.sendall(text)
                sel.modify(key.fileobj, selectors.EVENT_READ, key.data)
                continue
            key.data.extend(key.fileobj.recv(4096))
            if len(key.data) >= len(text):
                done += bytes(key.data) == text
                sel.unregister(key.fileobj)
    print(done)


def rounds(address, port, n):
    start = time.monotonic()
    for _ in range(int(n)):
        with socket.create_connection((address, int(port)), 5) as s:
            s.sendall(b"x")
            s.recv(1)
    print("%.0f" % (int(n) / (time.monotonic() - start)))


def seen(address, port, sport="0"):
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.bind(("", int(sport)))
    # Who asks by UDP repeats: one datagram may be lost, or late on a machine that does much else.
    s.settimeout(1)
    for _ in range(10):
        s.sendto(b"?", (address, int(port)))
        try:
            print(s.recv(100).decode())
            return
        except socket.timeout:
            pass
    sys.exit("no answer")


def udp(address, port, size):
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    # Without the DF bit, so that it may travel in pieces.
    s.setsockopt(socket.IPPROTO_IP, 10, 0)
    s.settimeout(3)
    data = random.randbytes(int(size))
    s.sendto(data, (address, int(port) + 1))
    print("same" if s.recv(65536) == data else "different")


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def wait_end(address, port):
    t = socket.create_connection((address, int(port)), 10)
    t.sendall(b"x")
    t.recv(1)
    u = socket.socket(family(address), socket.SOCK_DGRAM)
    # Host unreachable is a soft error: only who asks for it hears of it (RFC 1122 4.1.3.3).
    u.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR
    u.connect((address, int(port)))
    u.send(b"x")
    u.recv(100)
    print("ready", flush=True)
    for what, s in (("tcp", t), ("udp", u)):
        s.settimeout(90)
        try:
            s.recv(1)
            print(what, "closed", flush=True)
        except OSError as e:
            print(what, type(e).__name__, flush=True)


def flood(address, port, n):
    socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(int(n))]
    for s in socks:
        s.connect((address, int(port)))
        s.send(b"?")
    end = time.monotonic() + 2
    answered = 0
    for s in socks:
        s.settimeout(max(end - time.monotonic(), 0.01))
        try:
            answered += bool(s.recv(100))
        except OSError:
            pass
    print(answered)


def refused(address, port):
    for _ in range(100):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR
        s.settimeout(0.2)
        s.sendto(b"?", (address, int(port)))
        try:
            s.recv(100)
        except TimeoutError:
            continue
        except OSError:
            for _, kind, data in s.recvmsg(100, 512, socket.MSG_ERRQUEUE)[1]:
                if kind == 11:
                    print({13: "prohibited"}.get(data[6], data[6]) if data[5] == 3 else data[5])
                    return
    print("nothing")


def syns(address, port, n):
    socks = [socket.socket() for _ in range(int(n))]
    for s in socks:
        s.setblocking(False)
        s.connect_ex((address, int(port)))
    time.sleep(0.5)


def live(address, port, end):
    t = socket.create_connection((address, int(port)), 10)
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.connect((address, int(port) + 1))
    t.settimeout(10)
    u.settimeout(2)
    n = 0
    while time.time() < int(end):
        text = random.randbytes(100)
        t.sendall(text)
        got = b""
        while len(got) < len(text):
            more = t.recv(1000)
            if not more:
                sys.exit("lost: the connection was closed")
            got += more
        for _ in range(3):  # UDP may lose one
            u.send(text)
            try:
                if u.recv(1000) == text:
                    break
            except TimeoutError:
                continue
        else:
            sys.exit("lost: the UDP flow")
        with socket.create_connection((address, int(port)), 10) as other:
            other.sendall(b"x")
            other.recv(1)
        n += 1
        time.sleep(0.2)
    print("lived", n)


def noise(ifname, seconds, seed, gateway, address):
    rnd = random.Random(int(seed))
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((ifname, 0))
    mac = s.getsockname()[4]
    gateway = bytes.fromhex(gateway.replace(":", ""))
    src = socket.inet_aton(address)
    end, n = time.monotonic() + float(seconds), 0
    while time.monotonic() < end:
        dst = rnd.choice([gateway, gateway, gateway, b"\xff" * 6, rnd.randbytes(6)])
        kind = rnd.randrange(4)
        body = rnd.randbytes(rnd.randrange(0, 200))
        if kind:
            ihl = rnd.choice([5, 5, 5, 5, 6, 15, 2])
            to = rnd.choice([socket.inet_aton("198.51.100.9"), rnd.randbytes(4)])
            head = struct.pack("!BBHHHBBH4s4s", 0x40 | ihl, 0,
                               rnd.choice([20 + len(body), 20 + len(body), rnd.randrange(65536)]),
                               rnd.randrange(4), rnd.choice([0, 0x4000, 0x2000, rnd.randrange(65536)]),
                               rnd.choice([0, 1, 2, 64, 64]), rnd.choice([1, 6, 17, 17, rnd.randrange(256)]),
                               0, rnd.choice([src, src, rnd.randbytes(4)]), to)
            head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
            frame = dst + mac + b"\x08\x00" + head + body
        else:
            frame = dst + mac + rnd.choice([b"\x08\x06", b"\x08\x00", rnd.randbytes(2)]) + body
        try:
            s.send(frame)
            n += 1
        except OSError:
            pass
    print(n)


if __name__ == "__main__":
    {"serve": serve, "flows": flows, "rounds": rounds, "seen": seen, "udp": udp, "await": wait_end,
     "flood": flood, "refused": refused, "syns": syns, "live": live,
     "noise": noise}[sys.argv[1]](*sys.argv[2:])
