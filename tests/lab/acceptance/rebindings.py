#!/usr/bin/env python3
"""Two spokes behind one NAT whose mappings change again and again while keys are renewed, and a third that talks with
both: what is for one never comes out at the other, and everybody talks again after each time.

usage: rebindings.py DMVPN_TOOL
"""
import re
import time

import scene
from two_behind_nat import NAT, configs, talk

ROUNDS = 20


def ports(lab):
    """From which the NAT sends to the hub, as the hub knows (and some that never change)."""
    return set(re.findall(r"\[(\d+)\]", lab.swanctl("hub1", "--list-sas")))


def forget_peers(lab, router):
    """All its SAs go at once: whoever authenticates first has nobody beside him."""
    for number in re.findall(r"^\S+: #(\d+), ESTABLISHED", lab.swanctl(router, "--list-sas"), re.M):
        lab.swanctl(router, "--terminate", "--ike-id", number, "--force")


def test(tool):
    with scene.Lab(tool, configs(), NAT) as lab:
        lans, pairs = talk(lab)
        strays = scene.Strays(lab, {f"spoke{n}": f"10.1.{n}.0/24" for n in lans})
        running = [scene.Stream(lab, f"spoke{a}-host", f"spoke{b}-host", [lans[b]], 50) for a, b in pairs]
        for s in running:
            s.flowing()
        began = time.monotonic()
        for number in range(ROUNDS):
            before = {spoke: lab.swanctl(spoke, "--list-sas") for spoke in ("spoke1", "spoke2", "spoke3")}
            lab.rekey(f"spoke{number % 3 + 1}")
            former = ports(lab)
            lab.fault("fail", "rebind@spoke1")
            lab.rekey(f"spoke{(number + 1) % 3 + 1}")
            lab.rekey(f"spoke{(number + 2) % 3 + 1}")
            for spoke in before:
                scene.wait_for(f"{spoke}'s rekey {number + 1}",
                               lambda spoke=spoke: lab.swanctl(spoke, "--list-sas") != before[spoke], 30)
            scene.wait_for(f"rebinding {number + 1} is seen at the hub", lambda former=former: ports(lab) - former, 30)
            for s in running:
                s.flowing(25)
            if number % 5 == 4:
                forget_peers(lab, "spoke3")
                for s in running:
                    s.flowing(25)
        took = time.monotonic() - began
        for s in running:
            lost = len(s.stop())
            print(f"{s.name}: {lost} of {len(s.sent)} lost, longest silence {s.longest_silence() * 1000:.0f} ms")
        strays.expect_none(f"{ROUNDS} rebindings and rekeys of each in {took:.0f} s", 1000)


scene.main(test)
