#!/usr/bin/env python3
"""Faults that are made in the network do what they say, and healing leaves nothing of them behind.

One protected hub and two spokes on a lab put up by hand. Each fault is seen to bite, and after its
healing addresses, routes, rules, devices and packet filters are those of before, and traffic flows.

usage: faults_heal.py DMVPN_TOOL
"""
import re

import scene

SPOKES = (1, 2)
NODES = ("hub1", "spoke1", "spoke2", "internet")


def configs():
    # Spokes are known by name: by address, another address would be another spoke, and refused.
    def crypto(name):
        return scene.CRYPTO.replace(" match identity remote address 0.0.0.0\n",
                                    f" match identity remote any\n identity local fqdn {name}\n")

    return {"hub1": scene.protected(scene.hub_config(" ip nhrp redirect\n", scene.HUB_BGP), crypto("hub1")),
            **{f"spoke{n}": scene.protected(scene.spoke_config(n, " ip nhrp shortcut\n", scene.spoke_bgp(n)), crypto(f"spoke{n}"))
               for n in SPOKES}}


def network(lab):
    """All that a fault might leave behind: what FRR and NHRP put there comes and goes by itself."""
    found = {}
    for node in NODES:
        routes = [line for line in lab.ip(node, "-o", "route", "show", "table", "all").splitlines()
                  if not re.search(r"proto (bgp|77)|table local", line)]
        addresses = [" ".join(line.split()[1:4]) for line in lab.ip(node, "-o", "-4", "addr").splitlines()]
        rules = lab.ip(node, "rule").splitlines()
        filters = lab.exec(node, "nft", "list", "tables").split() if node == "internet" else []
        found[node] = [sorted(re.sub(r"nhid \d+ ", "", r).strip() for r in routes), sorted(addresses), rules, filters]
    return found


def reaches(lab, source, to):
    return lab.ping(source, to, 3, 0.1) == 3


def steady(lab):
    """Everybody is registered and reaches everybody."""
    return (all(lab.nhs_up(f"spoke{n}") for n in SPOKES) and reaches(lab, "spoke1-host", "10.1.2.1") and
            reaches(lab, "spoke2-host", "10.1.1.1"))


def dropped(lab, rule):
    """Packets that the lab's filters took, in the rules that say this."""
    text = lab.exec("internet", "nft", "list", "ruleset")
    return sum(int(n) for n in re.findall(re.escape(rule) + r".*counter packets (\d+)", text))


def stopped(lab, router):
    """Is any program of the router stopped just now?"""
    for pid in scene.run("ip", "netns", "pids", lab.netns(router)).split():
        try:
            with open(f"/proc/{pid}/stat") as f:
                if f.read().rsplit(")", 1)[1].split()[0] == "T":
                    return True
        except OSError:
            pass  # it has ended meanwhile
    return False


def refused(lab, request):
    return scene.run("python3", "-c", "import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n"
                     "s.send(sys.argv[2].encode() + b'\\n')\nprint(s.recv(100).decode())",
                     lab.control_socket("hub1"), request).startswith("error")


def address(lab):
    return "198.18." in lab.ip("spoke1", "-o", "-4", "addr") and lab.nhs_up("spoke1")



def tunnel_index(lab):
    return int(lab.ip("spoke1", "-o", "link", "show", "Tunnel0").split(":")[0])


BITES = {
    "blackhole:esp@hub1": lambda lab: dropped(lab, "udp dport 4500") and not reaches(lab, "spoke1", scene.HUB),
    "blackhole:in@spoke1": lambda lab: dropped(lab, "oifname") and not reaches(lab, "spoke1", scene.HUB),
    "loss:50@hub1": lambda lab: dropped(lab, "numgen"),
    "direct@spoke1": lambda lab: dropped(lab, scene.spoke_nbma(2)) and reaches(lab, "spoke1", scene.HUB),
    "address@spoke1": address,
    "uplink@spoke1": lambda lab: "state DOWN" in lab.ip("spoke1", "link", "show", "Gi0-0"),
    "overload@hub1": lambda lab: stopped(lab, "hub1"),
    "tunnel@spoke1": lambda lab: tunnel_index(lab) != lab.first_index and lab.nhs_up("spoke1"),
}


def nhrp_is_deaf(lab):
    """Inside ESP only NHRP is lost: the spoke's requests go unanswered while the tunnel carries traffic."""
    lab.fault("fail", "blackhole:nhrp@hub1")
    lab.tool("spoke1", "clear", "nhrp")
    scene.wait_for("spoke1's NHS does not answer", lambda: not lab.nhs_up("spoke1"), 60)
    scene.check("the tunnel carries no traffic", lab.ping("spoke2", scene.HUB, 5) == 5)
    lab.fault("heal", "blackhole:nhrp@hub1")
    scene.wait_for("after blackhole:nhrp@hub1: all is well", lambda: steady(lab), 60)


def test(tool):
    with scene.Lab(tool, configs()) as lab:
        scene.wait_for("the lab is steady", lambda: steady(lab), 40)
        before = network(lab)
        lab.first_index, daemon = tunnel_index(lab), lab.pid("spoke1", "control")
        for name, bites in BITES.items():
            lab.fault("fail", name)
            scene.wait_for(f"{name} bites", lambda bites=bites: bites(lab), 40)
            lab.fault("heal", name)
            scene.wait_for(f"after {name}: all is well", lambda: steady(lab), 60)
            after = network(lab)
            for node in NODES:
                scene.expect(f"{node} after {name}", after[node], before[node])
            scene.check(f"after {name}: a program is still stopped", not any(stopped(lab, "hub1") for _ in range(20)))
            print(f"{name}: bites, and heals", flush=True)
        scene.expect("the daemon that made the tunnel again", lab.pid("spoke1", "control"), daemon)
        nhrp_is_deaf(lab)
        scene.check("nonsense is not refused", refused(lab, "drop-nhrp sideways"))


scene.main(test)
