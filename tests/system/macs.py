#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""macs.py IFNAME FRAMES FROM TO: small frames from and to many addresses, none of them lost.

FROM and TO are XX:YY/N, N addresses that begin with these two bytes, or one whole address. The
interface is a tap; no more are under way than its queue (`ip link ... txqueuelen`) has room for.
Prints how many were taken, and in how many seconds.
"""

import ctypes
import fcntl
import socket
import struct
import sys
import time

BATCH, LEN = 256, 60
SIOCGIFTXQLEN = 0x8942
STEP = 7919  # addresses are used in an order that no cache has a liking for


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


class Mmsghdr(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_void_p),
        ("namelen", ctypes.c_uint32),
        ("iov", ctypes.POINTER(Iovec)),
        ("iovlen", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("controllen", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("len", ctypes.c_uint),
    ]


def addresses(text):
    prefix, _, n = text.partition("/")
    head = bytes.fromhex(prefix.replace(":", ""))
    if not n:
        return [head]
    return [head + (i * STEP % int(n)).to_bytes(4, "big") for i in range(int(n))]


def counters(ifname):
    """Frames that were taken from the tap, and that it had no room for."""
    with open("/proc/thread-self/net/dev") as f:
        for line in f:
            name, _, rest = line.partition(":")
            if name.strip() == ifname:
                n = [int(w) for w in rest.split()]
                return n[8 + 1], n[8 + 3]
    sys.exit(f"{ifname}: no such interface")


def main():
    ifname, frames = sys.argv[1], int(sys.argv[2])
    src, dst = addresses(sys.argv[3]), addresses(sys.argv[4])
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((ifname, 0))
    ifr = struct.pack("16si20x", ifname.encode(), 0)
    queue = struct.unpack_from("i", fcntl.ioctl(sock, SIOCGIFTXQLEN, ifr), 16)[0]
    buf = bytearray(BATCH * LEN)
    where = ctypes.addressof((ctypes.c_char * len(buf)).from_buffer(buf))
    iov = (Iovec * BATCH)(*[Iovec(where + i * LEN, LEN) for i in range(BATCH)])
    msgs = (Mmsghdr * BATCH)()
    for i in range(BATCH):
        msgs[i].iov = ctypes.pointer(iov[i])
        msgs[i].iovlen = 1
    libc = ctypes.CDLL(None, use_errno=True)
    tail = b"\x88\xb5" + bytes(LEN - 14)
    taken_0, lost_0 = counters(ifname)
    start, sent = time.monotonic(), 0
    while sent < frames:
        buf[:] = b"".join(
            [dst[i % len(dst)] + src[i % len(src)] + tail for i in range(sent, sent + BATCH)]
        )
        sent += max(libc.sendmmsg(sock.fileno(), msgs, BATCH, 0), 0)
        while True:
            taken, lost = counters(ifname)
            if sent - (taken - taken_0) - (lost - lost_0) < queue * 0.9 - BATCH:
                break
            time.sleep(0.0005)
            if time.monotonic() - start > 100:
                sys.exit("the switch does not take them")
    print(taken - taken_0, f"{time.monotonic() - start:.2f}")


main()
