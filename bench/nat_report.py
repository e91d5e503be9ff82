# SPDX-License-Identifier: GPL-2.0-or-later
"""nat_report.py FILE - what nat.sh measured, as tables with ratios, and the goals met or missed.

FILE is as figures.py says; the baseline is the kernel's masquerade with its guest on a tap.
"""
import sys

from figures import TRAFFIC, goal, load, measured, median, ratio, table

BASE = "kernel_tap"
ME = "vswitchd"
NAMES = {
    "vswitchd": "vswitchd",
    "kernel_tap": "masquerade, tap",
    "kernel": "masquerade, veth",
    "pasta": "pasta",
    "slirp": "slirp4netns",
}
# As TRAFFIC: figure, heading, whether the ratio to the baseline says something.
FLOWS = [
    ("flows_50k", "of 50,000", False),
    ("per_s_50k", "opened/s", True),
    ("held", "still heard", False),
    ("bytes_50k", "bytes each", False),
    ("fds_50k", "descriptors", False),
    ("flows_100k", "of 100,000", False),
    ("per_s_100k", "opened/s", True),
    ("bytes_100k", "bytes each", False),
    ("flows_1m", "of a million", False),
    ("per_s_1m", "opened/s", False),
    ("bytes_1m", "bytes each", False),
]


def times(figures, name, other):
    return ratio(figures, ME, name, other)


def both_ways(figures, contender):
    up, down = (median(figures, contender, way) for way in ("up", "down"))
    return up + down if up and down else None


def goals(figures):
    def of(name, other=BASE):
        return times(figures, name, other)

    print("\ngoals (x: times masquerade with its guest on a tap)")
    for name, what in (("up", "TCP up"), ("down", "TCP down"), ("up8", "8 streams up"),
                       ("down8", "8 streams down")):
        goal("C1", what + " x", of(name), least=1.0)
    for peer, least in (("pasta", 2.5), ("slirp", 4)):
        theirs = both_ways(figures, peer)
        if theirs:
            goal("C1", "TCP up + down to " + NAMES[peer], both_ways(figures, ME) / theirs, least=least)
    goal("C2", "connections x", of("crr1"), least=1.0)
    goal("C2", "connections, 32 at once x", of("crr32"), least=0.9)
    for peer, one, many in (("pasta", 1.4, 1.4), ("slirp", 3.5, 9)):
        goal("C2", "connections to " + NAMES[peer], of("crr1", peer), least=one)
        goal("C2", "connections, 32, to " + NAMES[peer], of("crr32", peer), least=many)
    goal("C3", "64 B < 1 % loss to masquerade on a veth", of("pps", "kernel"), least=1.3)
    goal("C3", "hot RTT p50 x", of("rtt_hot"), most=1.0)
    goal("C4", "50,000 flows: answered", median(figures, ME, "flows_50k"), least=50000)
    goal("C4", "50,000 flows: opened/s", median(figures, ME, "per_s_50k"), least=60000)
    goal("C4", "50,000 flows: still heard", median(figures, ME, "held"), least=50000)
    goal("C4", "50,000 flows: bytes each", median(figures, ME, "bytes_50k"), most=160)
    goal("C4", "50,000 flows: descriptors", median(figures, ME, "fds_50k"), most=0)
    before, after = (figures.get(ME, {}).get(name, {}) for name in ("rss", "rss_after"))
    if before and after:
        goal("C5", "RSS grown by connections, MiB",
             max(after[nr] - before[nr] for nr in after), most=2)
    goal("D5", "100,000 flows: opened/s x", of("per_s_100k"), least=1.0)
    goal("D5", "1,000,000 flows: answered", median(figures, ME, "flows_1m"), least=1000000)
    goal("D5", "1,000,000 flows: bytes each", median(figures, ME, "bytes_1m"), most=128)


def main():
    figures = load(sys.argv[1])
    table(figures, "translator", NAMES, measured(figures, TRAFFIC), BASE)
    if any("flows_50k" in of for of in figures.values()):
        print()
        table(figures, "flows", NAMES, FLOWS, BASE)
    if ME in figures:
        goals(figures)


main()
