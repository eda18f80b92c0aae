#!/usr/bin/env python3
"""Reload under traffic, by the tool and by SIGHUP: a tunnel comes, a hold time changes, an NHS
goes, the tunnel goes again, and not a packet is lost on the tunnel that stays. A file that is
refused changes nothing, says why with file and line, and the tool exits 1.

usage: reload.py DMVPN_TOOL
"""
import os
import signal
import subprocess

import scene

HUB2, HUB2_NBMA = "10.100.0.2", "192.0.2.6"
NHS2 = f" ip nhrp nhs {HUB2} nbma {HUB2_NBMA} multicast\n"
TUNNEL1 = """interface Tunnel1
 ip address 10.101.0.11 255.255.255.0
 ip nhrp network-id 101
 tunnel source GigabitEthernet0/0
 tunnel mode gre multipoint
 tunnel key 101
"""


def spoke1(tunnel=NHS2, more=""):
    return scene.spoke_config(1, tunnel, f"ip route 10.1.2.0 255.255.255.0 {scene.HUB}\n{more}")


def configs():
    lans = "".join(f"ip route 10.1.{n}.0 255.255.255.0 {scene.spoke(n)}\n" for n in (1, 2))
    hub2 = scene.hub_config().replace("hub1", "hub2").replace(scene.HUB_NBMA, HUB2_NBMA)
    return {"hub1": scene.hub_config("", lans),
            "hub2": hub2.replace("192.0.2.1\n", "192.0.2.5\n").replace(scene.HUB, HUB2),
            "spoke1": spoke1(),
            "spoke2": scene.spoke_config(2, "", f"ip route 10.1.1.0 255.255.255.0 {scene.HUB}\n")}


def reload(lab):
    """The tool's exit code and words."""
    done = subprocess.run([lab.tool_path, "reload", "--socket", lab.control_socket("spoke1")],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def hangup(lab):
    os.kill(lab.pid("spoke1", "dmvpnd"), signal.SIGHUP)


def hold_at(lab, hub):
    bindings = lab.show(hub, "nhrp")["bindings"]
    return max((b["expires_s"] for b in bindings if b["type"] == "dynamic" and b["via"] == scene.spoke(1)), default=0)


def change(lab):
    lab.configure("spoke1", spoke1(more=TUNNEL1))
    scene.expect("reload with a tunnel more", reload(lab)[0], 0)
    scene.wait_for("Tunnel1 is up", lambda: [t["up"] for t in lab.show("spoke1", "tunnels")["tunnels"]] == [True, True])
    scene.expect("Tunnel1's address", "10.101.0.11/24" in lab.ip("spoke1", "addr", "show", "dev", "Tunnel1"), True)

    scene.check("the hold time is too long from the start", 0 < hold_at(lab, "hub1") <= 60)
    lab.configure("spoke1", spoke1(NHS2 + " ip nhrp holdtime 90\n", TUNNEL1))
    hangup(lab)
    for hub in ("hub1", "hub2"):
        scene.wait_for(f"{hub} hears of the new hold time", lambda hub=hub: 60 < hold_at(lab, hub) <= 90)

    lab.configure("spoke1", spoke1(" ip nhrp holdtime 90\n", TUNNEL1))
    hangup(lab)
    scene.wait_for("the second NHS is gone", lambda: [n["address"] for n in lab.show("spoke1", "nhs")["nhs"]] == [scene.HUB])
    scene.wait_for("hub2 forgets the spoke", lambda: hold_at(lab, "hub2") == 0)
    scene.check("hub1 has forgotten the spoke too", hold_at(lab, "hub1") > 0)


def state(lab):
    """All that a refused file could have changed."""
    tunnels = [(t["name"], t["up"], t["local"], t["key"]) for t in lab.show("spoke1", "tunnels")["tunnels"]]
    nhs = [(n["address"], n["nbma"], n["status"]) for n in lab.show("spoke1", "nhs")["nhs"]]
    bindings = [(b["target"], b["via"], b["nbma"], b["type"]) for b in lab.show("spoke1", "nhrp")["bindings"]]
    # Namespaces of other labs come and go, and ip says so.
    links = [line for line in lab.ip("spoke1", "-o", "link").splitlines() if not line.startswith("Error: Peer netns")]
    return tunnels, nhs, bindings, links, lab.ip("spoke1", "neigh", "show", "nud", "permanent")


def refuse(lab, more, line, word):
    """A file whose bad line is `line`. It also removes the tunnel, which must stay."""
    text = spoke1(" ip nhrp holdtime 90\n", more)
    lab.configure("spoke1", text)
    place = f"{lab.file('spoke1')}:{text.splitlines().index(line) + 1}:"
    before = state(lab)
    code, words = reload(lab)
    scene.expect(f"exit code of a reload with {line!r}", code, 1)
    scene.check(f"{place} and {word!r} are not in {words!r}", place in words and word in words)
    scene.expect(f"state after {line!r}", state(lab), before)
    said = len(lab.log("spoke1"))
    hangup(lab)
    scene.wait_for("the log says why", lambda: place in lab.log("spoke1")[said:])
    scene.expect(f"state after {line!r} by SIGHUP", state(lab), before)


def test(tool):
    with scene.Lab(tool, configs()) as lab:
        # The lab runs lines that are not supported; here they shall be refused.
        old = lab.pid("spoke1", "dmvpnd")
        os.kill(old, signal.SIGTERM)
        scene.wait_for("the lab's daemon is gone", lambda: not os.path.exists(f"/proc/{old}/exe"))
        process = lab.daemon("spoke1")
        try:
            lab.wait_registered("spoke1", "spoke2")
            scene.wait_for("the LANs reach each other", lambda: lab.ping("spoke1-host", "10.1.2.1", 3) == 3)
            lab.ip("spoke2-host", "addr", "add", "10.1.2.100/24", "dev", "eth0")
            lab.ip("spoke1-host", "addr", "add", "10.1.1.100/24", "dev", "eth0")
            streams = [scene.Stream(lab, "spoke1-host", "spoke2-host", ["10.1.2.100"]),
                       scene.Stream(lab, "spoke2-host", "spoke1-host", ["10.1.1.100"])]
            change(lab)
            refuse(lab, "interface Tunnel2\n ip address 10.102.0.999 255.255.255.0\n",
                   " ip address 10.102.0.999 255.255.255.0", "999")
            refuse(lab, "interface Tunnel2\n tunnel protection ipsec profile P\n ip unsupported words\n",
                   " ip unsupported words", "")
            lab.configure("spoke1", spoke1(" ip nhrp holdtime 90\n"))
            scene.expect("reload with a tunnel less", reload(lab)[0], 0)
            scene.wait_for("Tunnel1 is gone", lambda: "Tunnel1" not in lab.ip("spoke1", "link"))
            for s in streams:
                s.flowing(100)
            for s in streams:
                s.expect_nothing_lost("the tunnel that stays", 200)
        finally:
            process.terminate()
            process.wait()


scene.main(test)
