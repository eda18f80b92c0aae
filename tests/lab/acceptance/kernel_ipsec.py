#!/usr/bin/env python3
"""Protected tunnels where the kernel has both GRE and ESP: charon's SAs and policies carry them, and nothing leaves in clear.

A capture between the routers runs over first flows and shortcuts, the end of a session that traffic goes by, the death of
the control process, of charon, and of a whole daemon, and a router whose policies of charon's are all taken away. At last the blocks go too:
then the capture must see GRE, so it would have seen it before. With a second argument for `--datapath`, as hub1=user,*=kernel, the two data
paths work together.

usage: tests/lab/kernel-rig kernel_ipsec.py DMVPN_TOOL [DATAPATH]
"""
import contextlib
import os
import re
import signal
import sys
import tempfile

import scene
from helpers import says

LANS = {n: f"10.1.{n}.100" for n in (1, 2)}
PATIENCE_S = 60  # of a machine with one slow processor
RATE = 50  # packets/s: likewise
# Whom a new charon calls sends by what they have agreed on before that charon has heard so.
RENEWED_LOSS = 2  # seconds of it, on a machine that others use too
DATAPATH = sys.argv.pop() if len(sys.argv) > 2 else "kernel"


class KernelLab(scene.Lab):
    def options(self):
        return [*super().options(), "--datapath", DATAPATH]

    def print_drops(self):
        super().print_drops()
        for router in self.configs:
            for words in (("ip", "-s", "xfrm", "state"), ("ip", "xfrm", "policy"), ("grep", "-v", "[^0-9]0$", "/proc/net/xfrm_stat"),
                          ("ip", "neigh", "show", "dev", "Tunnel0"), ("ip", "route", "show", "table", "all", "scope", "global")):
                out = re.sub(r"(?m)^\s*(aead|enc|auth\S*) (\S+) 0x\S+", r"\t\1 \2", self.exec(router, *words, check=False))
                print(f"--- {router}: {' '.join(words)}\n{out}", flush=True)


def configs():
    """Of BGP nothing is wanted here but routes, however slow the machine."""
    return {name: scene.protected(text.replace("timers 1 3", "timers 5 30")) for name, text in {
        "hub1": scene.hub_config(" ip nhrp redirect\n", scene.HUB_BGP),
        **{f"spoke{n}": scene.spoke_config(n, " ip nhrp shortcut\n", scene.spoke_bgp(n)) for n in LANS}}.items()}


def tunnel_address(router):
    return scene.HUB if router == "hub1" else scene.spoke(int(router[5:]))


def policies(lab, router):
    return lab.ip(router, "xfrm", "policy", "show")


def is_kernel(lab, router):
    return lab.show(router, "tunnels")["tunnels"][0]["datapath"] == "kernel"


def reaches(lab, what, n=1):
    scene.wait_for(what, lambda: lab.ping(f"spoke{n}-host", LANS[3 - n], 1), PATIENCE_S)


def one_pair_each(lab, router):
    """Nothing is under way: each of its sessions has an IKE_SA and a pair of SAs."""
    sessions = lab.show(router, "ipsec")["sessions"]
    return [(s["status"], s["ike_sas"], len(s["sas"])) for s in sessions] == [("UP-ACTIVE", 1, 2)] * 2


def settled(lab):
    lab.wait_registered("spoke1", "spoke2")
    for n in LANS:
        reaches(lab, f"spoke{n} reaches the other LAN", n)
        scene.wait_for(f"spoke{n} goes direct", lambda n=n: lab.ping(f"spoke{n}-host", LANS[3 - n], 1)
                       and "10.1." in lab.shortcuts(f"spoke{n}"), PATIENCE_S)
    if DATAPATH == "kernel":
        for router in lab.configs:
            scene.wait_for(f"{router} has one pair with each", lambda router=router: one_pair_each(lab, router), PATIENCE_S)


def what_is_installed(lab):
    for router, peers in (("hub1", 2), ("spoke1", 2), ("spoke2", 2)):
        if not is_kernel(lab, router):
            continue
        shown = policies(lab, router)
        scene.expect(f"{router}'s blocks", shown.count("action block"), 2)
        scene.check(f"{router}'s policies require ESP", shown.count("proto esp") >= 2 * peers, shown)
        scene.expect(f"{router}'s sessions", [s["state"] for s in lab.show(router, "ipsec")["sessions"]], ["UP"] * peers)
    print("policies and blocks are there", flush=True)


