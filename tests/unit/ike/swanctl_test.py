#!/usr/bin/env python3
"""`dmvpn render swanctl` against golden transcripts: golden/NAME.cfg gives golden/NAME.conf, and the real
sets, where they are there, golden/set-NAME.conf. No key is shown unless asked for.

usage: swanctl_test.py [--update] DMVPN
"""
import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "golden")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
SHARED = os.environ.get("DMVPN_SHARED", os.path.join(os.path.dirname(ROOT), "shared"))
SECRETS = ("wildcard-key", "isakmp-key", "iWAN@lab#154", "DMVPN-HUB")
update = "--update" in sys.argv
dmvpn = os.path.abspath(sys.argv[-1])
wrong = []


def render(path, *options):
    """Where the file stands is left out."""
    done = subprocess.run([dmvpn, "render", "swanctl", *options, os.path.basename(path)], cwd=os.path.dirname(path),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    if done.returncode:
        wrong.append(f"{path}: exit {done.returncode}: {done.stdout}")
    return done.stdout.replace(os.path.dirname(path), "HERE")


def compare(name, text):
    path = os.path.join(GOLDEN, name)
    for secret in SECRETS:
        if secret in text or secret.encode().hex() in text:
            wrong.append(f"{name} shows {secret}")
    if update:
        with open(path, "w") as f:
            f.write(text)
        return
    with open(path) as f:
        if f.read() != text:
            wrong.append(f"{name} differs; --update writes it anew:\n{text}")


for cfg in sorted(glob.glob(os.path.join(GOLDEN, "*.cfg"))):
    compare(os.path.basename(cfg)[:-4] + ".conf", render(cfg))
psk = render(os.path.join(GOLDEN, "ikev2-psk.cfg"), "--secrets")
if "secret = 0x" + b"wildcard-key".hex() not in psk:
    wrong.append("--secrets does not show the key")
sets = sorted(glob.glob(os.path.join(SHARED, "cases", "*", "")))
for folder in sets:
    files = sorted(glob.glob(os.path.join(folder, "*.cfg")))
    compare(f"set-{os.path.basename(folder[:-1])}.conf", "".join(f"# {os.path.basename(f)}\n{render(f)}" for f in files))
if wrong:
    sys.exit("\n".join(wrong))
if not sets:
    print("held; the real sets are not there")
    sys.exit(77)
print("all held")
