#!/usr/bin/env python3
"""Who may claim what. A spoke with valid credentials that registers another spoke's tunnel address,
a hub's or one that the configuration gives to somebody else is refused and named, and costs the
owner nothing; a spoke that comes from another address of its own is back within a second.

usage: claims.py DMVPN_TOOL
"""
import socket
import struct
import threading
import time

import scene

HUB2, HUB2_NBMA = "10.100.0.2", "192.0.2.6"
VICTIM, CLAIMER, MOVER, ABSENT = 1, 2, 3, 4
MOVED = {"gateway": "198.51.100.129", "address": "198.51.100.130"}


def named(name, config):
    """Protected, with the router's name as its identity."""
    crypto = scene.CRYPTO.replace("match identity remote address 0.0.0.0",
                                  f"match identity remote any\n identity local fqdn {name}")
    return scene.protected(config, crypto)


def spoke(n, address=None, nhs=(scene.HUB, scene.HUB_NBMA)):
    # Nobody registers with an NHS whose address is his own, unless the NHS's address is still to be found out.
    config = scene.spoke_config(n, " ip nhrp registration timeout 5\n").replace(
        f"nhs {scene.HUB} nbma {scene.HUB_NBMA}", f"nhs {nhs[0] if nhs[0] != address else 'dynamic'} nbma {nhs[1]}")
    return named(f"spoke{n}", config.replace(f"ip address {scene.spoke(n)} ", f"ip address {address or scene.spoke(n)} "))


def configs():
    bound = (f" ip nhrp identity fqdn spoke{ABSENT} address {scene.spoke(ABSENT)}\n"
             f" ip nhrp map {HUB2} {HUB2_NBMA}\n")
    hub2 = scene.hub_config(f" ip nhrp map {scene.HUB} {scene.HUB_NBMA}\n").replace("hub1", "hub2").replace(
        f"ip address {scene.HUB_NBMA}", f"ip address {HUB2_NBMA}").replace(
        "192.0.2.1\n", "192.0.2.5\n").replace(f"ip address {scene.HUB} ", f"ip address {HUB2} ")
    return {"hub1": named("hub1", scene.hub_config(bound)), "hub2": named("hub2", hub2),
            **{f"spoke{n}": spoke(n) for n in (VICTIM, CLAIMER, MOVER)}}


def refusals(lab, hub, address):
    return [e["text"] for e in lab.show(hub, "events")["events"] if e["mnemonic"] == "NHRP_REGISTRATION_REFUSED" and
            f"address={address} " in e["text"]]


def claim(lab, what, address, reason, hub="hub1", nhs=(scene.HUB, scene.HUB_NBMA)):
    lab.configure(f"spoke{CLAIMER}", spoke(CLAIMER, address, nhs))
    lab.tool(f"spoke{CLAIMER}", "reload")
    text = scene.wait_for(f"{hub} refuses {what}", lambda: refusals(lab, hub, address), 20)[-1]
    for word in (f"identity=spoke{CLAIMER} ", f"nbma={scene.spoke_nbma(CLAIMER)}", reason):
        scene.check(f"{what}: {word!r} is not in {text!r}", word in text)
    scene.wait_for(f"the claimer says why it may not have {what}", lambda: reason in
                   lab.tool(f"spoke{CLAIMER}", "show", "nhs"))
    scene.wait_for(f"explain says so at {hub}", lambda: f"identity=spoke{CLAIMER} " in lab.tool(hub, "explain", address))
    print(f"{what}: refused, {text}", flush=True)


def owners(lab, hub="hub1"):
    return {b["via"]: b["nbma"] for b in lab.show(hub, "nhrp")["bindings"] if b["type"] != "local"}


class FirstPacket(threading.Thread):
    """When the internet first saw a packet from that address."""

    def __init__(self, lab, address):
        super().__init__(daemon=True)
        self.address, self.when = socket.inet_aton(address), None
        self.socket = scene.socket_in(lab.netns("internet"), socket.AF_PACKET, socket.SOCK_DGRAM, 0x0008)
        self.start()

    def run(self):
        while self.when is None:
            packet = self.socket.recv(64)
            if packet[12:16] == self.address and packet[9] == socket.IPPROTO_UDP:
                self.when = time.monotonic()
        self.socket.close()


def move(lab):
    """The mover gets another address from its provider."""
    name, uplink = f"spoke{MOVER}", "Gi0-0"
    far = lab.exec("internet", "ip", "-o", "addr", "show", "to", f"198.51.100.{4 * MOVER + 1}").split()[1]
    lab.ip("internet", "addr", "add", f"{MOVED['gateway']}/30", "dev", far)
    first = FirstPacket(lab, MOVED["address"])
    stream = scene.Stream(lab, "hub1", name, [scene.spoke(MOVER)], 200)
    stream.flowing()
    lab.ip(name, "addr", "flush", "dev", uplink)
    lab.ip(name, "addr", "add", f"{MOVED['address']}/30", "dev", uplink)
    lab.ip(name, "route", "replace", "default", "via", MOVED["gateway"])
    scene.wait_for("the hub has the new binding", lambda: owners(lab)[scene.spoke(MOVER)] == MOVED["address"], 20)
    stream.flowing(100)
    stream.stop()
    back = min(t for t in stream.received.values() if t > first.when) - first.when
    print(f"spoke{MOVER} moved: traffic {back * 1000:.0f} ms after its first packet from there, "
          f"{stream.longest_silence():.1f} s of silence in all", flush=True)
    scene.check(f"back only {back:.2f} s after its first packet from the new address", back < 1)
    scene.expect("entries of the mover", [nbma for via, nbma in owners(lab).items() if via == scene.spoke(MOVER)],
                 [MOVED["address"]])


def test(tool):
    with scene.Lab(tool, configs()) as lab:
        lab.wait_registered(*[f"spoke{n}" for n in (VICTIM, CLAIMER, MOVER)])
        lab.ip(f"spoke{VICTIM}-host", "addr", "add", f"10.1.{VICTIM}.100/24", "dev", "eth0")
        victim = scene.Stream(lab, "hub1", f"spoke{VICTIM}", [scene.spoke(VICTIM)])
        back = scene.Stream(lab, f"spoke{VICTIM}", "hub1", [scene.HUB])
        before = {via: nbma for via, nbma in owners(lab).items() if via != scene.spoke(CLAIMER)}
        claim(lab, "another spoke's address", scene.spoke(VICTIM), "unique address already registered")
        claim(lab, "the hub's own address", scene.HUB, "administratively prohibited")
        claim(lab, "another hub's address", HUB2, "administratively prohibited")
        claim(lab, "the other hub's address at the second hub", scene.HUB, "administratively prohibited", "hub2",
              (HUB2, HUB2_NBMA))
        claim(lab, "an address that is bound to an identity", scene.spoke(ABSENT), "administratively prohibited")
        now = owners(lab)
        scene.expect("the hub's entries of the others", {via: now.get(via) for via in before}, before)
        for s in (victim, back):
            s.flowing(200)
            s.expect_nothing_lost("claims of another", 200)
        move(lab)


scene.main(test)
