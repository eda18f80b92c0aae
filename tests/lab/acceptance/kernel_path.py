#!/usr/bin/env python3
"""What the kernel's own multipoint GRE must do as the forwarder does it.

Spokes know their peers by static routes only, so that nothing but the data path itself can turn away from a
dead hub: the frames for it go to the hub that lives, and come back to it when it lives again. Neither a
reload nor the death of the control process, nor of the whole daemon, costs a packet, of a new flow to a next hop that
nobody has resolved as little as of an established one. `if-state nhrp` takes the line protocol away and gives it back,
and `ip tcp adjust-mss` lowers the MSS of connections in either direction.

usage: tests/lab/kernel-rig kernel_path.py DMVPN_TOOL
"""
import json
import os
import signal
import socket
import tempfile

import scene
from helpers import says, socket_in

HUBS = {"hub1": (scene.HUB, scene.HUB_NBMA), "hub2": ("10.100.0.2", "192.0.2.6")}
LANS = {n: f"10.1.{n}.100" for n in (1, 2, 3)}
DIRECT = "10.1.2.200"  # another of spoke2's host
RATE = 50  # packets/s: the rig has one slow processor
# Detection by probes takes 0.6 s; the rest is that processor.
OUTAGE_S = 3
MSS = 1000

BFD = " bfd interval 1000 min_rx 1000 multiplier 5\n"
SECOND_HUB = " ip nhrp nhs 10.100.0.2 nbma 192.0.2.6 multicast\n"


def static(routes):
    return "".join(f"ip route 10.1.{n}.0 255.255.255.0 {hop}\n" for n, hop in routes.items())


def configs():
    """spoke1 and spoke2 reach each other by way of hub1, but for DIRECT. spoke3 has one hub only."""
    to_all = static({n: scene.spoke(n) for n in LANS})
    hub1 = scene.hub_config(BFD, to_all)
    hub2 = hub1.replace("hub1", "hub2").replace(scene.HUB_NBMA, "192.0.2.6").replace("192.0.2.1\n", "192.0.2.5\n") \
        .replace(f" {scene.HUB} ", " 10.100.0.2 ")
    return {
        "hub1": hub1, "hub2": hub2,
        "spoke1": scene.spoke_config(1, SECOND_HUB + BFD, static({2: scene.HUB})
                                     + f"ip route 10.1.2.128 255.255.255.128 {scene.spoke(2)}\n"),
        "spoke2": scene.spoke_config(2, SECOND_HUB + BFD + f" ip tcp adjust-mss {MSS}\n", static({1: scene.HUB})),
        "spoke3": scene.spoke_config(3, " if-state nhrp\n"),
    }


class KernelLab(scene.Lab):
    def options(self):
        return [*super().options(), "--datapath", "kernel"]


def neighbours(lab, router):
    entries = json.loads(lab.ip(router, "-j", "neigh", "show", "dev", "Tunnel0", "nud", "permanent"))
    return {e["dst"]: e["lladdr"] for e in entries}


def line_protocol(lab, router):
    return json.loads(lab.ip(router, "-j", "link", "show", "dev", "Tunnel0"))[0]["operstate"]


def stream(lab, a, b):
    return scene.Stream(lab, f"spoke{a}-host", f"spoke{b}-host", [LANS[b]], RATE)


