#!/usr/bin/env python3
"""A shortcut that comes and goes a hundred times under load: no packet is lost, and the
routing daemons do not notice: not on the spokes, not on the hub, not in what they tell each
other.

usage: shortcut_churn.py DMVPN_TOOL
"""
import scene

ROUNDS = 100
# Hairpins of one pair of addresses are reported once a second at most. Many destinations in
# turn make the next shortcut come as soon as the last is gone.
DESTINATIONS = [f"10.1.2.{n}" for n in range(100, 180)]
ROUTERS = ("hub1", "spoke1", "spoke2")
CLOCKS = {"uptime", "lastUpdate"}


def configs():
    spokes = {f"spoke{n}": scene.spoke_config(n, " ip nhrp shortcut\n", scene.spoke_bgp(n)) for n in (1, 2)}
    return {"hub1": scene.hub_config(" ip nhrp redirect timeout 1\n", scene.HUB_BGP), **spokes}


def timeless(value):
    """JSON without what only tells the time."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in CLOCKS}
    return [timeless(v) for v in value] if isinstance(value, list) else value


def told(lab, router):
    """Per neighbour: sessions so far, and updates that went and came."""
    neighbours = lab.vtysh(router, "show bgp neighbors json")
    return {name: (n["bgpState"], n["connectionsEstablished"], n["messageStats"]["updatesSent"],
                   n["messageStats"]["updatesRecv"])
            for name, n in neighbours.items() if isinstance(n, dict) and "bgpState" in n}


def routing(lab):
    return {r: {"route": timeless(lab.vtysh(r, "show ip route json")),
                "bgp": timeless(lab.vtysh(r, "show bgp ipv4 json")), "told": told(lab, r)} for r in ROUTERS}


def expect_same(when, before, now):
    for r in ROUTERS:
        for what in before[r]:
            scene.expect(f"{r}: {what}, {when}", now[r][what], before[r][what])


def has_shortcut(lab):
    return f"10.1.2.0/24 via {scene.spoke(2)}" in lab.shortcuts("spoke1")


def resolutions(lab):
    return lab.show("spoke1", "counters")["engine"]["RESOLUTION_REPLY_RECEIVED"]


def churn(lab, before):
    first = resolutions(lab)
    hub_relays = (scene.spoke_nbma(1), scene.spoke_nbma(2))
    for n in range(ROUNDS):
        scene.wait_for(f"shortcut {n} comes", lambda: has_shortcut(lab), interval=0.005)
        if n % 20 == 0:
            expect_same(f"with shortcut {n}", before, routing(lab))
        relayed = lab.relayed()[hub_relays]
        lab.tool("spoke1", "clear", "nhrp")
        # Whoever passes the hub again proves that the shortcut was gone.
        scene.wait_for(f"shortcut {n} goes", lambda: lab.relayed()[hub_relays] > relayed, interval=0.005)
        if n % 20 == 10:
            expect_same(f"after shortcut {n}", before, routing(lab))
    scene.wait_for("the last shortcut comes", lambda: has_shortcut(lab))
    scene.check("too few resolutions for that many shortcuts", resolutions(lab) - first >= ROUNDS)


def test(tool):
    with scene.Lab(tool, configs()) as lab:
        for d in DESTINATIONS:
            lab.ip("spoke2-host", "addr", "add", f"{d}/24", "dev", "eth0")
        lab.wait_registered("spoke1", "spoke2")
        scene.wait_for("BGP carries both LANs", lambda: "10.1.2.0/24" in lab.vtysh("spoke1", "show ip route json")
                       and "10.1.1.0/24" in lab.vtysh("spoke2", "show ip route json"), 30)
        scene.wait_for("the LANs reach each other", lambda: lab.ping("spoke1-host", DESTINATIONS[0], 1))
        before = routing(lab)
        stream = scene.Stream(lab, "spoke1-host", "spoke2-host", DESTINATIONS)
        churn(lab, before)
        stream.expect_nothing_lost(f"{ROUNDS} shortcuts", 500)
        expect_same("at the end", before, routing(lab))


scene.main(test)
