#!/usr/bin/env python3
"""Ctrl-C in the middle of a test: exit code 130 and nothing left; then a runner that is
killed outright, whose remains the next lab of that name clears.

interrupt_test.py TOOL FOLDER
"""
import os
import signal
import subprocess
import sys
import time

tool, folder = sys.argv[1:3]
if os.geteuid() != 0 or not os.path.exists("/dev/net/tun") or not os.path.exists("/usr/lib/frr/zebra"):
    print("skipped: a lab needs root, TUN and FRR")
    sys.exit(77)
name = f"int{os.getpid()}"


def remains():
    found = [n for n in os.listdir("/run/netns") if n.startswith(name + "-")] if os.path.isdir("/run/netns") else []
    return found + ([f"/run/dmvpn/lab-{name}"] if os.path.exists(f"/run/dmvpn/lab-{name}") else [])


def start_and_wait_for(text):
    """A test run, stopped at the moment when its progress says this."""
    p = subprocess.Popen([tool, "lab", "test", "--faults", "none", "--name", name, folder],
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in p.stderr:
        if text in line:
            return p
    sys.exit(f"FAILED: the run never said \"{text}\"")


for moment in ("building", "registrations up"):
    p = start_and_wait_for(moment)
    p.send_signal(signal.SIGINT)
    p.stderr.close()
    code = p.wait(timeout=30)
    if code != 130 or remains():
        sys.exit(f"FAILED: interrupted at \"{moment}\": exit code {code}, left behind: {remains()}")

p = start_and_wait_for("registrations up")
p.kill()
p.wait()
deadline = time.monotonic() + 10
if not remains():
    sys.exit("FAILED: a killed runner leaves nothing behind, so this test proves nothing")
up = subprocess.run([tool, "lab", "up", "--name", name, folder], stdout=subprocess.DEVNULL)
again = subprocess.run([tool, "lab", "up", "--name", name, folder], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
seen = subprocess.run([tool, "lab", "exec", name, "spoke1", "ip", "-o", "addr", "show", "dev", "Tunnel0"],
                      stdout=subprocess.PIPE, text=True)
down = subprocess.run([tool, "lab", "down", name])
if up.returncode or again.returncode != 2 or "10.100.0.11" not in seen.stdout or down.returncode or remains():
    sys.exit(f"FAILED: up {up.returncode}, a second time {again.returncode}, exec {seen.stdout!r}, "
             f"down {down.returncode}, left behind: {remains()}")
