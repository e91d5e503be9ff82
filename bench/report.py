# SPDX-License-Identifier: GPL-2.0-or-later
"""report.py FILE - what switch.sh measured, as a table with ratios, and the goals met or missed.

FILE is as figures.py says; the baseline is the kernel bridge.
"""
import statistics
import sys

from figures import TRAFFIC, goal, load, measured, median, table
from figures import ratio as figures_ratio

BASE = "bridge"
NAMES = {
    "bridge": "bridge, veths",
    "bridge_tap": "bridge, taps",
    "vswitchd": "vswitchd, namespaces",
    "vswitchd_tap": "vswitchd, guest taps",
    "ovs": "Open vSwitch, TSO",
    "vde": "vde_switch",
}


def ratio(figures, contender, name, base=BASE):
    return figures_ratio(figures, contender, name, base)


def goals(figures, me):
    peers = [c for c in figures if c not in (BASE, "bridge_tap", "vswitchd", "vswitchd_tap")]
    print("\ngoals of %s (x: times the bridge on veths)" % NAMES[me])
    for way in ("up", "down"):
        goal("", "least: TCP %s x" % way, ratio(figures, me, way), least=0.8)
    goal("", "least: 64 B < 1 % loss x", ratio(figures, me, "pps"), least=1.0)
    goal("", "least: RSS, MiB", median(figures, me, "rss"), most=8)
    for way in ("up", "down"):
        goal("A1", "TCP %s x" % way, ratio(figures, me, way), least=1.0)
        best = [r for r in (ratio(figures, me, way, peer) for peer in peers) if r is not None]
        if best:
            goal("A1", "TCP %s to the best peer" % way, min(best), least=1.0)
    goal("A1", "retransmits", median(figures, me, "retransmits"), most=0)
    goal("A2", "own CPU, s/GB", median(figures, me, "cpu_own"), most=0.38)
    goal("A2", "all CPU x", ratio(figures, me, "cpu_all"), most=1.25)
    goal("A3", "64 B < 1 % loss x", ratio(figures, me, "pps"), least=1.5)
    goal("A3", "64 B, goodput of a flood x", ratio(figures, me, "flood"), least=1.6)
    mine = figures[me]
    if all(mine.get("pps", {}).values()) and "flood" in mine:
        goal("A3", "goodput of a flood to lossless",
             statistics.median(mine["flood"][nr] / mine["pps"][nr] for nr in mine["pps"]), least=0.9)
    goal("A4", "hot RTT p50 x", ratio(figures, me, "rtt_hot"), most=2.3)
    goal("A4", "hot RTT p99 x", ratio(figures, me, "rtt_hot_p99"), most=1.2)
    goal("A6", "RSS, MiB", median(figures, me, "rss"), most=4)
    goal("A6", "idle: CPU, per mille", median(figures, me, "idle_cpu"), most=0)
    goal("A6", "idle: wake-ups/s", median(figures, me, "idle_wakeups"), most=0)


def main():
    figures = load(sys.argv[1])
    table(figures, "switch", NAMES, measured(figures, TRAFFIC), BASE)
    for me in ("vswitchd", "vswitchd_tap"):
        if me in figures:
            goals(figures, me)


main()
