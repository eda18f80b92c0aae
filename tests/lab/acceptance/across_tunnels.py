#!/usr/bin/env python3
"""One hub with two tunnels of one DMVPN: spokes of different tunnels, subnets and keys talk directly.

Spoke 1 is in tunnel 1 (10.101.0.0/24, key 101), spoke 2 in tunnel 2 (10.102.0.0/24, key 102, and then
without any key). All is protected. Between their LANs no packet is lost while the shortcut forms, and
when it has, the hub sees none of them; nor does anything change when a control process dies.

usage: across_tunnels.py DMVPN_TOOL
"""
import os
import signal

import scene


def tunnel(t, own, keys, nhs):
    lines = [f"interface Tunnel{t}", f" ip address 10.10{t}.0.{own} 255.255.255.0", " ip nhrp network-id 100",
             " ip nhrp holdtime 60"]
    if nhs:
        lines += [f" ip nhrp nhs 10.10{t}.0.1 nbma {scene.HUB_NBMA} multicast", " ip nhrp shortcut"]
    else:
        lines += [" ip nhrp map multicast dynamic", " ip nhrp redirect"]
    lines += [" tunnel source GigabitEthernet0/0", " tunnel mode gre multipoint"]
    if keys[t]:
        lines += [f" tunnel key {keys[t]}"]
    return "\n".join(lines) + "\n"


def configs(keys):
    routes = "".join(f"ip route 10.1.{n}.0 255.255.255.0 10.10{n}.0.1{n}\n" for n in (1, 2))
    made = {"hub1": f"""hostname hub1
interface GigabitEthernet0/0
 ip address {scene.HUB_NBMA} 255.255.255.252
ip route 0.0.0.0 0.0.0.0 192.0.2.1
{tunnel(1, 1, keys, False)}{tunnel(2, 1, keys, False)}{routes}end
"""}
    for n in (1, 2):
        made[f"spoke{n}"] = f"""hostname spoke{n}
interface GigabitEthernet0/0
 ip address {scene.spoke_nbma(n)} 255.255.255.252
ip route 0.0.0.0 0.0.0.0 198.51.100.{4 * n + 1}
interface GigabitEthernet0/1
 ip address 10.1.{n}.1 255.255.255.0
{tunnel(n, 10 + n, keys, True)}ip route 10.1.0.0 255.255.0.0 10.10{n}.0.1
end
"""
    return {name: scene.protected(text) for name, text in made.items()}


def relayed(lab):
    counts = lab.relayed()
    a, b = scene.spoke_nbma(1), scene.spoke_nbma(2)
    return counts.get((a, b), 0) + counts.get((b, a), 0)


def direct(lab):
    return all(f"10.1.{3 - n}.0/24 via 10.10{3 - n}.0.1{3 - n}" in lab.shortcuts(f"spoke{n}") for n in (1, 2))


def settled(lab):
    """The hub passes nothing on any more."""
    before = relayed(lab)
    return lab.ping("spoke1-host", "10.1.2.100", 5) == 5 and relayed(lab) == before


def run(tool, keys):
    with scene.Lab(tool, configs(keys)) as lab:
        for n in (1, 2):
            lab.ip(f"spoke{n}-host", "addr", "add", f"10.1.{n}.100/24", "dev", "eth0")
        lab.wait_registered("spoke1", "spoke2")
        scene.wait_for("the LANs reach each other", lambda: lab.ping("spoke1-host", "10.1.2.100", 1) == 1, 20)
        streams = [scene.Stream(lab, f"spoke{n}-host", f"spoke{3 - n}-host", [f"10.1.{3 - n}.100"]) for n in (1, 2)]
        scene.wait_for("shortcuts both ways", lambda: direct(lab), 20)
        scene.wait_for("nothing passes the hub", lambda: settled(lab), 20)
        before = relayed(lab)
        for s in streams:
            s.flowing(200)
        # Whoever takes over must know the other one's key.
        for n in (1, 2):
            old = lab.pid(f"spoke{n}", "control")
            os.kill(old, signal.SIGKILL)
            scene.wait_for(f"spoke{n} is back", lambda n=n, old=old: lab.pid(f"spoke{n}", "control") != old
                           and lab.nhs_up(f"spoke{n}"), 20)
        for s in streams:
            s.flowing(400)
        scene.expect("packets that the hub passed on", relayed(lab), before)
        for s in streams:
            s.expect_nothing_lost(f"keys {keys}", 400)


def test(tool):
    run(tool, {1: 101, 2: 102})
    run(tool, {1: 101, 2: None})


scene.main(test)
