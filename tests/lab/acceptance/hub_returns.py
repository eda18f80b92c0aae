#!/usr/bin/env python3
"""A hub that dies without a word and comes back without its memory has its spokes again within seconds.

Its peers hold security associations that it does not know any more: it says so to who sends by them, and
they begin anew; also when it comes back before anybody has missed it.

usage: hub_returns.py DMVPN_TOOL
"""
import time

import scene

SPOKES = (1, 2)
AWAY_S = (0, 4, 25)  # not missed; missed; given up by NHRP
BACK_S = 4           # 2 s where nothing else runs: tests/lab/figures/hub_reboot


def configs():
    return {"hub1": scene.protected(scene.hub_config(" ip nhrp redirect\n", scene.HUB_BGP)),
            **{f"spoke{n}": scene.protected(scene.spoke_config(n, " ip nhrp shortcut\n", scene.spoke_bgp(n)))
               for n in SPOKES}}


def registered(lab, n):
    return [b for b in lab.show("hub1", "nhrp")["bindings"]
            if b["type"] == "dynamic" and b["target"] == f"{scene.spoke(n)}/32" and "restored" not in b["flags"]]


def agreements(lab, n):
    """IKE_SAs with the hub, and SAs of IPsec."""
    session = next(s for s in lab.show(f"spoke{n}", "ipsec")["sessions"] if s["peer"] == scene.HUB_NBMA)
    return session["ike_sas"], len(session["sas"])


def dies_and_returns(lab, away):
    lab.fault("fail", "kill@hub1")
    time.sleep(away)  # how long the hub is gone, which is what differs between the cases
    lab.fault("heal", "kill@hub1")
    scene.wait_for("the hub answers", lambda: lab.show("hub1", "tunnels")["tunnels"][0]["up"])
    back = time.monotonic()
    for n in SPOKES:
        scene.wait_for(f"spoke{n} is registered at the hub again", lambda n=n: registered(lab, n), BACK_S)
    took = time.monotonic() - back
    lab.wait_registered(*(f"spoke{n}" for n in SPOKES))
    for n in SPOKES:
        scene.wait_for(f"spoke{n} reaches the hub", lambda n=n: lab.ping(f"spoke{n}", scene.HUB, 1))
    print(f"away for {away} s: registered again after {took:.1f} s", flush=True)


def test(tool):
    with scene.Lab(tool, configs()) as lab:
        lab.wait_registered(*(f"spoke{n}" for n in SPOKES))
        for away in AWAY_S:
            dies_and_returns(lab, away)
            # Each death is a case of its own: no older agreement may help, or stand in the way of, the next one.
            for n in SPOKES:
                scene.wait_for(f"spoke{n} has one agreement with the hub", lambda n=n: agreements(lab, n) == (1, 2), 20)


scene.main(test)
