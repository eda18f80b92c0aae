#!/usr/bin/env python3
"""A peer that knows plain GRE and no NHRP, mapped statically at the hub, works beside peers
that register: for the hub, for a spoke, and for what lies behind it.

The peer is a few lines of this script on a raw socket, in a namespace of its own.

usage: static_peer.py DMVPN_TOOL
"""
import ipaddress
import socket
import struct
import threading

import scene

PEER, PEER_NBMA = "10.100.0.9", "203.0.113.2"
BEHIND = "10.9.0.1"
PEER_CONFIG = f"""hostname peer
interface GigabitEthernet0/0
 ip address {PEER_NBMA} 255.255.255.252
ip route 0.0.0.0 0.0.0.0 203.0.113.1
end
"""
GRE_IPV4 = 0x0800


def configs():
    return {"hub1": scene.hub_config(f" ip nhrp redirect\n ip nhrp map {PEER} {PEER_NBMA}\n",
                                     f"ip route 10.9.0.0 255.255.255.0 {PEER}\n"
                                     f"ip route 10.1.1.0 255.255.255.0 {scene.spoke(1)}\n"),
            "spoke1": scene.spoke_config(1, " ip nhrp shortcut\n", f"ip route 10.9.0.0 255.255.255.0 {scene.HUB}\n"),
            "peer": PEER_CONFIG}


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class GrePeer:
    """Answers echo requests inside GRE, to where they came from."""

    def __init__(self, lab):
        self.socket = scene.socket_in(lab.netns("peer"), socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_GRE)
        self.answered = {}
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            packet, (sender, _) = self.socket.recvfrom(65535)
            gre = packet[(packet[0] & 15) * 4:]
            flags, protocol = struct.unpack("!HH", gre[:4])
            # NHRP's indications and questions, which it gets like any peer, it does not know.
            if flags == 0 and protocol == GRE_IPV4:
                self._answer(gre[4:], sender)

    def _answer(self, inner, sender):
        source, destination, echo = inner[12:16], inner[16:20], inner[20:]
        mine = {ipaddress.ip_address(a).packed for a in (PEER, BEHIND)}
        if inner[0] != 0x45 or inner[9] != socket.IPPROTO_ICMP or destination not in mine or echo[0] != 8:
            return
        echo = bytes([0, 0, 0, 0]) + echo[4:]
        padded = echo + b"\0" * (len(echo) % 2)
        echo = echo[:2] + struct.pack("!H", checksum(padded)) + echo[4:]
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(echo), 0, 0, 64, socket.IPPROTO_ICMP, 0) + destination + source
        head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
        self.socket.sendto(struct.pack("!HH", 0, GRE_IPV4) + head + echo, (sender, 0))
        self.answered[sender] = self.answered.get(sender, 0) + 1


def test(tool):
    with scene.Lab(tool, configs()) as lab:
        peer = GrePeer(lab)
        lab.wait_registered("spoke1")
        for r, lan in (("hub1", "10.9.0.0/24"), ("hub1", "10.1.1.0/24"), ("spoke1", "10.9.0.0/24")):
            scene.wait_for(f"{r}'s route to {lan}", lambda r=r, lan=lan: lan in lab.ip(r, "route"))
        scene.expect("pings hub -> peer", lab.ping("hub1", PEER), 10)
        scene.expect("answers of the peer to the hub", peer.answered, {scene.HUB_NBMA: 10})
        scene.expect("pings hub -> behind the peer", lab.ping("hub1", BEHIND), 10)
        scene.expect("pings spoke -> peer", lab.ping("spoke1", PEER, 50), 50)
        scene.expect("pings spoke's LAN -> behind the peer", lab.ping("spoke1-host", BEHIND, 50), 50)
        scene.expect("pings hub -> spoke, beside it", lab.ping("hub1", scene.spoke(1)), 10)
        states = {p["address"]: (p["state"], p["attributes"]) for p in lab.show("hub1", "dmvpn")["peers"]}
        scene.expect("the hub's peers", states, {PEER: ("UP", "S"), scene.spoke(1): ("UP", "D")})


scene.main(test)
