# SPDX-License-Identifier: GPL-2.0-or-later
"""bursts.py serve PORT BURSTS | send ADDRESS PORT BURSTS - numbered datagrams in bursts of 24, each burst
confirmed before the next.  `send` fails when one is lost or comes out of order."""
import socket
import sys

BURST = 24


def serve(port, bursts):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("0.0.0.0", port))
    expected = 0
    while expected < bursts * BURST:
        data, peer = s.recvfrom(2048)
        if int(data) != expected:
            s.sendto(b"wanted %d, got %d" % (expected, int(data)), peer)
            return
        expected += 1
        if expected % BURST == 0:
            s.sendto(b"ok", peer)


def send(address, port, bursts):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((address, port))
    s.settimeout(3)
    for nr in range(bursts):
        for i in range(BURST):
            s.send(b"%d" % (nr * BURST + i))
        said = s.recv(2048)
        if said != b"ok":
            sys.exit(said.decode())


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]), int(sys.argv[3]))
else:
    send(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
