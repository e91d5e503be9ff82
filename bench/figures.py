# SPDX-License-Identifier: GPL-2.0-or-later
"""What the reports of switch.sh and nat.sh share.

A file of figures has a line "PASS CONTENDER FIGURE VALUE" for each measurement.  A cell is the median
of the passes and, after an x, the median of the ratios to the baseline of the same pass.
"""
import statistics

# What is measured of traffic: the figure, its heading, whether its ratio to the baseline says
# something.
TRAFFIC = [
    ("up", "TCP up Gbit/s", True),
    ("down", "TCP down", True),
    ("up8", "up, 8 streams", True),
    ("down8", "down, 8", True),
    ("crr1", "connections/s", True),
    ("crr32", "32 at once", True),
    ("pps", "64 B/s <1 % loss", True),
    ("flood", "64 B/s of flood", True),
    ("rtt_idle", "RTT us p50", True),
    ("rtt_idle_p99", "p99", False),
    ("rtt_hot", "hot p50", True),
    ("rtt_hot_p99", "hot p99", True),
    ("cpu_own", "own CPU s/GB", False),
    ("cpu_all", "all CPU s/GB", True),
    ("retransmits", "retr", False),
    ("rss", "RSS MiB", False),
    ("rss_after", "after con.", False),
    ("idle_cpu", "idle CPU o/oo", False),
    ("idle_wakeups", "wake-ups/s", False),
]


def load(path):
    figures = {}
    for line in open(path, encoding="utf-8"):
        nr, contender, name, value = line.split()
        figures.setdefault(contender, {}).setdefault(name, {})[nr] = float(value)
    return figures


def measured(figures, columns):
    """Those of the columns that some contender has a figure for."""
    return [column for column in columns if any(column[0] in of for of in figures.values())]


def median(figures, contender, name):
    cell = figures.get(contender, {}).get(name)
    return statistics.median(cell.values()) if cell else None


def ratio(figures, contender, name, base):
    mine = figures.get(contender, {}).get(name, {})
    theirs = figures.get(base, {}).get(name, {})
    both = [mine[nr] / theirs[nr] for nr in mine if theirs.get(nr)]
    return statistics.median(both) if both else None


def short(value):
    if value >= 1000:
        return "%.0fk" % (value / 1000)
    return "%.0f" % value if value >= 100 or value == int(value) else "%.3g" % value


def cell(figures, contender, name, base):
    value = median(figures, contender, name)
    if value is None:
        return "-"
    r = ratio(figures, contender, name, base) if base else None
    return short(value) + (" x%.2f" % r if r is not None else "")


def table(figures, what, names, columns, base):
    """columns: (figure, heading, whether the ratio to the baseline says something)"""
    rows = [[what] + [heading for _, heading, _ in columns]]
    for contender in names:
        if contender in figures:
            rows.append([names[contender]] + [cell(figures, contender, name, base if r else None)
                                              for name, _, r in columns])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rows.insert(1, ["-" * width for width in widths])
    for row in rows:
        first, rest = row[0].ljust(widths[0]), zip(row[1:], widths[1:])
        print("| " + " | ".join([first] + [text.rjust(width) for text, width in rest]) + " |")


def goal(name, what, value, least=None, most=None):
    if value is None:
        return
    met = value >= least if least is not None else value <= most
    print("%-3s %-44s %7s  wanted %s %-6s %s" % (
        name, what, "%.2f" % value, ">=" if least is not None else "<=",
        "%g" % (least if least is not None else most), "met" if met else "MISSED"))
