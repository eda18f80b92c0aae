#!/usr/bin/env python3
"""The network that everybody asks about: a hub and two spokes, each with DSL and 3G. DSL is cut at the hub, at a
spoke, at both, at all three, by its cable and by a provider that falls silent, and comes back; a spoke that lives on
3G gets another lease there. How long every flow was silent is measured: between the LANs, and of users to the
internet. No packet is on an uplink that has not that uplink's own address.

usage: dsl_and_3g.py TOOL FOLDER [ROUNDS]
"""
import math
import os
import socket
import sys
import threading
import time

from scene import Lab, Stream, check, configs_of, expect, listener_on, missed_by, needs_lab, wait_for
from users import Server, User

DSL = {"hub1": "198.51.100.2", "spoke1": "198.51.100.6", "spoke2": "198.51.100.10"}
HOST = {"hub1": "10.0.0.253", "spoke1": "10.1.1.253", "spoke2": "10.1.2.253"}
CUTS = (("hub1",), ("spoke1",), ("hub1", "spoke1"), ("hub1", "spoke1", "spoke2"))
P95_MS, MAX_MS = 300, 600  # as with any other loss that BFD watches
DIRECT_MS = 1000           # from spoke to spoke, where nothing but silence tells
LEASE_MS = 1000            # from the new address on
USERS_MS = 600             # their way out is watched by an echo every 200 ms


class Wire:
    """Every packet on an uplink that has not the uplink's own address."""

    def __init__(self, lab, router, interface, own):
        self.name, self.own, self.count, self.others, self.stopping = f"{router} {interface}", {own}, 0, set(), False
        self.socket = listener_on(lab, router, interface)
        self.socket.settimeout(0.2)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while not self.stopping:
            try:
                packet, where = self.socket.recvfrom(64)
            except OSError:
                continue  # nothing came, or the interface was down once
            if where[1] == 0x0800:
                self.count += 1
                pair = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
                if self.own.isdisjoint(pair):
                    self.others.add(pair)

    def stop(self):
        self.stopping = True
        self.thread.join()
        expect(f"packets on {self.name} that the capture missed", missed_by(self.socket), 0)
        check(f"{self.name} was used", self.count > 100, self.count)
        expect(f"packets on {self.name} without {self.own}", self.others, set())
        return self.count


def device(lab, router, to):
    """By which a router sends to a LAN; a shortcut counts as much as a route."""
    words = lab.ip(router, "route", "get", to).split()
    return words[words.index("dev") + 1]


def settled(lab, users, cut):
    """Everything is where it belongs while DSL is cut at these; else what is not."""
    wrong = []
    for router, user in users.items():
        if (user.known_as() == DSL[router]) == (router in cut):
            wrong.append(f"{router}'s user is {user.known_as()}")
        for other, to in HOST.items():
            by_dsl = not {"hub1", router} & set(cut)
            if other != router and router != "hub1" and (device(lab, router, to) == "Tunnel1") != by_dsl:
                wrong.append(f"{router} sends to {other} by {device(lab, router, to)}")
    for router in ("spoke1", "spoke2"):
        for n in lab.show(router, "nhs")["nhs"]:
            if n["status"] != "UP" and (n["tunnel"] == "Tunnel2" or not {"hub1", router} & set(cut)):
                wrong.append(f"{router}'s {n['tunnel']} is {n['status']}")
    if wrong:
        raise ValueError("; ".join(wrong))
    return True


class Measured:
    """Milliseconds of silence: of flows between LANs, and of users, each when DSL went and when it was back."""

    def __init__(self):
        self.hub, self.direct, self.users, self.flows_back, self.users_back = [], [], [], [], []

    def take(self, what, since, streams, users, back):
        flows = {f.name: f.silence_ms(since) for f in streams}
        exits = {r: u.silence(since) * 1000 for r, u in users.items()}
        for name, ms in flows.items():
            (self.flows_back if back else self.hub if "hub1" in name else self.direct).append(ms)
        (self.users_back if back else self.users).extend(exits.values())
        worst, slowest = max(flows, key=flows.get), max(exits, key=exits.get)
        print(f"{what:45} LANs {flows[worst]:4.0f} ms ({worst}), users {exits[slowest]:4.0f} ms ({slowest})", flush=True)

    def judge(self):
        for name, values, p95_most, most in (("between a spoke and the hub", self.hub, P95_MS, MAX_MS), ("between spokes", self.direct, DIRECT_MS, DIRECT_MS),
                                             ("of users", self.users, USERS_MS, USERS_MS),
                                             ("between LANs, DSL back", self.flows_back, P95_MS, P95_MS),
                                             ("of users, DSL back", self.users_back, P95_MS, P95_MS)):
            values.sort()
            p95 = values[math.ceil(len(values) * 0.95) - 1]
            print(f"silence {name}: {len(values)} flows, p50 {values[len(values) // 2]:.0f} p95 {p95:.0f} max {values[-1]:.0f} ms")
            check(f"silence {name}: p95 at most {p95_most} ms", p95 <= p95_most, p95)
            check(f"silence {name}: at most {most} ms", values[-1] <= most, values[-1])


