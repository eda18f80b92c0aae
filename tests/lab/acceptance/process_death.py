#!/usr/bin/env python3
"""The control process, then the forwarder, of a spoke and of the hub is killed under traffic.

In both cases the tunnel's interface with its number, carrier and addresses, the neighbours and
the routing sessions, which BFD watches, stay. Without the control process no packet of an established flow is lost,
and a new flow to a next hop that nobody has resolved passes too, by way of the hub. After the
forwarder's death traffic is back within a second.

usage: process_death.py DMVPN_TOOL
"""
import json
import os
import signal
import subprocess

import scene

LANS = {n: f"10.1.{n}.100" for n in (1, 2, 3)}
ROUTERS = ("hub1", "spoke1", "spoke2", "spoke3")


WATCH = " bfd interval 50 min_rx 50 multiplier 3\n"


def configs():
    """Phase 2: the hub hands routes on with the next hop that they have. BFD watches the routing sessions."""
    routing = scene.HUB_BGP.replace(" neighbor SPOKES next-hop-self all\n", " neighbor SPOKES fall-over bfd\n")
    spokes = {f"spoke{n}": scene.spoke_config(n, WATCH, scene.spoke_bgp(n) + f" neighbor {scene.HUB} fall-over bfd\n")
              for n in LANS}
    return {"hub1": scene.hub_config(WATCH, routing), **spokes}


def interface(lab, router):
    link = json.loads(lab.ip(router, "-j", "addr", "show", "dev", "Tunnel0"))[0]
    addresses = [(a["local"], a["prefixlen"]) for a in link["addr_info"]]
    return link["ifindex"], link["address"], sorted(link["flags"]), link["mtu"], addresses


def neighbours(lab, router):
    entries = json.loads(lab.ip(router, "-j", "neigh", "show", "dev", "Tunnel0", "nud", "permanent"))
    return {e["dst"]: e["lladdr"] for e in entries}


def sessions(lab, router):
    found = lab.vtysh(router, "show bgp neighbors json")
    return {name: (n["bgpState"], n["connectionsEstablished"], n["connectionsDropped"])
            for name, n in found.items() if isinstance(n, dict) and "bgpState" in n}


class LinkMonitor:
    """Everything that the kernel says about a router's links meanwhile."""

    def __init__(self, lab, router):
        self.process = subprocess.Popen(["ip", "-n", lab.netns(router), "-o", "monitor", "link"],
                                        stdout=subprocess.PIPE, text=True)

    def flaps(self):
        self.process.terminate()
        lines = self.process.communicate()[0].splitlines()
        return [line for line in lines if "Tunnel0" in line and ("Deleted" in line or "UP,LOWER_UP" not in line)]


class Unchanged:
    """What must be the same after a program's death as it was before."""

    def __init__(self, lab, victim):
        self.lab, self.victim = lab, victim
        self.interface, self.neighbours = interface(lab, victim), neighbours(lab, victim)
        self.sessions = {r: sessions(lab, r) for r in ROUTERS}
        self.monitor = LinkMonitor(lab, victim)

    def compare(self, what):
        lab, victim = self.lab, self.victim
        scene.expect(f"{what}: {victim}'s interface", interface(lab, victim), self.interface)
        now = neighbours(lab, victim)
        scene.expect(f"{what}: {victim}'s neighbours of before", {a: now.get(a) for a in self.neighbours}, self.neighbours)
        for r in ROUTERS:
            scene.expect(f"{what}: BGP sessions of {r}", sessions(lab, r), self.sessions[r])

    def finish(self, what):
        self.compare(what)
        scene.expect(f"{what}: flaps of {self.victim}'s link", self.monitor.flaps(), [])


def back(lab, victim, program, old):
    scene.wait_for(f"{program} of {victim} is back", lambda: lab.pid(victim, program) != old)
    scene.wait_for(f"{victim} answers", lambda: lab.show(victim, "tunnels")["tunnels"][0]["up"])
    if victim != "hub1":
        lab.wait_registered(victim)


def kill_control(lab, victim, established, fresh):
    """`fresh` starts a stream to an address that has not been asked for yet."""
    what, keeper, old = f"{victim}'s control process killed", lab.pid(victim, "dmvpnd"), lab.pid(victim, "control")
    unchanged = Unchanged(lab, victim)
    streams = established()
    for s in streams:
        s.flowing()
    os.kill(keeper, signal.SIGSTOP)  # so that nobody starts it again
    try:
        os.kill(old, signal.SIGKILL)
        for s in streams:
            s.flowing(100)
        late = fresh()
        late.flowing(100)
        unchanged.compare(f"{what}, not restarted")
    finally:
        os.kill(keeper, signal.SIGCONT)
    back(lab, victim, "control", old)
    for s in streams + [late]:
        s.flowing(100)
    unchanged.finish(what)
    late.expect_nothing_lost(f"{what}: the new flow", 200)
    for s in streams:
        s.expect_nothing_lost(f"{what}: an established flow", 320)
    print(what, flush=True)


def kill_forwarder(lab, victim, established):
    what, old = f"{victim}'s forwarder killed", lab.pid(victim, "forwarder")
    unchanged = Unchanged(lab, victim)
    streams = established()
    for s in streams:
        s.flowing()
    os.kill(old, signal.SIGKILL)
    back(lab, victim, "forwarder", old)
    for s in streams:
        s.flowing(200)
    unchanged.finish(what)
    for s in streams:
        lost = s.stop()
        scene.check(f"{what}: silent for {s.longest_silence():.3f} s", s.longest_silence() < 1)
        print(f"{what}: {len(lost)} packets lost, silent for {1000 * s.longest_silence():.0f} ms", flush=True)


def test(tool):
    with scene.Lab(tool, configs()) as lab:
        lab.wait_registered("spoke1", "spoke2", "spoke3")
        for n, address in LANS.items():
            lab.ip(f"spoke{n}-host", "addr", "add", f"{address}/24", "dev", "eth0")
        for n in LANS:
            scene.wait_for(f"spoke{n} has all routes", lambda n=n: {f"10.1.{m}.0/24" for m in LANS}
                           <= set(lab.vtysh(f"spoke{n}", "show ip route json")), 30)

        def stream(a, b):
            return scene.Stream(lab, f"spoke{a}-host", f"spoke{b}-host", [LANS[b]])

        def established():
            return [stream(1, 2), stream(2, 1)]

        for a, b in ((1, 2), (2, 1)):
            scene.wait_for(f"spoke{a} has resolved spoke{b}", lambda a=a, b=b: lab.ping(f"spoke{a}-host", LANS[b], 1)
                           and scene.spoke(b) in neighbours(lab, f"spoke{a}"))
        scene.check("spoke1 knows spoke3 already", scene.spoke(3) not in neighbours(lab, "spoke1"))
        kill_control(lab, "spoke1", established, lambda: stream(1, 3))
        scene.check("spoke2 knows spoke3 already", scene.spoke(3) not in neighbours(lab, "spoke2"))
        kill_control(lab, "hub1", established, lambda: stream(2, 3))
        kill_forwarder(lab, "spoke1", established)
        kill_forwarder(lab, "hub1", lambda: [scene.Stream(lab, "spoke1-host", "hub1", [scene.HUB]),
                                             scene.Stream(lab, "hub1", "spoke2-host", [LANS[2]])] + established())


scene.main(test)
