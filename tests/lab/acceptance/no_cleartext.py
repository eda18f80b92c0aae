#!/usr/bin/env python3
"""Nothing protected is ever seen in the clear on the underlay, and nothing is lost.

A capture between the routers runs over rekeys under load, the death of charon, of the control
process, of the forwarder, of a whole hub and its boot, and a clean stop: no GRE outside of ESP.
Rekeys and the death of charon lose no packet; the forwarder is back within a second. At last the
same lab without protection, where the capture must see GRE: it would have seen it before.

usage: no_cleartext.py DMVPN_TOOL
"""
import os
import signal
import time

import scene

LANS = {n: f"10.1.{n}.100" for n in (1, 2)}
REKEYS = 10


def configs(protect):
    def make(text):
        return scene.protected(text) if protect else text
    return {"hub1": make(scene.hub_config(" ip nhrp redirect\n", scene.HUB_BGP)),
            **{f"spoke{n}": make(scene.spoke_config(n, " ip nhrp shortcut\n", scene.spoke_bgp(n))) for n in LANS}}


def settled(lab):
    lab.wait_registered("spoke1", "spoke2")
    for n, address in LANS.items():
        lab.ip(f"spoke{n}-host", "addr", "replace", f"{address}/24", "dev", "eth0")
    for n in LANS:
        other = LANS[3 - n]
        scene.wait_for(f"spoke{n} reaches the other LAN", lambda n=n, other=other: lab.ping(f"spoke{n}-host", other, 1),
                       30)
        scene.wait_for(f"spoke{n} goes direct", lambda n=n, other=other: lab.ping(f"spoke{n}-host", other, 1)
                       and "10.1." in lab.shortcuts(f"spoke{n}"))


def streams(lab):
    def one(sender, receiver, to):
        return scene.Stream(lab, sender, receiver, [to])
    started = [one("spoke1-host", "spoke2-host", LANS[2]), one("spoke2-host", "spoke1-host", LANS[1]),
               one("spoke1-host", "hub1", scene.HUB), one("hub1", "spoke2-host", LANS[2])]
    for s in started:
        s.flowing()
    return started


def rekeys(lab):
    running = streams(lab)
    for number in range(REKEYS):
        before = lab.swanctl("spoke1", "--list-sas")
        lab.rekey("spoke1")
        scene.wait_for(f"rekey {number + 1}", lambda before=before: lab.swanctl("spoke1", "--list-sas") != before)
        for s in running:
            s.flowing(100)
    for s in running:
        s.expect_nothing_lost(f"{REKEYS} rekeys", 500)
    print(f"{REKEYS} rekeys under load: nothing lost", flush=True)


def charon_dies(lab, router):
    running, old = streams(lab), lab.charon(router)
    scene.check(f"{router} has a charon", old > 0)
    os.kill(old, signal.SIGKILL)
    scene.wait_for(f"charon of {router} is back", lambda: lab.charon(router) not in (-1, old))
    scene.wait_for(f"{router} has security associations again", lambda: lab.children(router), 30)
    for s in running:
        s.flowing(400)
    for s in running:
        s.expect_nothing_lost(f"{router}'s charon killed", 400)
    print(f"{router}'s charon killed: nothing lost", flush=True)


def forwarder_dies(lab, router):
    running, old = streams(lab), lab.pid(router, "forwarder")
    os.kill(old, signal.SIGKILL)
    scene.wait_for(f"forwarder of {router} is back", lambda: lab.pid(router, "forwarder") != old)
    for s in running:
        s.flowing(200)
    for s in running:
        lost = s.stop()
        scene.check(f"{router}'s forwarder killed: silent for {s.longest_silence():.3f} s", s.longest_silence() < 1)
        print(f"{router}'s forwarder killed: {len(lost)} lost, silent for {1000 * s.longest_silence():.0f} ms", flush=True)


def control_dies(lab, router):
    running, old = streams(lab), lab.pid(router, "control")
    os.kill(old, signal.SIGKILL)
    scene.wait_for(f"control process of {router} is back", lambda: lab.pid(router, "control") != old)
    scene.wait_for(f"{router} answers", lambda: lab.show(router, "tunnels")["tunnels"][0]["up"])
    for s in running:
        s.flowing(400)
    for s in running:
        s.expect_nothing_lost(f"{router}'s control process killed", 400)
    print(f"{router}'s control process killed: nothing lost", flush=True)


def hub_dies_and_boots(lab):
    lab.fault("fail", "kill@hub1")
    lab.ping("spoke1-host", "10.1.9.9", 20)  # traffic that only the dead hub could take
    lab.fault("heal", "kill@hub1")
    settled(lab)


def stop_cleanly(lab, router):
    keeper = lab.pid(router, "dmvpnd")
    os.kill(keeper, signal.SIGTERM)
    scene.wait_for(f"{router} has stopped", lambda: not os.path.exists(f"/proc/{keeper}")
                   or open(f"/proc/{keeper}/stat").read().split()[2] == "Z")
    scene.expect(f"charon of {router} after the stop", lab.charon(router), -1)


def seen_without_protection(tool):
    with scene.Lab(tool, configs(protect=False)) as lab:
        wire = scene.Wire(lab)
        settled(lab)
        scene.check("the capture sees GRE when tunnels are not protected", wire.stop()["gre"] > 0)


def test(tool):
    with scene.Lab(tool, configs(protect=True)) as lab:
        wire = scene.Wire(lab)
        settled(lab)
        rekeys(lab)
        for router in ("spoke1", "hub1"):
            charon_dies(lab, router)
            forwarder_dies(lab, router)
            control_dies(lab, router)
        hub_dies_and_boots(lab)
        stop_cleanly(lab, "spoke2")
        lab.ping("spoke1-host", LANS[2], 20)  # to a router that is gone
        time.sleep(0.5)  # of silence after the stop, which the capture shall see
        counts = wire.stop()
        print(f"on the wire: {counts}", flush=True)
        scene.expect("GRE packets outside of ESP", counts["gre"], 0)
        scene.check("ESP was seen", counts["esp in udp"] + counts["esp"] > 5000)
        scene.check("IKE was seen", counts["ike"] > 0)
    seen_without_protection(tool)


scene.main(test)
