#!/usr/bin/env python3
"""One router, two uplinks: a route that hangs on a track and an interface that stands by, with a cable
pulled, a provider that is silent behind a cable that is not, and the daemon's control process killed.

usage: uplinks_test.py DMVPND DMVPN
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

CONFIG = """hostname r
ip sla 1
 icmp-echo 203.0.113.1 source-interface GigabitEthernet0/0
 frequency msec 200
 timeout 150
ip sla schedule 1 life forever start-time now
track 1 ip sla 1 reachability
 delay up 1
interface GigabitEthernet0/0
 ip address 192.0.2.2 255.255.255.252
 backup interface GigabitEthernet0/1
interface GigabitEthernet0/1
 ip address 198.51.100.2 255.255.255.252
ip route 0.0.0.0 0.0.0.0 192.0.2.1 track 1
"""


def ip(*words, netns=None):
    return subprocess.run(["ip", *(["-n", netns] if netns else []), *words], capture_output=True, text=True, check=True).stdout


class Site:
    def __init__(self, dmvpnd, tool):
        self.tool = tool
        self.folder = tempfile.TemporaryDirectory()
        base = f"uplinks{os.getpid()}"
        self.router, self.isps = base + "r", [base + "a", base + "b"]
        self.spaces = []
        for space in [self.router, *self.isps]:
            ip("netns", "add", space)
            self.spaces.append(space)
            ip("link", "set", "lo", "up", netns=space)
        for n, (isp, net) in enumerate(zip(self.isps, ("192.0.2", "198.51.100"))):
            ip("link", "add", f"Gi0-{n}", "type", "veth", "peer", "name", "x", "netns", isp, netns=self.router)
            ip("addr", "add", f"{net}.2/30", "dev", f"Gi0-{n}", netns=self.router)
            ip("addr", "add", f"{net}.1/30", "dev", "x", netns=isp)
            ip("link", "set", f"Gi0-{n}", "up", netns=self.router)
            ip("link", "set", "x", "up", netns=isp)
        path = os.path.join(self.folder.name, "r.cfg")
        with open(path, "w") as f:
            f.write(CONFIG)
        self.log = open(os.path.join(self.folder.name, "log"), "w+")
        self.daemon = subprocess.Popen(["ip", "netns", "exec", self.router, dmvpnd, "-f", path, "--run-dir", self.folder.name + "/run",
                                        "--state-dir", self.folder.name + "/state"], stderr=self.log)
        self.provider(True)

    def provider(self, speaks):
        ip("addr", "replace" if speaks else "del", "203.0.113.1/32", "dev", "lo", netns=self.isps[0])

    def cable(self, there):
        ip("link", "set", "x", "up" if there else "down", netns=self.isps[0])

    def route(self):
        return "via 192.0.2.1" in ip("route", "show", "default", netns=self.router)

    def backup(self):
        return "UP" in json.loads(ip("-j", "link", "show", "Gi0-1", netns=self.router))[0]["flags"]

    def show(self, what):
        out = subprocess.run([self.tool, "show", "--socket", self.folder.name + "/run/control.sock", "--json", what],
                             capture_output=True, text=True)
        return json.loads(out.stdout) if out.returncode == 0 else {}

    def end(self):
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.wait(10)

    def close(self):
        if self.daemon.poll() is None:
            self.end()
        for space in self.spaces:
            ip("netns", "del", space)


def wait_for(what, condition, seconds):
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise SystemExit(f"FAILED: {what}: not within {seconds} s")
        time.sleep(0.01)
    print(f"{what}: {(time.monotonic() - began) * 1000:.0f} ms")


def run(site):
    wait_for("the route is set when the provider answers", lambda: site.route() and not site.backup(), 8)
    site.cable(False)
    wait_for("a pulled cable takes the route away, the backup stands in", lambda: not site.route() and site.backup(), 2)
    site.cable(True)
    wait_for("the cable is back, and so are both, after the hold-down", lambda: site.route() and not site.backup(), 4)
    site.provider(False)
    wait_for("a silent provider takes the route away", lambda: not site.route(), 2)
    if site.backup():
        raise SystemExit("FAILED: the backup stands in for an interface that is up")
    # The echo leaves by its uplink though no route leads there now.
    site.provider(True)
    wait_for("a provider that speaks again gets it back", site.route, 4)
    control = int(open(site.folder.name + "/run/control.pid").read())
    os.kill(control, signal.SIGKILL)
    end = time.monotonic() + 3
    while time.monotonic() < end:
        if not site.route():
            raise SystemExit("FAILED: the control process's death took the route away")
        time.sleep(0.005)
    wait_for("the new control process watches, too", lambda: site.show("track").get("tracks", [{}])[0].get("up"), 5)
    site.provider(False)
    wait_for("and withdraws", lambda: not site.route(), 2)
    operation = site.show("sla")["operations"][0]
    if operation["result"] != "Timeout" or not operation["answered"] or not operation["failed"]:
        raise SystemExit(f"FAILED: show sla says {operation}")
    site.end()
    left = ip("rule", netns=site.router) + ip("route", "show", "table", "all", netns=site.router)
    if "proto 78" in left or not site.backup():
        raise SystemExit("FAILED: left behind:\n" + left)


def main():
    if os.geteuid() != 0:
        sys.exit(77)
    site = Site(*sys.argv[1:3])
    try:
        run(site)
    except BaseException:
        site.log.seek(0)
        print(site.log.read())
        raise
    finally:
        site.close()


main()
