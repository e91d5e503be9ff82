#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Protocols without ports, for the NAT tests, by raw and UDP-Lite sockets.

serve PROTO...             answer each packet of these IP protocols with "ADDRESS TEXT": who was seen
                           as its sender, and what it sent; udplite is at port 7000 with a coverage of 8
ask PROTO ADDRESS [TEXT]   send it from here; prints the answer, "icmp TYPE/CODE" or "silence"
keep PROTO [ADDRESS]       have a raw socket open (with this peer alone), say nothing
"""
import errno
import select
import socket
import struct
import sys
import threading
import time

NUMBERS = {"gre": 47, "esp": 50, "ah": 51, "sctp": 132, "udplite": 136}
LITE_SEND, LITE_RECV = 10, 11  # UDPLITE_SEND_CSCOV, UDPLITE_RECV_CSCOV
RECVERR, PKTINFO = 11, 8
PORT = 7000


def number(word):
    return NUMBERS.get(word) or int(word)


def lite_socket():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, NUMBERS["udplite"])
    s.setsockopt(NUMBERS["udplite"], LITE_SEND, 8)
    s.setsockopt(NUMBERS["udplite"], LITE_RECV, 8)
    return s


def answer(s, proto):
    s.setsockopt(socket.IPPROTO_IP, PKTINFO, 1)
    while True:
        data, ancillary, _, peer = s.recvmsg(65536, 64)
        info = ancillary[0][2]
        # From the address that was asked.
        source = [(socket.IPPROTO_IP, PKTINFO, struct.pack("=i4s4s", 0, info[4:8], bytes(4)))]
        text = data if proto == "udplite" else data[(data[0] & 15) * 4:].lstrip(b"\0")
        # What comes back to a server that is asked from its own host would be asked again.
        if text.startswith(b"seen "):
            continue
        reply = b"seen " + peer[0].encode() + b" " + text
        s.sendmsg([reply if proto == "udplite" else bytes(16) + reply], source, 0, peer)


def serve(*protos):
    for proto in protos:
        if proto == "udplite":
            s = lite_socket()
            s.bind(("", PORT))
        else:
            s = socket.socket(socket.AF_INET, socket.SOCK_RAW, number(proto))
        threading.Thread(target=answer, args=(s, proto), daemon=True).start()
    print("ready", flush=True)
    threading.Event().wait()


def error_of(s):
    """The ICMP error that came for the socket."""
    _, ancillary, _, _ = s.recvmsg(512, 512, socket.MSG_ERRQUEUE)
    for _, kind, data in ancillary:
        if kind == RECVERR:
            _, _, icmp_type, code = struct.unpack("=IBBB", data[:7])
            return f"icmp {icmp_type}/{code}"
    return "?"


def ask(proto, address, text="hello"):
    if proto == "udplite":
        s = lite_socket()
    else:
        s = socket.socket(socket.AF_INET, socket.SOCK_RAW, number(proto))
    s.setsockopt(socket.IPPROTO_IP, RECVERR, 1)
    s.connect((address, PORT))
    payload = text.encode()
    s.send(payload if proto == "udplite" else bytes(16) + payload)
    end = time.monotonic() + 2
    poll = select.poll()
    poll.register(s, select.POLLIN)
    while (left := end - time.monotonic()) > 0:
        for _, event in poll.poll(left * 1000):
            if event & select.POLLERR:
                return error_of(s)
            try:
                data = s.recv(65536)
            except OSError as e:
                return errno.errorcode[e.errno]
            data = data if proto == "udplite" else data[(data[0] & 15) * 4:].lstrip(b"\0")
            if data.startswith(b"seen "):
                return data.decode()
    return "silence"


def keep(proto, *address):
    if proto == "udplite":
        s = lite_socket()
        s.bind(("", PORT))
    else:
        s = socket.socket(socket.AF_INET, socket.SOCK_RAW, number(proto))
    if address:
        s.connect((address[0], 0))
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    said = {"serve": serve, "ask": ask, "keep": keep}[sys.argv[1]](*sys.argv[2:])
    if said:
        print(said)
