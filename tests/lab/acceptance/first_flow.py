#!/usr/bin/env python3
"""Phase 2: of the first flow between two spokes not one packet is lost, from the first on.
While the next hop is being resolved the hub relays; then the spokes talk directly and the
hub's counter of that pair stands still.

usage: first_flow.py DMVPN_TOOL
"""
import scene


def configs():
    there = {1: 2, 2: 1}
    spokes = {f"spoke{n}": scene.spoke_config(n, "", f"ip route 10.1.{m}.0 255.255.255.0 {scene.spoke(m)}\n")
              for n, m in there.items()}
    lans = "".join(f"ip route 10.1.{n}.0 255.255.255.0 {scene.spoke(n)}\n" for n in there)
    return {"hub1": scene.hub_config("", lans), **spokes}


def resolved(lab):
    return scene.spoke(2) in lab.ip("spoke1", "neigh", "show", "dev", "Tunnel0", "nud", "permanent")


def test(tool):
    pair = (scene.spoke_nbma(1), scene.spoke_nbma(2))
    with scene.Lab(tool, configs()) as lab:
        lab.wait_registered("spoke1", "spoke2")
        scene.wait_for("the routes to the other LAN", lambda: all("10.1.2.0/24" in lab.ip(r, "route")
                                                                  for r in ("hub1", "spoke1")))
        # On the LANs themselves nothing shall be left to learn.
        for n in (1, 2):
            scene.expect("pings to the own router", lab.ping(f"spoke{n}-host", f"10.1.{n}.1", 1), 1)
        scene.expect("resolved before anybody asked", resolved(lab), False)
        scene.expect("relayed before anybody sent", lab.relayed().get(pair, 0), 0)
        far = lab.exec("spoke2-host", "hostname", "-I").split()[0]
        stream = scene.Stream(lab, "spoke1-host", "spoke2-host", [far], 1000)
        scene.wait_for("spoke1 resolves spoke2", lambda: resolved(lab), interval=0.01)
        stream.flowing()  # what the hub still held has passed
        relayed = lab.relayed().get(pair, 0)
        scene.check("the hub relayed nothing, so nothing waited for the resolution", relayed > 0)
        stream.flowing(1000)
        scene.expect("packets by the hub of a pair that is direct", lab.relayed()[pair], relayed)
        stream.expect_nothing_lost("the first flow", 1000)


scene.main(test)
