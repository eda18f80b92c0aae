#!/usr/bin/env python3
"""Two spokes behind one address: both work, with the hub and with each other, through rekeys.

usage: two_behind_nat.py DMVPN_TOOL
"""
import scene

REKEYS = 20
NAT = "nat spoke1 spoke2\n"


def behind_nat(n):
    return (scene.spoke_config(n, " ip nhrp shortcut\n", scene.spoke_bgp(n))
            .replace(f"{scene.spoke_nbma(n)} 255.255.255.252", f"192.168.1.1{n} 255.255.255.0")
            .replace(f"198.51.100.{4 * n + 1}", "192.168.1.1"))


def configs():
    routers = {"hub1": scene.hub_config(" ip nhrp redirect\n", scene.HUB_BGP), "spoke1": behind_nat(1),
               "spoke2": behind_nat(2), "spoke3": scene.spoke_config(3, " ip nhrp shortcut\n", scene.spoke_bgp(3))}
    return {name: scene.protected(text) for name, text in routers.items()}


def talk(lab):
    """Everybody reaches everybody: the LANs' addresses, by spoke, and the pairs of spokes."""
    lans = {n: f"10.1.{n}.100" for n in (1, 2, 3)}
    lab.wait_registered("spoke1", "spoke2", "spoke3")
    for n, address in lans.items():
        lab.ip(f"spoke{n}-host", "addr", "add", f"{address}/24", "dev", "eth0")
    pairs = [(a, b) for a in lans for b in lans if a != b]
    for a, b in pairs:
        scene.wait_for(f"spoke{a} reaches spoke{b}'s LAN", lambda a=a, b=b: lab.ping(f"spoke{a}-host", lans[b], 1), 30)
    return lans, pairs


def test(tool):
    with scene.Lab(tool, configs(), NAT) as lab:
        lans, pairs = talk(lab)
        running = [scene.Stream(lab, f"spoke{a}-host", f"spoke{b}-host", [lans[b]], 50) for a, b in pairs]
        running += [scene.Stream(lab, "hub1", f"spoke{n}-host", [lans[n]], 50) for n in lans]
        for s in running:
            s.flowing()
        strays = scene.Strays(lab, {f"spoke{n}": f"10.1.{n}.0/24" for n in lans})
        for number in range(REKEYS):
            for spoke in ("spoke1", "spoke2"):
                before = lab.swanctl(spoke, "--list-sas")
                lab.rekey(spoke)
                scene.wait_for(f"{spoke}'s rekey {number + 1}",
                               lambda spoke=spoke, before=before: lab.swanctl(spoke, "--list-sas") != before)
        for s in running:
            s.flowing(50)
        strays.expect_none(f"{REKEYS} rekeys of each", 100)
        for s in running:
            s.expect_nothing_lost(f"{REKEYS} rekeys of each", 100)


if __name__ == "__main__":
    scene.main(test)
