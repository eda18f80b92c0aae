#!/usr/bin/env python3
"""Two spokes behind one NAT whose mappings change again and again while keys are renewed, and a third that talks with
both: what is for one never comes out at the other, and everybody talks again after each time.

usage: rebindings.py DMVPN_TOOL
"""
import re
import socket
import struct
import subprocess
import time

import scene
from two_behind_nat import NAT, configs

ROUNDS = 20
BOX = "nat1"


class Box:
    """The NAT box: it forgets its mappings, and takes other ports from then on."""

    def __init__(self, lab):
        self.netns, self.first = lab.netns(BOX), 20000
        self.outside = re.search(r'oifname "([^"]+)" masquerade', lab.exec(BOX, "nft", "list", "table", "ip", "lab")).group(1)
        self.conntrack = scene.socket_in(self.netns, socket.AF_NETLINK, socket.SOCK_RAW, 12)  # NETLINK_NETFILTER
        self.conntrack.settimeout(5)

    def nft(self, rules):
        subprocess.run(["ip", "netns", "exec", self.netns, "nft", "-f", "-"], input=rules, text=True, check=True, timeout=30)

    def forget(self):
        """IPCTNL_MSG_CT_DELETE of everything, and its answer."""
        self.conntrack.send(struct.pack("=IHHII", 20, 1 << 8 | 2, 5, 1, 0) + bytes(4))
        answer = self.conntrack.recv(4096)
        scene.expect("the kernel's answer", struct.unpack("=HxxIIi", answer[4:20])[3], 0)

    def rebind(self):
        self.first += 1000
        translate = f'add rule ip lab translate oifname "{self.outside}"'
        self.nft("flush chain ip lab translate\n"
                 f"{translate} meta l4proto udp masquerade to :{self.first}-{self.first + 999}\n{translate} masquerade\n")
        self.forget()

    def ports(self, lab, hub):
        """From which it sends to the hub's UDP 4500, as the hub knows."""
        return set(re.findall(r"\[(\d+)\]", lab.swanctl(hub, "--list-sas")))


def forget_peers(lab, router):
    """All its SAs go at once: whoever authenticates first has nobody beside him."""
    for number in re.findall(r"^\S+: #(\d+), ESTABLISHED", lab.swanctl(router, "--list-sas"), re.M):
        lab.swanctl(router, "--terminate", "--ike-id", number, "--force")


def test(tool):
    lans = {n: f"10.1.{n}.100" for n in (1, 2, 3)}
    with scene.Lab(tool, configs(), NAT) as lab:
        lab.wait_registered("spoke1", "spoke2", "spoke3")
        for n, address in lans.items():
            lab.ip(f"spoke{n}-host", "addr", "add", f"{address}/24", "dev", "eth0")
        pairs = [(1, 3), (2, 3), (3, 1), (3, 2), (1, 2), (2, 1)]
        for a, b in pairs:
            scene.wait_for(f"spoke{a} reaches spoke{b}'s LAN", lambda a=a, b=b: lab.ping(f"spoke{a}-host", lans[b], 1), 30)
        strays = scene.Strays(lab, {f"spoke{n}": f"10.1.{n}.0/24" for n in lans})
        running = [scene.Stream(lab, f"spoke{a}-host", f"spoke{b}-host", [lans[b]], 50) for a, b in pairs]
        for s in running:
            s.flowing()
        box, began = Box(lab), time.monotonic()
        for number in range(ROUNDS):
            before = {spoke: lab.swanctl(spoke, "--list-sas") for spoke in ("spoke1", "spoke2", "spoke3")}
            lab.rekey(f"spoke{number % 3 + 1}")
            box.rebind()
            lab.rekey(f"spoke{(number + 1) % 3 + 1}")
            lab.rekey(f"spoke{(number + 2) % 3 + 1}")
            for spoke in before:
                scene.wait_for(f"{spoke}'s rekey {number + 1}",
                               lambda spoke=spoke: lab.swanctl(spoke, "--list-sas") != before[spoke], 30)
            low = box.first
            scene.wait_for(f"rebinding {number + 1} is seen at the hub",
                           lambda low=low: any(low <= int(p) < low + 1000 for p in box.ports(lab, "hub1")), 30)
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