def spis(lab, router):
    """Of the SAs of its sessions, as the daemon tells."""
    return {s["spi"] for session in lab.show(router, "ipsec")["sessions"] for s in session["sas"]}


def kernel_spis(lab, router):
    return set(re.findall(r"proto esp spi 0x([0-9a-f]{8})", lab.ip(router, "xfrm", "state", "show")))


def sas(lab, router):
    """The same where nothing is under way: then the kernel has them all."""
    shown, there = spis(lab, router), kernel_spis(lab, router)
    scene.check(f"{router}'s kernel has the SAs {shown} among {there}", shown and shown <= there)
    return shown


def what_is_counted(lab):
    for router in filter(lambda r: is_kernel(lab, r), ("hub1", "spoke1")):
        for session in lab.show(router, "ipsec")["sessions"]:
            sending = [s for s in session["sas"] if s["sending"]]
            scene.expect(f"{router}'s SAs that send to {session['peer']}", [s["direction"] for s in sending], ["out"])
            scene.check(f"{router} has received from {session['peer']}", sum(s["packets"] for s in session["sas"] if s["direction"] == "in") > 0)
            scene.check(f"{router}'s SAs to {session['peer']} are live", {s["state"] for s in session["sas"]} == {"live"}, session)
            scene.check("their suite", {s["suite"] for s in session["sas"]} == {"AES-GCM-16-128"}, session)
        says(lab.tool(router, "show", "tunnels"), "Datapath:kernel (asked for)")
    print("SAs are shown and counted", flush=True)


def streams(lab, router):
    """Between the spokes' LANs, and between a spoke and the hub, whichever of them `router` is."""
    flows = [scene.Stream(lab, "spoke1-host", "spoke2-host", [LANS[2]], RATE), scene.Stream(lab, "spoke2", "hub1", [scene.HUB], RATE),
             scene.Stream(lab, "hub1", "spoke1", [scene.spoke(1)], RATE)]
    for flow in flows:
        flow.flowing()
    return flows


def control_dies(lab, router):
    """The next one knows the SAs from its first word on. Nothing is lost, unless a peer (on a starved machine) doubts and renews them."""
    settled(lab)
    before, flows, old = sas(lab, router), streams(lab, router), lab.pid(router, "control")
    os.kill(old, signal.SIGKILL)
    scene.wait_for(f"{router}'s control process is back", lambda: lab.pid(router, "control") != old, PATIENCE_S)
    scene.wait_for(f"{router}'s SAs are known to it", lambda: spis(lab, router) == kernel_spis(lab, router), PATIENCE_S)
    scene.wait_for(f"{router}'s sessions are known to it", lambda: {s["status"] for s in lab.show(router, "ipsec")["sessions"]} == {"UP-ACTIVE"},
                   PATIENCE_S)
    for flow in flows:
        flow.flowing(50)
    if spis(lab, router) != before:
        renewed(flows, f"{router}'s control process killed, SAs renewed")
        return
    for flow in flows:
        flow.expect_nothing_lost(f"{router}'s control process killed", 70)
    print(f"{router}'s control process killed: nothing lost", flush=True)


def renewed(flows, what):
    """Nothing was lost but for the moment of the change of SAs."""
    for flow in flows:
        flow.flowing(50)
        lost, silence = flow.stop(), flow.longest_silence()
        print(f"{what}: {flow.name}: {len(lost)} of {len(flow.sent)} packets lost, silent for {1000 * silence:.0f} ms", flush=True)
        scene.check(f"{what}: {flow.name}: {len(lost)} lost", len(lost) <= RENEWED_LOSS * RATE)


def end(process):
    process.terminate()
    process.wait()


def daemon_dies(lab, router, ends):
    """The kernel goes on by the SAs that it has, and the next daemon takes them up until they are renewed."""
    settled(lab)
    before, flows = sas(lab, router), streams(lab, router)
    os.kill(lab.pid(router, "dmvpnd"), signal.SIGKILL)
    scene.wait_for(f"{router}'s charon is gone", lambda: lab.charon(router) == -1, PATIENCE_S)
    for flow in flows:
        flow.flowing(50)
    process = lab.daemon(router)
    ends.callback(end, process)
    adopted = spis(lab, router)
    scene.check(f"{router} has taken up its SAs", before <= adopted, (before, adopted))
    scene.wait_for(f"{router}'s sessions are renewed", lambda: all(s["status"] == "UP-ACTIVE" for s in lab.show(router, "ipsec")["sessions"]),
                   PATIENCE_S)
    scene.wait_for(f"{router}'s old SAs are gone", lambda: not before & spis(lab, router), PATIENCE_S)
    renewed(flows, f"{router}'s whole daemon killed")


