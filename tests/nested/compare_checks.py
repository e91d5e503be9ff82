# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot time, own memory and ping of vnet-vmm and QEMU microvm, same guest: see compare.sh."""

import os
import statistics
import subprocess
import sys
import time

from guest_machine import VMM, make_tap, own_kib, run

IMAGE = os.path.join(os.environ.get("O", "build"), "image")
ADDRESS = "10.9.0.2"
APPEND = f"console=ttyS0 quiet vnet.hostname=web vnet.eth0={ADDRESS}/24"
MAC = "52:54:00:11:22:33"
FIRST_LINE = b"vnet: "

CONTENDERS = {
    "vnet-vmm": [VMM, "--name", "c", "--memory", "256", "--kernel", f"{IMAGE}/vmlinuz", "--initrd",
                 f"{IMAGE}/initrd", "--append", APPEND, "--net", f"tap=tapc,mac={MAC}",
                 "--console", "stdio"],
    "qemu microvm": ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
                     "-no-reboot", "-machine", "microvm,pcie=on,acpi=on,rtc=on,pit=off,pic=off",
                     "-accel", "kvm", "-cpu", "host", "-m", "256", "-kernel", f"{IMAGE}/vmlinuz",
                     "-initrd", f"{IMAGE}/initrd", "-append", APPEND, "-netdev",
                     "tap,id=n,ifname=tapc,script=no,downscript=no", "-device",
                     f"virtio-net-pci,netdev=n,mac={MAC}", "-serial", "stdio"],
}


def one_run(words):
    begin = time.monotonic()
    p = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL)
    got = b""
    while FIRST_LINE not in got:
        data = os.read(p.stdout.fileno(), 4096)
        if not data:
            raise SystemExit(f"not ok - {words[0]} ended early")
        got += data
    boot = time.monotonic() - begin
    out, ok = "", False
    for _ in range(20):
        out, ok = run("ping", "-c", "10", "-i", "0.2", "-W", "2", ADDRESS)
        if ok:
            break
    rtt = float(out.rsplit("= ", 1)[1].split("/")[1]) if ok else float("nan")
    own = own_kib(p.pid, 256)
    p.kill()
    p.wait()
    return boot, own, rtt


make_tap("tapc", "10.9.0.1/24")
results = {name: [] for name in CONTENDERS}
for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
    for name, words in CONTENDERS.items():
        results[name].append(one_run(words))
print(f"{'':14}{'first line, s':>15}{'own memory, KiB':>18}{'ping, ms':>10}")
for name, runs in results.items():
    boot, own, rtt = (statistics.median(column) for column in zip(*runs))
    print(f"{name:14}{boot:15.2f}{own:18.0f}{rtt:10.2f}")
ours, theirs = (statistics.median(r[0] for r in results[n]) for n in CONTENDERS)
print(f"{'ok' if ours <= theirs * 1.05 else 'not ok'} 1 - boots no slower than QEMU microvm")
print("1..1")
