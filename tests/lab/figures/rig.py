"""What the measurements in User-Mode Linux share: a lab in a rig of its own, and what it said.

A script calls `said(kind, …)`, which runs the same script in a rig with `--inside`; there it calls `lab()`.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import figure

PREFIX = "RESULT "


def said(arguments, seconds):
    """The JSON that this script, called so in a rig, said at last; None when it came to no end."""
    rig = subprocess.Popen([os.path.join(figure.HERE, "..", "kernel-rig"), "-t", str(seconds), os.path.abspath(sys.argv[0]), *arguments],
                           stdout=subprocess.PIPE, text=True)
    answer = None
    for line in rig.stdout:
        if line.startswith(PREFIX):
            answer = json.loads(line.removeprefix(PREFIX))
        else:
            print(line, end="", file=sys.stderr, flush=True)
    if rig.wait() == 77:
        sys.exit(77)
    return answer


def say(answer):
    print(PREFIX + json.dumps(answer), flush=True)


def commit():
    return subprocess.run(["git", "-C", figure.TOP, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()


def lab(example, change, options):
    """`dmvpn lab test` in the rig, of a copy that `change(folder)` has changed; None when it gave no result."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as scratch:  # the rest is read-only
        folder = os.path.join(scratch, os.path.basename(example))
        shutil.copytree(example, folder)
        change(folder)
        test = subprocess.Popen([figure.TOOL, "lab", "test", "--json", "--wait", "240", *options, folder], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
        for line in test.stderr:
            print(line, end="", flush=True)
        try:
            return json.loads(test.stdout.read())
        except ValueError:
            return None


def edit(folder, change):
    """change(text) of every configuration."""
    for name in sorted(n for n in os.listdir(folder) if n.endswith(".cfg")):
        path = os.path.join(folder, name)
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:
            f.write(change(text))
