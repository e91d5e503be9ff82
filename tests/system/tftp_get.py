# SPDX-License-Identifier: GPL-2.0-or-later
"""Get a file by TFTP (RFC 1350, 2347, 2348, 7440) and write it to standard output; seconds and bytes
go to standard error.  usage: tftp_get.py ADDRESS FILE [BLKSIZE [WINDOWSIZE [LOSE]]]
LOSE: of so many blocks one is thrown away on arrival."""
import socket
import struct
import sys
import time

address, name = sys.argv[1:3]
blksize, window, lose = [int(x) for x in sys.argv[3:6]] + [512, 1, 0][len(sys.argv) - 3:]
family, _, _, _, to = socket.getaddrinfo(address, 69, type=socket.SOCK_DGRAM)[0]
s = socket.socket(family, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
s.settimeout(3)
request = b"\0\1" + name.encode() + b"\0octet\0"
if blksize != 512:
    request += b"blksize\0%d\0" % blksize
if window != 1:
    request += b"windowsize\0%d\0" % window
begun = time.monotonic()
s.sendto(request, to)
got, expected, since, seen, peer, told = [], 1, 0, 0, None, False
while True:
    packet, sender = s.recvfrom(65536)
    peer = peer or sender
    op, block = struct.unpack("!HH", packet[:4])
    if op == 5:
        sys.exit("error %d: %s" % (block, packet[4:-1].decode()))
    if op == 6:
        options = packet[2:].split(b"\0")
        options = dict(zip(options[::2], options[1::2]))
        blksize = int(options.get(b"blksize", 512))
        window = int(options.get(b"windowsize", 1))
        s.sendto(struct.pack("!HH", 4, 0), peer)
        continue
    seen += 1
    if lose and seen % lose == 0:
        continue
    if block != expected & 0xffff:  # a hole: from there on again
        if not told:
            s.sendto(struct.pack("!HH", 4, (expected - 1) & 0xffff), peer)
            since, told = 0, True
        continue
    told = False
    got.append(packet[4:])
    expected += 1
    since += 1
    if since == window or len(packet) - 4 < blksize:
        s.sendto(struct.pack("!HH", 4, block), peer)
        since = 0
    if len(packet) - 4 < blksize:
        break
data = b"".join(got)
print("%.4f %d %d %d" % (time.monotonic() - begun, len(data), blksize, window), file=sys.stderr)
sys.stdout.buffer.write(data)