def session_ends(lab):
    """spoke1's charon ends what it has with everybody while there is traffic; a session that is wanted begins anew."""
    lab.swanctl("spoke1", "--terminate", "--ike", "*", "--force", check=False)
    for name in sorted(set(lab.children("spoke1"))):
        lab.swanctl("spoke1", "--terminate", "--child", name, "--force", check=False)
    lab.ping("spoke1-host", LANS[2], 50)
    reaches(lab, "spoke1 reaches spoke2 again after its sessions were ended")
    print("sessions ended and begun anew", flush=True)


def charon_dies(lab, router):
    settled(lab)
    old, flows = lab.charon(router), streams(lab, router)
    scene.check(f"{router} has a charon", old > 0)
    os.kill(old, signal.SIGKILL)
    scene.wait_for(f"charon of {router} is back", lambda: lab.charon(router) not in (-1, old), PATIENCE_S)
    scene.wait_for(f"{router} has security associations again", lambda: lab.children(router), PATIENCE_S)
    renewed(flows, f"{router}'s charon killed")


def charon_stays_away(lab, router, other):
    """What comes in UDP goes on being taken out of it while nobody starts another charon."""
    for sender, receiver in ((other, router), (router, other)):
        scene.wait_for(f"{sender} reaches {receiver}", lambda s=sender, r=receiver: lab.ping(s, tunnel_address(r), 3) == 3, PATIENCE_S)
    flows = [scene.Stream(lab, other, router, [tunnel_address(router)], RATE), scene.Stream(lab, router, other, [tunnel_address(other)], RATE)]
    for flow in flows:
        flow.flowing()
    keeper, old = lab.pid(router, "dmvpnd"), lab.charon(router)
    os.kill(keeper, signal.SIGSTOP)
    try:
        os.kill(old, signal.SIGKILL)
        scene.wait_for(f"{router}'s charon is gone", lambda: lab.charon(router) == -1, PATIENCE_S)
        for flow in flows:
            flow.flowing(100)
        for flow in flows:
            flow.expect_nothing_lost(f"{router} without a charon, ESP in UDP", 100)
    finally:
        os.kill(keeper, signal.SIGCONT)
    scene.wait_for(f"charon of {router} is back", lambda: lab.charon(router) not in (-1, old), PATIENCE_S)
    scene.wait_for(f"{router} has security associations again", lambda: lab.children(router), PATIENCE_S)
    print(f"{router} without a charon: ESP in UDP went on", flush=True)


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


def processes_die(lab, ends):
    for router in ("spoke1", "hub1"):
        control_dies(lab, router)
    for router in ("spoke1", "hub1"):
        charon_dies(lab, router)
    daemon_dies(lab, "hub1", ends)


def without_blocks(lab, router):
    wire = scene.Wire(lab)
    lab.ip(router, "xfrm", "policy", "flush")
    lab.ping(f"{router}-host", LANS[2], 20)
    scene.check("the capture sees GRE when the blocks are gone", wire.stop()["gre"] > 0)


def test(tool):
    tempfile.tempdir = "/dev/shm"  # the rest of the host's file system is read-only in the rig
    with KernelLab(tool, configs()) as lab, contextlib.ExitStack() as ends:
        wire = scene.Wire(lab)
        for n, address in LANS.items():
            lab.ip(f"spoke{n}-host", "addr", "replace", f"{address}/24", "dev", "eth0")
        settled(lab)
        what_is_installed(lab)
        what_is_counted(lab)
        session_ends(lab)
        if DATAPATH == "kernel":
            processes_die(lab, ends)
        else:
            charon_stays_away(lab, *(("hub1", "spoke1") if is_kernel(lab, "hub1") else ("spoke1", "hub1")))
        if is_kernel(lab, "spoke1"):
            without_charon(lab, "spoke1")
        counts = wire.stop()
        print(f"on the wire: {counts}", flush=True)
        scene.expect("GRE packets outside of ESP", counts["gre"], 0)
        scene.check("ESP was seen", counts["esp in udp"] + counts["esp"] > 50)
        if is_kernel(lab, "spoke1"):
            without_blocks(lab, "spoke1")


scene.main(test)
