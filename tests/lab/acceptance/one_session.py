#!/usr/bin/env python3
"""Two tunnels between the same routers need one IKE SA and one pair of CHILD SAs.

One hub per tunnel: each spoke has two tunnels on one source; two spokes that talk directly have
both tunnels between them. Both begin at once; after five seconds one session is left.

usage: one_session.py DMVPN_TOOL
"""
import re

import scene


def tunnels(n, role):
    """Tunnels 1 and 2 of a spoke, or the one of hub n."""
    lines = []
    for t in ((1, 2) if role == "spoke" else (n,)):
        own = 10 + n if role == "spoke" else 1
        lines += [f"interface Tunnel{t}", f" ip address 10.10{t}.0.{own} 255.255.255.0", f" ip nhrp network-id 10{t}",
                  " ip nhrp holdtime 60"]
        if role == "spoke":
            lines += [f" ip nhrp nhs 10.10{t}.0.1 nbma 192.0.2.{4 * t - 2} multicast", " ip nhrp shortcut"]
        else:
            lines += [" ip nhrp map multicast dynamic", " ip nhrp redirect"]
        lines += [" tunnel source GigabitEthernet0/0", " tunnel mode gre multipoint", f" tunnel key 10{t}"]
    return "\n".join(lines) + "\n"


def router(name, nbma, gateway, inside, tunnel, routes=""):
    return scene.protected(f"""hostname {name}
interface GigabitEthernet0/0
 ip address {nbma} 255.255.255.252
ip route 0.0.0.0 0.0.0.0 {gateway}
{inside}{tunnel}{routes}end
""")


def configs():
    made = {}
    for n in (1, 2):
        made[f"hub{n}"] = router(f"hub{n}", f"192.0.2.{4 * n - 2}", f"192.0.2.{4 * n - 3}", "", tunnels(n, "hub"))
        lan = f"interface GigabitEthernet0/1\n ip address 10.1.{n}.1 255.255.255.0\n"
        made[f"spoke{n}"] = router(f"spoke{n}", scene.spoke_nbma(n), f"198.51.100.{4 * n + 1}", lan,
                                   tunnels(n, "spoke"))
    return made


def established(lab, spoke, other):
    """(IKE_SAs, CHILD_SAs) between two spokes."""
    ike = child = 0
    inside = False
    for line in lab.swanctl(spoke, "--list-sas").splitlines():
        if re.match(r"\S.*#\d+, ", line):
            inside = "ESTABLISHED" in line
            mine = False
        if re.match(r"\s+remote ", line) and inside and f"@ {other}" in line:
            mine = True
            ike += 1
        if inside and mine and "INSTALLED" in line:
            child += 1
    return ike, child


def test(tool):
    with scene.Lab(tool, configs()) as lab:
        lab.wait_registered("spoke1", "spoke2")

        def both_ways():
            for tunnel in (1, 2):
                for a, b in ((1, 2), (2, 1)):
                    if not lab.ping(f"spoke{a}", f"10.10{tunnel}.0.{10 + b}", 1):
                        return False
            return all(established(lab, f"spoke{a}", scene.spoke_nbma(3 - a))[0] > 0 for a in (1, 2))

        scene.wait_for("the spokes reach each other in both tunnels, by a session of their own", both_ways, 30)
        running = [scene.Stream(lab, f"spoke{a}", f"spoke{3 - a}", [f"10.10{t}.0.{13 - a}" for t in (1, 2)])
                   for a in (1, 2)]
        for a in (1, 2):
            scene.wait_for(f"spoke{a} has one session with the other spoke", lambda a=a:
                           established(lab, f"spoke{a}", scene.spoke_nbma(3 - a)) == (1, 1), 10)
        for s in running:
            s.flowing(400)
        for a in (1, 2):
            scene.expect(f"spoke{a}: IKE SAs and CHILD SAs with the other spoke",
                         established(lab, f"spoke{a}", scene.spoke_nbma(3 - a)), (1, 1))
        for s in running:
            s.expect_nothing_lost("settling to one session", 400)


scene.main(test)
