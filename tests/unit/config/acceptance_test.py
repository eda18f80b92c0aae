#!/usr/bin/env python3
"""docs/cisco-acceptance.md: twenty steps, each of whose blocks for our side is a clean configuration on top of
its base, and every `dmvpn …` command in it exists.

usage: acceptance_test.py DMVPN DOCUMENT
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

dmvpn, document = sys.argv[1], Path(sys.argv[2]).read_text()
FENCE = re.compile(r"^```(base|both|hub|spoke|cisco)(?: (\w+))?(?: (\d+))?\n(.*?)^```$", re.M | re.S)
HEADING = re.compile(r"^### (\d+)\. ", re.M)
faults = []


def step_at(position):
    """Number of the step that this lies in; 0 before the first."""
    numbers = [int(h.group(1)) for h in HEADING.finditer(document, 0, position)]
    return numbers[-1] if numbers else 0


def check(what, text):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "router.cfg"
        file.write_text(text)
        run = subprocess.run([dmvpn, "check", "--strict", str(file)], capture_output=True, text=True, timeout=60)
    if run.returncode:
        faults.append(f"{what}: exit {run.returncode}\n{run.stdout}{run.stderr}")


def blocks_of(step, role):
    return "".join(b.group(4) for b in blocks if step_at(b.start()) == step and b.group(1) in ("both", role))


blocks = list(FENCE.finditer(document))
base = {b.group(2): b.group(4) for b in blocks if b.group(1) == "base"}
checked = 0
for b in blocks:
    kind, _, after, text = b.groups()
    roles = {"both": ["hub", "spoke"], "hub": ["hub"], "spoke": ["spoke"], "base": [], "cisco": []}[kind]
    for role in roles:
        before = blocks_of(int(after), role) if after else ""
        check(f"step {step_at(b.start())}, {role}", base[role] + before + text)
        checked += 1
for role, text in base.items():
    check(f"base of the {role}", text)

steps = [int(h.group(1)) for h in HEADING.finditer(document)]
if steps != list(range(1, 21)):
    faults.append(f"steps are {steps}")


def words_of(*command):
    """The words that begin the indented lines of a command's help."""
    text = subprocess.run([dmvpn, *command, "--help"], capture_output=True, text=True, timeout=60).stdout
    return set(re.findall(r"^  (\w+)", text, re.M))


commands, subjects = words_of(), words_of("show")
for command, word in re.findall(r"`dmvpn (\w+) ?(\w*)", document):
    if command not in commands or command == "show" and word not in subjects:
        faults.append(f"there is no dmvpn {command} {word}")

print("\n".join(faults), f"\n{checked} blocks checked, {len(faults)} faults")
sys.exit(1 if faults or checked < 10 else 0)
