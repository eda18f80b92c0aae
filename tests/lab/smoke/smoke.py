#!/usr/bin/env python3
"""Runs real dmvpnd processes in network namespaces, without the lab runner: a hub and two
spokes on one switch. Registration, phase 2, phase 3, phase 1, the death of the control
process and of the forwarder, reload, and a stop that leaves nothing behind.

usage: smoke.py BUILD_FOLDER     exits 77 without root or without /dev/net/tun
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from helpers import Switch, expect, needs_lab, run, wait_for

BUILD = os.path.abspath(sys.argv[1])
TAG = f"smk{os.getpid()}"

TUNNEL = """interface Tunnel0
 ip address {overlay} 255.255.255.0
 ip nhrp network-id 1
 ip nhrp authentication secret
 ip nhrp holdtime 60
 tunnel source GigabitEthernet0/0
 tunnel key 100
"""
HUB = TUNNEL + """ tunnel mode gre multipoint
 ip nhrp map multicast dynamic
 ip nhrp redirect
"""
NHS = " ip nhrp nhs 10.0.0.1 nbma 192.0.2.1 multicast\n"
SPOKE = TUNNEL + NHS + " ip nhrp shortcut\n tunnel mode gre multipoint\n"
SPOKE_PHASE1 = TUNNEL + NHS + " tunnel mode gre ip\n tunnel destination 192.0.2.1\n"


class Router:
    def __init__(self, folder, name, number, overlay, tunnel, lan):
        self.name, self.ns, self.lan = name, f"{TAG}-{name}", lan
        self.folder = os.path.join(folder, name)
        self.underlay, self.overlay = f"192.0.2.{number}", overlay
        os.makedirs(self.folder)
        self.socket = os.path.join(self.folder, "run", "control.sock")
        self.process = None
        self.configure(tunnel)

    def configure(self, tunnel):
        text = (f"hostname {self.name}\ninterface GigabitEthernet0/0\n"
                f" ip address {self.underlay} 255.255.255.0\n{tunnel.format(overlay=self.overlay)}end\n")
        with open(os.path.join(self.folder, "router.cfg"), "w") as f:
            f.write(text)

    def ip(self, *words, check=True):
        return run("ip", "-n", self.ns, *words, check=check)

    def build(self, switch):
        switch.add(self.name, "Gi0-0", f"{self.underlay}/24")
        if self.lan:
            self.ip("link", "add", "lan", "type", "veth", "peer", "name", "lanpeer")
            self.ip("addr", "add", f"{self.lan}.1/24", "dev", "lan")
            self.ip("link", "set", "lan", "up")
            self.ip("link", "set", "lanpeer", "up")

    def start(self):
        self.log = open(os.path.join(self.folder, "log"), "a")
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.ns, os.path.join(BUILD, "dmvpnd"), "-f",
             os.path.join(self.folder, "router.cfg"), "--run-dir", os.path.join(self.folder, "run"),
             "--state-dir", os.path.join(self.folder, "state"), "--no-ipsec"],
            stdout=self.log, stderr=self.log)
        wait_for(f"{self.name} answers", lambda: self.show("tunnels"))

    def stop(self):
        if not self.process or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.name} does not stop")

    def tool(self, *words, check=True):
        return run(os.path.join(BUILD, "dmvpn"), words[0], "--socket", self.socket, *words[1:], check=check)

    def show(self, what):
        return json.loads(self.tool("show", "--json", what))

    def pid_of(self, which):
        with open(os.path.join(self.folder, "run", which + ".pid")) as f:
            return int(f.read())

    def kill(self, which):
        old = self.pid_of(which)
        os.kill(old, signal.SIGKILL)
        wait_for(f"{which} of {self.name} is back", lambda: self.pid_of(which) != old)

    def ping(self, to, source=None, count=10, interval=0.05):
        out = run("ip", "netns", "exec", self.ns, "ping", "-c", str(count), "-i", str(interval), "-W", "1",
                  *(["-I", source] if source else []), to, check=False)
        found = re.search(r"(\d+) received", out)
        return int(found.group(1)) if found else 0


class PingRun:
    """A ping that goes on while things happen."""

    def __init__(self, router, to, source=None):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", router.ns, "ping", "-i", "0.02", *(["-I", source] if source else []), to],
            stdout=subprocess.PIPE, text=True)

    def lost(self):
        """(lost, sent), leaving out what was still on its way at the end."""
        self.process.send_signal(signal.SIGINT)
        out = self.process.communicate(timeout=5)[0]
        got = {int(n) for n in re.findall(r"icmp_seq=(\d+) ttl", out)}
        return max(got, default=1) - len(got), max(got, default=1)


def nhs_up(router):
    nhs = router.show("nhs")["nhs"]
    return len(nhs) == 1 and nhs[0]["status"] == "UP"


def check_registration(hub, spokes):
    for s in spokes:
        wait_for(f"{s.name}'s NHS is up", lambda s=s: nhs_up(s))
        expect(f"pings {s.name} -> hub", s.ping(hub.overlay), 10)
    peers = {p["address"]: p["state"] for p in hub.show("dmvpn")["peers"]}
    expect("the hub's peers", peers, {s.overlay: "UP" for s in spokes})
    print("registered")


def check_phase2(one, two):
    expect("pings spoke -> spoke", one.ping(two.overlay), 10)
    wait_for("the spoke's own neighbour",
             lambda: two.overlay in one.ip("neigh", "show", "dev", "Tunnel0", "nud", "permanent"))
    print("phase 2")


def relayed(hub):
    return sum(r["packets"] for r in hub.show("counters")["forward"]["relays"])


def check_phase3(hub, one, two):
    for s in (one, two):
        s.ip("route", "add", "172.16.0.0/16", "via", hub.overlay)
        hub.ip("route", "add", f"{s.lan}.0/24", "via", s.overlay)
    for s in (one, two):
        s.tool("clear", "nhrp")
    expect("pings LAN -> LAN", one.ping(f"{two.lan}.1", f"{one.lan}.1", 20), 20)
    wait_for("the shortcut", lambda: f"{two.lan}.0/24 via {two.overlay}" in one.ip("route", "show", "table", "4711"))
    before = relayed(hub)
    expect("pings LAN -> LAN", one.ping(f"{two.lan}.1", f"{one.lan}.1"), 10)
    expect("packets by the hub with a shortcut", relayed(hub) - before, 0)
    print("phase 3")


def check_control_death(hub, one, two):
    for victim in (hub, one):
        p = PingRun(one, f"{two.lan}.1", f"{one.lan}.1")
        wait_for(f"{victim.name} answers", lambda v=victim: v.show("tunnels"))
        victim.kill("control")
        wait_for(f"{victim.name} answers again", lambda v=victim: v.show("tunnels")["tunnels"][0]["up"])
        lost, sent = p.lost()
        expect(f"packets lost of {sent} while {victim.name}'s control process died", lost, 0)
    wait_for("NHS is up again", lambda: nhs_up(one))
    print("control process killed: nothing lost")


def check_forwarder_death(hub, one):
    one.kill("forwarder")
    wait_for("traffic after the forwarder's death", lambda: one.ping(hub.overlay, count=3) == 3)
    hub.kill("forwarder")
    wait_for("traffic after the forwarder's death", lambda: one.ping(hub.overlay, count=3) == 3)
    print("forwarder killed: told everything again")


def check_reload(hub, one):
    p = PingRun(one, hub.overlay)
    one.configure(SPOKE + "interface Tunnel1\n ip address 10.0.1.11 255.255.255.0\n"
                  " ip nhrp network-id 2\n tunnel source GigabitEthernet0/0\n"
                  " tunnel mode gre multipoint\n tunnel key 200\n")
    one.tool("reload")
    wait_for("the new tunnel is up", lambda: [t["up"] for t in one.show("tunnels")["tunnels"]] == [True, True])
    one.configure(SPOKE + "interface Tunnel2\n ip address 10.0.0.999 255.255.255.0\n")
    refused = one.tool("reload", check=False)
    if "999" not in refused:
        raise AssertionError(f"a wrong file is not refused with its line: {refused}")
    expect("tunnels after a refused reload", len(one.show("tunnels")["tunnels"]), 2)
    one.configure(SPOKE)
    one.process.send_signal(signal.SIGHUP)
    wait_for("the tunnel is gone", lambda: len(one.show("tunnels")["tunnels"]) == 1)
    lost, sent = p.lost()
    expect(f"packets lost of {sent} on the tunnel that stays", lost, 0)
    print("reload")


def check_source_lost(one):
    one.ip("addr", "flush", "dev", "Gi0-0")
    tunnel = wait_for("the tunnel is down", lambda: [t for t in one.show("tunnels")["tunnels"] if not t["up"]])[0]
    if "Gi0-0" not in tunnel["reason"]:
        raise AssertionError(f"reason {tunnel['reason']!r} does not name the interface")
    one.ip("addr", "add", f"{one.underlay}/24", "dev", "Gi0-0")
    wait_for("the tunnel is up again", lambda: one.show("tunnels")["tunnels"][0]["up"])
    wait_for("NHS is up again", lambda: nhs_up(one), 30)
    print("source lost and found")


def check_phase1(hub, one):
    one.stop()
    one.configure(SPOKE_PHASE1)
    one.start()
    wait_for("phase 1: NHS is up", lambda: nhs_up(one))
    expect("phase 1 pings", one.ping(hub.overlay), 10)
    print("phase 1")


def check_stop(routers):
    for r in routers:
        r.stop()
        expect(f"exit code of {r.name}", r.process.returncode, 0)
        expect(f"{r.name}'s redirects", run("ip", "netns", "exec", r.ns, "sysctl", "-n",
                                            "net.ipv4.conf.all.send_redirects").strip(), "1")
        expect(f"{r.name}'s tunnel", "Tunnel0" in r.ip("link"), False)
        expect(f"{r.name}'s rules", "4711" in r.ip("rule"), False)
        expect(f"{r.name}'s shortcuts", r.ip("route", "show", "table", "4711", check=False).replace(
            "Error: ipv4: FIB table does not exist.\nDump terminated\n", ""), "")
        expect(f"{r.name}'s table", run("ip", "netns", "exec", r.ns, "nft", "list", "ruleset").strip(), "")
    print("stopped clean")


def tear_down(routers, switch, folder, failed):
    for r in routers:
        try:
            r.stop()
        except AssertionError as e:
            print(e)
        if failed and r.process:
            print(f"--- {r.name}\n" + open(os.path.join(r.folder, "log")).read()[-4000:])
    if switch:
        switch.remove()
    shutil.rmtree(folder, ignore_errors=True)


def main():
    needs_lab()
    switch, folder, failed = None, tempfile.mkdtemp(prefix="dmvpn-smoke-"), True
    os.chmod(folder, 0o755)
    routers = [Router(folder, "hub1", 1, "10.0.0.1", HUB, None),
               Router(folder, "spoke1", 11, "10.0.0.11", SPOKE, "172.16.1"),
               Router(folder, "spoke2", 12, "10.0.0.12", SPOKE, "172.16.2")]
    hub, one, two = routers
    try:
        switch = Switch(TAG)
        for r in routers:
            r.build(switch)
            r.start()
        check_registration(hub, [one, two])
        check_phase2(one, two)
        check_phase3(hub, one, two)
        check_control_death(hub, one, two)
        check_forwarder_death(hub, one)
        check_reload(hub, one)
        check_source_lost(one)
        check_phase1(hub, one)
        check_stop(routers)
        failed = False
    finally:
        tear_down(routers, switch, folder, failed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
