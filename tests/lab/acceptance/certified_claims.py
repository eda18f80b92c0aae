#!/usr/bin/env python3
"""Overlay addresses that certificates name, where the hub insists on it. A spoke has what its certificate
names, and with a valid certificate claims nothing else: not a free address, not another spoke's. It
is told, the hub names it, nobody else notices; a certificate that names the address mends it. What an older
certificate gave is not kept by one that is newer. A restart of the hub's control process changes nothing, and nobody
has to show his certificate again.

usage: certified_claims.py DMVPN_TOOL
"""
import os
import re
import signal

import scene
from authority import Authority, certified

OWNER, CLAIMER = 1, 2
FREE = "10.100.0.77"
KNOB = " ip nhrp identity certificate\n"


def spoke(n, address=None):
    config = scene.spoke_config(n, " ip nhrp registration timeout 5\n")
    return certified(f"spoke{n}", config.replace(f"ip address {scene.spoke(n)} ", f"ip address {address or scene.spoke(n)} "))


def owners(lab):
    return {b["via"]: b["nbma"] for b in lab.show("hub1", "nhrp")["bindings"] if b["type"] != "local"}


def registered(lab, address):
    return any(b["via"] == address and "restored" not in b["flags"] for b in lab.show("hub1", "nhrp")["bindings"])


def ike_spis(lab, peer):
    """The initiator's SPI of each IKE_SA that the hub has with the spoke."""
    blocks = re.split(r"\n(?=\S)", lab.swanctl("hub1", "--list-sas"))
    return [spi for b in blocks if f"@ {peer}[" in b for spi in re.findall(r"([0-9a-f]{16})_i", b)]


def refusal(lab, address):
    return next((e["text"] for e in reversed(lab.show("hub1", "events")["events"]) if
                 e["mnemonic"] == "NHRP_REGISTRATION_REFUSED" and f"address={address} " in e["text"]), None)


def claim(lab, what, address):
    name = f"spoke{CLAIMER}"
    lab.configure(name, spoke(CLAIMER, address))
    lab.tool(name, "reload")
    text = scene.wait_for(f"the hub refuses {what}", lambda: refusal(lab, address), 20)
    for word in (f"identity={name} ", "administratively prohibited", "its certificate names other addresses"):
        scene.check(f"{what}: {word!r} is not in {text!r}", word in text)
    scene.wait_for("the claimer says why", lambda: "administratively prohibited" in lab.tool(name, "show", "nhs"))
    scene.wait_for("explain says so", lambda: f"identity={name} " in lab.tool("hub1", "explain", address))
    print(f"{what}: refused, {text}", flush=True)


def test(tool):
    configs = {"hub1": certified("hub1", scene.hub_config(KNOB)), **{f"spoke{n}": spoke(n) for n in (OWNER, CLAIMER)}}
    with scene.Lab(tool, configs, "certificates\n") as lab:
        lab.wait_registered(f"spoke{OWNER}", f"spoke{CLAIMER}")
        scene.check("refused at its first registration", "NHRP_REGISTRATION_REFUSED" not in lab.log("hub1"), lab.log("hub1"))
        stream = scene.Stream(lab, "hub1", f"spoke{OWNER}", [scene.spoke(OWNER)])
        claim(lab, "an address that is nobody's", FREE)
        claim(lab, "another spoke's address", scene.spoke(OWNER))
        scene.expect("the owner's entry", owners(lab).get(scene.spoke(OWNER)), scene.spoke_nbma(OWNER))
        scene.check("the hub has an entry of nobody's", FREE not in owners(lab), owners(lab))
        stream.flowing(100)
        stream.expect_nothing_lost("claims of another", 100)

        authority, name = Authority(lab), f"spoke{CLAIMER}"
        authority.issue(name, 86400, names=(FREE, "2001:db8::77"))
        lab.configure(name, spoke(CLAIMER, FREE))
        lab.tool(name, "reload")
        # It is shown when IKE authenticates next.
        lab.swanctl(name, "--terminate", "--force", "--ike", f"DMVPN@{scene.spoke_nbma(CLAIMER)}>{scene.HUB_NBMA}", check=False)
        scene.wait_for("a certificate that names the address mends it", lambda: owners(lab).get(FREE) == scene.spoke_nbma(CLAIMER), 30)
        claim(lab, "what an older certificate named", scene.spoke(CLAIMER))

        lab.configure(name, spoke(CLAIMER, FREE))
        lab.tool(name, "reload")
        lab.wait_registered(name)
        owner = ike_spis(lab, scene.spoke_nbma(OWNER))
        scene.check("no IKE_SA with the owner", owner, lab.swanctl("hub1", "--list-sas"))
        os.kill(lab.pid("hub1", "control"), signal.SIGKILL)
        scene.wait_for("the hub is back with what its spokes may have", lambda: owners(lab) ==
                       {scene.spoke(OWNER): scene.spoke_nbma(OWNER), FREE: scene.spoke_nbma(CLAIMER)}, 30)
        scene.wait_for("the owner registers again", lambda: registered(lab, scene.spoke(OWNER)), 30)
        scene.expect("the IKE_SA with the owner", ike_spis(lab, scene.spoke_nbma(OWNER)), owner)


scene.main(test)
