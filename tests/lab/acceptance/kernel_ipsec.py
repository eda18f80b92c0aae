#!/usr/bin/env python3
"""Protected tunnels where the kernel has both GRE and ESP: charon's SAs and policies carry them, and nothing leaves in clear.

A capture between the routers runs over first flows and shortcuts, the end of a session that traffic goes by, the death of
charon, and a router whose policies of charon's are all taken away. At last the blocks go too: then the capture must see
GRE, so it would have seen it before. With a second argument for `--datapath`, as hub1=user,*=kernel, the two data
paths work together.

usage: tests/lab/kernel-rig kernel_ipsec.py DMVPN_TOOL [DATAPATH]
"""
import os
import signal
import sys
import tempfile

import scene

LANS = {n: f"10.1.{n}.100" for n in (1, 2)}
PATIENCE_S = 60  # of a machine with one slow processor
DATAPATH = sys.argv.pop() if len(sys.argv) > 2 else "kernel"


class KernelLab(scene.Lab):
    def options(self):
        return [*super().options(), "--datapath", DATAPATH]


def configs():
    return {name: scene.protected(text) for name, text in {
        "hub1": scene.hub_config(" ip nhrp redirect\n", scene.HUB_BGP),
        **{f"spoke{n}": scene.spoke_config(n, " ip nhrp shortcut\n", scene.spoke_bgp(n)) for n in LANS}}.items()}


def policies(lab, router):
    return lab.ip(router, "xfrm", "policy", "show")


def is_kernel(lab, router):
    return lab.show(router, "tunnels")["tunnels"][0]["datapath"] == "kernel"


def reaches(lab, what, n=1):
    scene.wait_for(what, lambda: lab.ping(f"spoke{n}-host", LANS[3 - n], 1), PATIENCE_S)


def settled(lab):
    lab.wait_registered("spoke1", "spoke2")
    for n, address in LANS.items():
        lab.ip(f"spoke{n}-host", "addr", "replace", f"{address}/24", "dev", "eth0")
    for n in LANS:
        reaches(lab, f"spoke{n} reaches the other LAN", n)
        scene.wait_for(f"spoke{n} goes direct", lambda n=n: lab.ping(f"spoke{n}-host", LANS[3 - n], 1)
                       and "10.1." in lab.shortcuts(f"spoke{n}"), PATIENCE_S)


def what_is_installed(lab):
    for router, peers in (("hub1", 2), ("spoke1", 2), ("spoke2", 2)):
        if not is_kernel(lab, router):
            continue
        shown = policies(lab, router)
        scene.expect(f"{router}'s blocks", shown.count("action block"), 2)
        scene.check(f"{router}'s policies require ESP", shown.count("proto esp") >= 2 * peers, shown)
        scene.expect(f"{router}'s sessions", [s["state"] for s in lab.show(router, "ipsec")["sessions"]], ["UP"] * peers)
    print("policies and blocks are there", flush=True)


def session_ends(lab):
    """spoke1's charon ends what it has with everybody while there is traffic; a session that is wanted begins anew."""
    lab.swanctl("spoke1", "--terminate", "--ike", "*", "--force", check=False)
    for name in sorted(set(lab.children("spoke1"))):
        lab.swanctl("spoke1", "--terminate", "--child", name, "--force", check=False)
    lab.ping("spoke1-host", LANS[2], 50)
    reaches(lab, "spoke1 reaches spoke2 again after its sessions were ended")
    print("sessions ended and begun anew", flush=True)


def charon_dies(lab, router):
    old = lab.charon(router)
    scene.check(f"{router} has a charon", old > 0)
    os.kill(old, signal.SIGKILL)
    lab.ping("spoke1-host", LANS[2], 20)
    scene.wait_for(f"charon of {router} is back", lambda: lab.charon(router) not in (-1, old), PATIENCE_S)
    scene.wait_for(f"{router} has security associations again", lambda: lab.children(router), PATIENCE_S)
    reaches(lab, f"spoke1 reaches spoke2 after {router}'s charon died")
    print(f"{router}'s charon killed and back", flush=True)


def without_charon(lab, router):
    """Neither SAs nor charon's policies: only the blocks stand between the tunnel and the wire."""
    charon = lab.charon(router)
    os.kill(charon, signal.SIGSTOP)
    lab.ip(router, "xfrm", "state", "flush")
    words = None
    for line in policies(lab, router).splitlines() + ["src end"]:
        if line.startswith("src "):
            if words and "gre" in words and "0.0.0.0/0" not in words:
                lab.ip(router, "xfrm", "policy", "delete", *words, check=False)
            words = line.split()
        elif line.strip().startswith("dir "):
            words += line.split()[:2]
    left = policies(lab, router)
    scene.expect(f"what is left of {router}'s policies", (left.count("action block"), left.count("proto esp")), (2, 0))
    lab.ping(f"{router}-host", LANS[2], 50)
    return charon


def test(tool):
    tempfile.tempdir = "/dev/shm"  # the rest of the host's file system is read-only in the rig
    with KernelLab(tool, configs()) as lab:
        wire = scene.Wire(lab)
        settled(lab)
        what_is_installed(lab)
        session_ends(lab)
        for router in ("spoke1", "hub1"):
            charon_dies(lab, router)
        without_charon(lab, "spoke1")
        counts = wire.stop()
        print(f"on the wire: {counts}", flush=True)
        scene.expect("GRE packets outside of ESP", counts["gre"], 0)
        scene.check("ESP was seen", counts["esp in udp"] + counts["esp"] > 50)
        wire = scene.Wire(lab)
        lab.ip("spoke1", "xfrm", "policy", "flush")
        lab.ping("spoke1-host", LANS[2], 20)
        scene.check("the capture sees GRE when the blocks are gone", wire.stop()["gre"] > 0)


scene.main(test)
