#!/usr/bin/env python3
"""A hub and a spoke with two uplinks, each in a VRF of its own, a protected tunnel by each: no packet with one uplink's
address is ever on the other, IKE and ESP included, while an uplink is cut and comes back and a control process dies.
Then a stop puts the kernel back. A second argument is for `--datapath`.

usage: vrfs.py DMVPN_TOOL [DATAPATH]
"""
import os
import re
import signal
import subprocess
import sys
import tempfile

import scene
from scene import check, expect, wait_for

DATAPATH = sys.argv.pop() if len(sys.argv) > 2 else "auto"
CRYPTO = scene.CRYPTO.replace("policy DMVPN\n", "policy DMVPN\n match fvrf any\n").replace("profile DMVPN\n match id", "profile DMVPN\n match fvrf any\n match id")
NETS = ("192.0.2.", "198.51.100.")
HOSTS = {"hub1": 2, "spoke1": 6}


def config(router):
    host, last = HOSTS[router], 1 if router == "hub1" else 11
    lan, other = ("10.1.0", "10.1.1") if router == "hub1" else ("10.1.1", "10.1.0")
    text = f"hostname {router}\n{CRYPTO}"
    for n, net in enumerate(NETS, 1):
        nhrp = " ip nhrp map multicast dynamic\n"
        if router != "hub1":
            nhrp = (f" ip nhrp nhs 10.10{n}.0.1 nbma {net}2 multicast\n ip nhrp registration timeout 2\n")
        text += f"""vrf definition ISP{n}
 address-family ipv4
 exit-address-family
interface GigabitEthernet0/{n - 1}
 vrf forwarding ISP{n}
 ip address {net}{host} 255.255.255.252
ip route vrf ISP{n} 0.0.0.0 0.0.0.0 {net}{host - 1}
interface Tunnel{n}
 ip address 10.10{n}.0.{last} 255.255.255.0
 ip mtu 1400
 ip nhrp network-id 10{n}
 ip nhrp holdtime 30
{nhrp} tunnel source GigabitEthernet0/{n - 1}
 tunnel mode gre multipoint
 tunnel key 10{n}
 tunnel vrf ISP{n}
 tunnel protection ipsec profile DMVPN
"""
    # The LANs by the second uplink, to have traffic on both.
    return text + f"""interface GigabitEthernet0/2
 ip address {lan}.1 255.255.255.0
ip route {other}.0 255.255.255.0 10.102.0.{11 if router == 'hub1' else 1}
"""


class OnPath(scene.Lab):
    def options(self):
        return [*super().options(), "--datapath", DATAPATH]


class Uplink:
    """What passes an uplink: packets with its own addresses, and those with the other's."""

    def __init__(self, lab, router, n):
        self.own, self.other = NETS[n], NETS[1 - n]
        self.out = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", lab.netns(router), "tcpdump", "-n", "-l", "-i", f"Gi0-{n}"],
            stdout=self.out, stderr=subprocess.PIPE, text=True)
        said = []
        for line in self.process.stderr:
            said.append(line)
            if "listening" in line:
                return
        raise AssertionError(f"tcpdump did not begin: {''.join(said)}")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.out.seek(0)
        lines = self.out.read().splitlines()
        return [x for x in lines if self.own in x], [x for x in lines if self.other in x]


def rules(lab, router):
    return sorted(x.split(":", 1)[1] for family in ("-4", "-6") for x in lab.ip(router, family, "rule").splitlines() if "proto 77" in x)


def up(lab, tunnel):
    return any(n["tunnel"] == tunnel and n["status"] == "UP" for n in lab.show("spoke1", "nhs")["nhs"])


def passes(lab, what):
    wait_for(f"{what} by the first uplink", lambda: lab.ping("spoke1", "10.101.0.1", 5, 0.1) == 5, 60)
    wait_for(f"{what} by the second uplink", lambda: lab.ping("hub1-host", "10.1.1.1", 5, 0.1) == 5, 60)


def exercise(lab):
    passes(lab, "traffic")
    lab.fault("fail", "uplink@spoke1")
    wait_for("traffic by the second uplink alone", lambda: lab.ping("hub1-host", "10.1.1.1", 5, 0.1) == 5, 30)
    lab.fault("heal", "uplink@spoke1")
    wait_for("the first uplink's registration", lambda: up(lab, "Tunnel1"), 60)
    passes(lab, "traffic after the return")
    lab.rekey("spoke1")
    before = rules(lab, "hub1")
    check("there are rules", any("192.0.2.2" in r for r in before), before)
    old = lab.pid("hub1", "control")
    os.kill(old, signal.SIGKILL)
    wait_for("the next control process", lambda: lab.pid("hub1", "control") != old and lab.show("hub1", "tunnels")["tunnels"])
    expect("the rules after its death", rules(lab, "hub1"), before)
    passes(lab, "traffic after that")


def stopped(lab):
    os.kill(lab.pid("hub1", "dmvpnd"), signal.SIGTERM)
    wait_for("all rules gone", lambda: not rules(lab, "hub1"))
    wait_for("all VRF devices gone", lambda: not lab.ip("hub1", "link", "show", "type", "vrf"))
    wait_for("the prefix back in the main table", lambda: "192.0.2.0/30 dev Gi0-0" in lab.ip("hub1", "route"))
    expect("routes left", [x for x in lab.ip("hub1", "route", "show", "table", "all").splitlines() if "proto 79" in x], [])


def test(tool):
    with OnPath(tool, {router: config(router) for router in HOSTS}) as lab:
        for tunnel in ("Tunnel1", "Tunnel2"):
            wait_for(f"{tunnel}'s registration", lambda tunnel=tunnel: up(lab, tunnel), 60)
        devices = re.findall(r"^\d+: (\w+):", lab.ip("hub1", "link", "show", "type", "vrf"), re.M)
        print(f"VRF devices: {devices}, data path {lab.show('hub1', 'tunnels')['tunnels'][0]['datapath']}")
        expect("the VRFs shown", [t["underlay_vrf"] for t in lab.show("hub1", "tunnels")["tunnels"]], ["ISP1", "ISP2"])
        wires = {(r, n): Uplink(lab, r, n) for r in HOSTS for n in (0, 1)}
        try:
            exercise(lab)
        finally:
            seen = {where: wire.stop() for where, wire in wires.items()}
        for where, (own, other) in seen.items():
            check(f"uplink {where} was used", len(own) > 10, len(own))
            expect(f"packets with the other uplink's address on {where}", other, [])
            check(f"IKE was seen on {where}", any("isakmp" in x for x in own))
            print(where, len(own), "packets,", sum("isakmp" in x for x in own), "of IKE")
        stopped(lab)


scene.main(test)