def rounds(lab, streams, users, measured, kind):
    for cut in CUTS:
        began = time.monotonic()
        for router in cut:
            lab.fault("fail", f"{kind}@{router}")
        wait_for(f"all is moved with DSL cut at {cut}", lambda cut=cut: settled(lab, users, cut), 30)
        time.sleep(2)  # what comes after it is measured, too
        measured.take(f"{kind} at {', '.join(cut)}", began, streams, users, False)
        began = time.monotonic()
        for router in cut:
            lab.fault("heal", f"{kind}@{router}")
        wait_for(f"all is back after DSL was cut at {cut}", lambda: settled(lab, users, ()), 60)
        time.sleep(2)  # likewise
        measured.take(f"{kind} at {', '.join(cut)}: back", began, streams, users, True)


def lease(lab, router, wire, streams, users):
    """As a DHCP client does it: the old address goes with its routes, and another one comes with another gateway."""
    old, fresh, gateway = mobile(lab, router), "100.64.200.2", "100.64.200.1"
    provider = next(x.split()[1] for x in lab.ip("internet", "-4", "-o", "addr").splitlines() if f" {gateway_of(old)}/30" in x)
    lab.ip("internet", "addr", "add", f"{gateway}/30", "dev", provider)
    wire.own.add(fresh)
    lab.ip(router, "addr", "del", f"{old}/30", "dev", "Gi0-2")
    lab.ip(router, "addr", "add", f"{fresh}/30", "dev", "Gi0-2")
    lab.ip(router, "route", "replace", "default", "via", gateway, "dev", "Gi0-2", "table", "1002")
    began = time.monotonic()
    wait_for("the hub knows the new address", lambda: fresh in str(lab.show("hub1", "nhrp")), 30, 0.02)
    known = (time.monotonic() - began) * 1000
    wait_for("users are known by it", lambda: users[router].known_as() == fresh, 30)
    time.sleep(2)  # what comes after it is measured, too
    flows = {s.name: s.silence_ms(began) for s in streams if router in s.name}
    user = users[router].silence(began) * 1000
    print(f"another lease at {router}: known at the hub after {known:.0f} ms, LANs {max(flows.values()):.0f} ms, users {user:.0f} ms")
    check("the hub knows within a second", known <= LEASE_MS, known)
    check("flows survive within a second", max(flows.values()) <= LEASE_MS, flows)
    check("users go on within a second", user <= LEASE_MS, user)
    return fresh


def gateway_of(address):
    """Of the lab's leases: the other address of the /30."""
    head, last = address.rsplit(".", 1)
    return f"{head}.{int(last) - 1}"


def on_3g(lab, streams, users, wires):
    lab.fault("fail", "uplink-far@spoke1")
    wait_for("spoke1 lives on 3G", lambda: settled(lab, users, ("spoke1",)), 30)
    fresh = lease(lab, "spoke1", next(w for w in wires if w.name == "spoke1 Gi0-2"), streams, users)
    lab.fault("heal", "uplink-far@spoke1")
    wait_for("all is back after another lease", lambda: settled(lab, users, ()), 60)
    return fresh


def mobile(lab, router):
    return lab.ip(router, "-4", "-o", "addr", "show", "Gi0-2").split()[3].split("/")[0]


def test(lab, count):
    server = Server(lab)
    users = {r: User(lab, f"{r}-host") for r in DSL}
    streams = [Stream(lab, f"{a}-host", f"{b}-host", [HOST[b]], 100) for a in HOST for b in HOST if a != b]
    for s in streams:
        wait_for(f"{s.name} flows", s.count, 60)
    wait_for("all is on DSL", lambda: settled(lab, users, ()), 60)
    addresses = {r: (DSL[r], mobile(lab, r)) for r in DSL}
    check("the spokes' 3G has no address in their files", all(addresses[r][1].startswith("100.64.") for r in ("spoke1", "spoke2")), addresses)
    wires = [Wire(lab, r, f"Gi0-{2 * n}", own) for r in DSL for n, own in enumerate(addresses[r])]
    measured = Measured()
    for _ in range(count):
        for kind in ("uplink-far", "blackhole"):
            rounds(lab, streams, users, measured, kind)
    fresh = on_3g(lab, streams, users, wires)
    for user in users.values():
        user.stop()
    expect("as whom the server knew them", server.seen, {a for pair in addresses.values() for a in pair} | {fresh})
    print(sum(w.stop() for w in wires), "packets on six uplinks, all with their own address")
    measured.judge()


def main():
    tool, folder = os.path.abspath(sys.argv[1]), sys.argv[2]
    needs_lab(frr=True)
    configs = configs_of(folder)
    with Lab(tool, configs) as lab:
        test(lab, int(sys.argv[3]) if len(sys.argv) > 3 else 1)


main()
