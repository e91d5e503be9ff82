#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tun_pair.py NETNS IFNAME: a tunnel of bare IP packets (tun, no Ethernet) between IFNAME here and
IFNAME in the namespace NETNS; carries until it is killed."""
import ctypes
import fcntl
import os
import selectors
import struct
import sys

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
CLONE_NEWNET = 0x40000000


def tun(ifname):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", ifname.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def main(netns, ifname):
    here = tun(ifname)
    with open(f"/run/netns/{netns}") as f:
        if ctypes.CDLL(None, use_errno=True).setns(f.fileno(), CLONE_NEWNET):
            sys.exit(f"{netns}: {os.strerror(ctypes.get_errno())}")
    there = tun(ifname)
    sel = selectors.DefaultSelector()
    sel.register(here, selectors.EVENT_READ, there)
    sel.register(there, selectors.EVENT_READ, here)
    while True:
        for key, _ in sel.select():
            try:
                while packet := os.read(key.fd, 65536):
                    os.write(key.data, packet)
            except OSError:  # nothing more to read, or the other side is down
                pass


if __name__ == "__main__":
    main(*sys.argv[1:])
