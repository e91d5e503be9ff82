#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Raw frames for the system tests.

  frames.py send IFNAME MARK [TIMES]  a broadcast, a multicast and an unknown unicast frame with the
                                      text MARK, of a local experimental EtherType (802 9.2.4: 88b5)
  frames.py tagged IFNAME VLAN MARK   one broadcast with an 802.1Q tag
  frames.py listen IFNAME SECONDS     print the MARK of each such frame seen on IFNAME ("" = all);
                                      "listening" on stderr when it can
  frames.py hold IFNAME SECONDS       open tap IFNAME by name and read nothing
  frames.py tapguest IFNAME SECONDS ADDRESS...
                                      be the guest behind tap IFNAME, opened by name: send an ARP
                                      request for each ADDRESS and a ping to it by the tap's own
                                      MAC address; print each frame that comes back
"""
import fcntl, os, select, socket, struct, sys, time

ETHERTYPE = 0x88B5


def mac(ifname):
    # SIOCGIFHWADDR: /sys shows the interfaces of whoever mounted it
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    return fcntl.ioctl(s, 0x8927, struct.pack("16s24x", ifname.encode()))[18:24]


def send(ifname, mark, times=1):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((ifname, 0))
    for dst in ("ffffffffffff", "01005e000077", "020000000077") * int(times):
        body = mark.encode().ljust(46, b"\0")
        s.send(bytes.fromhex(dst) + mac(ifname) + struct.pack("!H", ETHERTYPE) + body)


def tagged(ifname, vlan, mark):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((ifname, 0))
    tag = struct.pack("!HHH", 0x8100, int(vlan), ETHERTYPE)
    s.send(b"\xff" * 6 + mac(ifname) + tag + mark.encode().ljust(46, b"\0"))


def listen(ifname, seconds):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    if ifname:
        s.bind((ifname, 3))
    print("listening", file=sys.stderr, flush=True)
    end = time.monotonic() + float(seconds)
    while (left := end - time.monotonic()) > 0:
        if not select.select([s], [], [], left)[0]:
            break
        frame, addr = s.recvfrom(2048)
        if frame[12:14] == struct.pack("!H", ETHERTYPE):
            print(frame[14:].rstrip(b"\0").decode(), "" if ifname else addr[0], flush=True)


def csum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def echo_request(src, dst):
    icmp = struct.pack("!BBHHH", 8, 0, 0, 7, 1) + b"12345678"
    icmp = icmp[:2] + struct.pack("!H", csum(icmp)) + icmp[4:]
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(icmp), 1, 0, 64, 1, 0, src, dst)
    return ip[:10] + struct.pack("!H", csum(ip)) + ip[12:] + icmp


def open_tap(ifname):
    tap = os.open("/dev/net/tun", os.O_RDWR)
    # TUNSETIFF; IFF_TAP | IFF_NO_PI | IFF_VNET_HDR
    fcntl.ioctl(tap, 0x400454CA, struct.pack("16sH22x", ifname.encode(), 0x0002 | 0x1000 | 0x4000))
    return tap


def hold(ifname, seconds):
    tap = open_tap(ifname)
    print("held", flush=True)
    time.sleep(float(seconds))
    os.close(tap)


def tapguest(ifname, seconds, *addresses):
    tap = open_tap(ifname)
    me, tap_mac, me_ip = bytes.fromhex("020000000001"), mac(ifname), socket.inet_aton("198.51.100.66")
    time.sleep(0.3)  # until the carrier is up
    for a in addresses:
        to = socket.inet_aton(a)
        arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, me, me_ip, bytes(6), to)
        os.write(tap, bytes(10) + b"\xff" * 6 + me + b"\x08\x06" + arp)
        os.write(tap, bytes(10) + tap_mac + me + b"\x08\x00" + echo_request(me_ip, to))
    end = time.monotonic() + float(seconds)
    while (left := end - time.monotonic()) > 0:
        if not select.select([tap], [], [], left)[0]:
            break
        frame = os.read(tap, 2048)[10:]
        print(frame[6:12].hex(":"), frame[12:14].hex(), flush=True)


if __name__ == "__main__":
    COMMANDS = (send, tagged, listen, hold, tapguest)
    {c.__name__: c for c in COMMANDS}[sys.argv[1]](*sys.argv[2:])