def what_is_shown(lab):
    for router, nhs in (("spoke1", 2), ("hub1", 0)):
        tunnel = lab.show(router, "tunnels")["tunnels"][0]
        scene.expect(f"{router}'s data path", (tunnel["datapath"], tunnel["up"]), ("kernel", True))
        scene.check(f"{router}'s couplings", {"if-state nhrp", "nhrp fall-over bgp", "nhrp fall-over bfd"}
                    <= {c["knob"] for c in tunnel["couplings"]}, tunnel["couplings"])
        scene.expect(f"{router}'s servers", len(lab.show(router, "nhs")["nhs"]), nhs)

    def sessions():
        return sorted((s["interface"], s["local"], s["address"], s["nbma"], s["state"]) for s in lab.show("spoke1", "bfd")["sessions"])

    wanted = [("Tunnel0", scene.spoke(1), hub, nbma, "Up") for hub, nbma in HUBS.values()]
    try:
        scene.wait_for("spoke1's BFD sessions are up", lambda: sessions() == wanted, 20)
    except AssertionError:
        print(lab.show("spoke1", "bfd"), lab.show("hub1", "bfd"))
        scene.expect("spoke1's BFD sessions", sessions(), wanted)
    says(lab.tool("spoke1", "explain", scene.HUB), f"{scene.HUB} is up")
    print("shown: the same nouns", flush=True)


def connection_mss(lab, a, b):
    """What both ends of a TCP connection from a to b take for a segment's size."""
    listener = socket_in(lab.netns(f"spoke{b}-host"), socket.AF_INET, socket.SOCK_STREAM)
    caller = socket_in(lab.netns(f"spoke{a}-host"), socket.AF_INET, socket.SOCK_STREAM)
    listener.bind((LANS[b], 9100))
    listener.listen()
    caller.bind((LANS[a], 0))  # its other addresses have other ways back
    caller.settimeout(10)
    caller.connect((LANS[b], 9100))
    answerer, _ = listener.accept()
    sizes = [end.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) for end in (caller, answerer)]
    for end in (caller, answerer, listener):
        end.close()
    return sizes


def mss_lowered(lab):
    options = 12  # of each segment: the timestamp
    for a, b in ((1, 2), (2, 1)):
        scene.expect(f"MSS of a connection from spoke{a}'s host to spoke{b}'s", connection_mss(lab, a, b), [MSS - options] * 2)
    print("MSS lowered in both directions", flush=True)


def reloaded(lab, router):
    """The hub's entries are its spokes': nobody would bring them back before the next refresh."""
    before, flow = neighbours(lab, router), stream(lab, 1, 2)
    scene.check(f"{router} has neighbours", before)
    flow.flowing()
    lab.tool(router, "reload")
    scene.expect(f"neighbours of {router} after a reload", neighbours(lab, router), before)
    flow.flowing(30)
    flow.expect_nothing_lost(f"{router} reloaded", 50)
    print(f"{router} reloaded: nothing lost", flush=True)


def control_killed(lab, router, fresh):
    before, flow, old = neighbours(lab, router), stream(lab, 1, 2), lab.pid(router, "control")
    flow.flowing()
    os.kill(old, signal.SIGKILL)
    late = fresh()
    scene.wait_for(f"{router}'s control process is back", lambda: lab.pid(router, "control") != old)
    scene.wait_for(f"{router} answers", lambda: lab.show(router, "tunnels")["tunnels"][0]["up"])
    now = neighbours(lab, router)
    scene.expect(f"{router}'s neighbours of before", {a: now.get(a) for a in before}, before)
    flow.flowing(50)
    flow.expect_nothing_lost(f"{router}'s control process killed: the established flow", 70)
    if late:
        late.flowing(50)
        late.expect_nothing_lost(f"{router}'s control process killed: the new flow", 50)
    print(f"{router}'s control process killed: nothing lost", flush=True)


