#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""random_traffic.py SEED: send frames of all sorts by every interface but lo, as they come and go,
until killed; and take what comes in, so that queues move."""

import random
import socket
import sys
import time

rnd = random.Random(int(sys.argv[1]))
sockets = {}


def follow():
    there = {name for _, name in socket.if_nameindex() if name != "lo"}
    for gone in set(sockets) - there:
        sockets.pop(gone).close()
    for name in there - set(sockets):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        try:
            s.bind((name, 3))
        except OSError:
            s.close()
            continue
        s.setblocking(False)
        sockets[name] = s


def mac():
    return b"\x02\0\0\0\0" + bytes([rnd.randrange(24)])


def frame():
    dst = rnd.choice([mac(), mac(), b"\xff" * 6, b"\x01\0\x5e\0\0" + bytes([rnd.randrange(8)]),
                      b"\x01\x80\xc2\0\0\0"])
    tag = b"\x81\0\0" + bytes([rnd.choice([10, 11, 12, 20])]) if rnd.random() < 0.3 else b""
    kind = rnd.randrange(4)
    if kind == 0:
        body = b"\x08\x06\0\x01\x08\0\x06\x04\0\x01" + mac() + b"\x0a\0\0\x01" + bytes(6) + b"\x0a\0\0\x02"
    elif kind == 1:
        body = b"\x08\0\x45\0\0\x2e\0\0\0\0\x40\x11\0\0" + rnd.randbytes(8) + rnd.randbytes(26)
    else:
        body = rnd.randbytes(2) + rnd.randbytes(rnd.choice([20, 46, 400, 1400]))
    return (dst + mac() + tag + body).ljust(60, b"\0")


while True:
    follow()
    for _ in range(20):
        for s in sockets.values():
            try:
                s.send(frame())
                while s.recv(2048):
                    pass
            except OSError:
                pass
        time.sleep(0.005)
