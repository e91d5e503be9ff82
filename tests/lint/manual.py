#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""manual.py VNETCTL - the manual pages say what the program can, and the program what they say.

The program's own table (`vnetctl -j help`) is the truth. Compared are: each verb, its settings and
options with vnetctl(1), both ways; each setting of networks and ports with vnetctl(1) or
vnet-modes(7); the words that completion offers with the table; each word of the schema of topology
files with vnet-lab(5); each method of the daemon with vnet-control(7), both ways; and files that texts name.
"""
import json
import re
import subprocess
import sys

VNETCTL = sys.argv[1]
wrong = []


def run(*words):
    return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout


def page(name):
    """A manual page as text, no line of it broken."""
    text = run("mandoc", "-T", "ascii", "-O", "width=990", "doc/" + name)
    return re.sub(".\b", "", text)


def words(text):
    """The settings and options of a usage line."""
    return set(re.findall(r"(?<![\w-])(?:[a-z][a-z0-9-]*=|--?[a-z][a-z-]*)", text))


def compare(where, program, manual):
    for word in sorted(program - manual):
        wrong.append("%s: the manual has not: %s" % (where, word))
    for word in sorted(manual - program):
        wrong.append("%s: the program has not: %s" % (where, word))


def items(text, nouns):
    """{(noun, verb): the rest} of the tags "net list; net show NET" of vnetctl(1)."""
    found = {}
    for line in re.findall(r"^ {5}([a-z]\S.*)$", text, re.M):
        for part in line.split(";"):
            noun, _, rest = part.strip().partition(" ")
            # The description of a short tag begins on its line.
            rest = rest.split("   ")[0]
            if noun in nouns:
                verb = "" if "" in nouns[noun] else rest.split(" ")[0]
                found[noun, verb] = found.get((noun, verb), "") + " " + rest
    return found


def check_verbs(table, text):
    nouns = {n["noun"]: {v["verb"]: v["args"] for v in n["verbs"]} for n in table}
    manual = items(text, nouns)
    program = {(n, v): args for n, verbs in nouns.items() for v, args in verbs.items()}
    compare("vnetctl(1)", {" ".join(k) for k in program}, {" ".join(k) for k in manual})
    for key in sorted(set(program) & set(manual)):
        compare("vnetctl(1), %s %s" % key, words(program[key]), words(manual[key]))
    for noun, verbs in nouns.items():
        compare("completion of %s" % noun, {v for v in verbs if v},
                set(run(VNETCTL, "complete", "--", noun).split()) if "" not in verbs else set())


def check_settings(settings):
    """Each has a tag, or is set off in the text that explains it."""
    source = ""
    for name in ("vnetctl.1", "vnet-modes.7"):
        with open("doc/" + name) as f:
            source += f.read()
    for kind, names in settings.items():
        for name in names:
            if not re.search(r"^\.(It )?Cm ([^ .]+= , )*%s=" % re.escape(name), source, re.M):
                wrong.append("setting %s= of a %s is in no manual page" % (name, kind))


def schema_words(schema):
    """All names of members of the schema, at any depth."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "properties":
                yield from value
            yield from schema_words(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from schema_words(value)


def check_schema(settings, text):
    known = {name for names in settings.values() for name in names}
    there = set(schema_words(json.loads(run(VNETCTL, "lab", "schema"))))
    for word in sorted(there - known):
        if not re.search(r"(?<![\w-])%s(?![\w-])" % re.escape(word), text):
            wrong.append("vnet-lab(5) has not: %s" % word)


def check_methods(text):
    """The daemon's tables are read as text: asking it would want a daemon."""
    found = set()
    for path in run("git", "ls-files", "vswitchd/control", "vswitchd/guest").split():
        if path.endswith(".c"):
            with open(path) as f:
                found |= set(re.findall(r'^\t\{"([a-z]+[a-z_.]*)",\s*[a-z]\w+,', f.read(), re.M))
    text = re.split(r"^ *EVENTS$", text, flags=re.M | re.I)[0]
    manual = set()
    for tag in re.findall(r"^ {5}([a-z].*)$", text, re.M):
        # "net.list; net.show {net}", "port.up, port.down {port}", "status  version, pid, ..."
        names = re.sub(r"\{.*?\}", "", tag.split("  ")[0])
        manual |= {name.strip() for name in re.split("[;,]", names)
                   if re.fullmatch(r" *[a-z]+(\.[a-z_]+)* *", name)}
    compare("vnet-control(7)", found, manual)


def check_paths():
    """Files that the texts name are there; short names, such as `fdb.c`, somewhere."""
    there = run("git", "ls-files").split()
    names = {path.rsplit("/", 1)[-1] for path in there}
    for text in [path for path in there if path.endswith(".md")]:
        with open(text) as f:
            found = re.findall(r"`((?:[\w-]+/)*[\w-]+\.(?:c|h|py|sh|md|yaml))`", f.read())
        folder = text.rsplit("/", 1)[0] + "/" if "/" in text else ""
        for path in sorted(set(found)):
            if path not in there and folder + path not in there and not (
                    path in names if "/" not in path else any(p.endswith("/" + path) for p in there)):
                wrong.append("%s names %s, which is not there" % (text, path))


def main():
    table = json.loads(run(VNETCTL, "-j", "help"))
    ctl = page("vnetctl.1")
    check_verbs(table["nouns"], ctl)
    check_settings(table["settings"])
    check_schema(table["settings"], page("vnet-lab.5"))
    check_methods(page("vnet-control.7"))
    check_paths()
    print("\n".join(wrong), end="\n" if wrong else "")
    sys.exit(bool(wrong))


main()