def hub_dies(lab, what, fail, heal):
    flow = stream(lab, 1, 2)
    flow.flowing()
    scene.expect("the way to hub1", neighbours(lab, "spoke1")[scene.HUB], scene.HUB_NBMA)
    fail()
    for n in (1, 2):
        scene.wait_for(f"what is for hub1 goes to hub2 at spoke{n}",
                       lambda n=n: neighbours(lab, f"spoke{n}").get(scene.HUB) == HUBS["hub2"][1])
    flow.flowing(50)
    scene.wait_for("spoke3's line protocol is down", lambda: line_protocol(lab, "spoke3") == "DORMANT")
    # Whoever starts now has never seen hub1 alive.
    os.kill(lab.pid("spoke1", "control"), signal.SIGKILL)
    scene.wait_for("spoke1 is registered with hub2", lambda: "UP" in [n["status"] for n in lab.show("spoke1", "nhs")["nhs"]])
    scene.wait_for("… and knows that hub1 is dead", lambda: neighbours(lab, "spoke1").get(scene.HUB) == HUBS["hub2"][1])
    flow.flowing(50)
    heal()
    for n in (1, 2):
        scene.wait_for(f"hub1 is reached by itself from spoke{n}",
                       lambda n=n: neighbours(lab, f"spoke{n}").get(scene.HUB) == scene.HUB_NBMA, 60)
    scene.wait_for("spoke3's line protocol is up", lambda: line_protocol(lab, "spoke3") == "UP", 30)
    flow.flowing(50)
    lost = flow.stop()
    silence = flow.longest_silence()
    scene.check(f"{what}: {len(lost)} packets lost, silent for {silence:.3f} s", silence < OUTAGE_S)
    print(f"{what}: {len(lost)} of {len(flow.sent)} packets lost, silent for {1000 * silence:.0f} ms", flush=True)


def daemon_killed(lab, router):
    """The kernel goes on, and the next daemon finds what it was told."""
    before, flow = neighbours(lab, router), stream(lab, 1, 2)
    flow.flowing()
    os.kill(lab.pid(router, "dmvpnd"), signal.SIGKILL)
    flow.flowing(30)
    process = lab.daemon(router)
    try:
        scene.wait_for(f"{router} answers", lambda: lab.show(router, "tunnels")["tunnels"][0]["up"])
        now = neighbours(lab, router)
        scene.expect(f"{router}'s neighbours of before", {a: now.get(a) for a in before}, before)
        scene.wait_for(f"{router} has its clients again",
                       lambda: {b["target"] for b in lab.show(router, "nhrp")["bindings"]} >= {f"{scene.spoke(n)}/32" for n in LANS})
        flow.flowing(30)
        flow.expect_nothing_lost(f"{router}'s whole daemon killed", 80)
    finally:
        process.terminate()
        process.wait()
    print(f"{router}'s whole daemon killed: nothing lost", flush=True)


def test(tool):
    tempfile.tempdir = "/dev/shm"  # the rest of the host's file system is read-only in the rig
    with KernelLab(tool, configs()) as lab:
        lab.wait_registered("spoke1", "spoke2", "spoke3")
        for n, address in LANS.items():
            lab.ip(f"spoke{n}-host", "addr", "add", f"{address}/24", "dev", "eth0")
        lab.ip("spoke2-host", "addr", "add", f"{DIRECT}/24", "dev", "eth0")
        scene.wait_for("spoke1 reaches spoke2", lambda: lab.ping("spoke1-host", LANS[2], 1), 30)
        what_is_shown(lab)
        mss_lowered(lab)
        reloaded(lab, "hub1")
        reloaded(lab, "spoke1")
        control_killed(lab, "hub1", lambda: None)
        scene.check("spoke1 knows spoke2 already", scene.spoke(2) not in neighbours(lab, "spoke1"))
        control_killed(lab, "spoke1", lambda: scene.Stream(lab, "spoke1-host", "spoke2-host", [DIRECT], RATE))
        # `lab fail blackhole` needs nftables, which the rig's kernel has not.
        hub_dies(lab, "black hole before hub1", *(lambda verb=verb: lab.ip("internet", "route", verb, "blackhole", f"{scene.HUB_NBMA}/32")
                                                  for verb in ("add", "del")))
        hub_dies(lab, "poweroff@hub1", *(lambda verb=verb: lab.fault(verb, "poweroff@hub1") for verb in ("fail", "heal")))
        daemon_killed(lab, "hub1")


scene.main(test)
