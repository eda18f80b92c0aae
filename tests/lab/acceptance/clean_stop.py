#!/usr/bin/env python3
"""A stop by SIGTERM: the spoke's registration is gone from the hub, and of each router's
devices, addresses, rules, routes, neighbours, filters and settings all is as before the start.

usage: clean_stop.py DMVPN_TOOL
"""
import re
import signal
import subprocess

import scene


def configs():
    """Phase 3 with all that it installs: redirect at the hub, shortcuts at the spokes."""
    spokes = {f"spoke{n}": scene.spoke_config(n, " ip nhrp shortcut\n ipv6 address 2001:db8:100::1{n}/64\n".format(n=n))
              for n in (1, 2)}
    return {"hub1": scene.hub_config(" ip nhrp redirect\n ipv6 address 2001:db8:100::1/64\n"), **spokes}


def without_tunnels(text):
    """The underlay alone, so that the lab starts no dmvpnd, and routes to the LANs."""
    kept, tunnel = [], False
    for line in text.splitlines():
        tunnel = line.startswith("interface Tunnel") or (tunnel and line.startswith(" "))
        kept += [] if tunnel else [line]
    return "\n".join(kept) + "\n"


def host_state(lab, router):
    def words(*argv):
        # What other namespaces come and go on this machine is none of the router's business.
        said = subprocess.run(["ip", "netns", "exec", lab.netns(router), *argv], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True).stdout
        return [re.sub(r" link-netns(id)? \S+", "", line) for line in said.splitlines()]
    return {
        "links": words("ip", "-o", "link"), "addresses": words("ip", "-o", "addr"),
        "rules": words("ip", "rule"), "IPv6 rules": words("ip", "-6", "rule"),
        "routes": words("ip", "route", "show", "table", "all"),
        "IPv6 routes": words("ip", "-6", "route", "show", "table", "all"),
        "neighbours": words("ip", "neigh", "show", "nud", "permanent"),
        "filters": words("nft", "list", "ruleset"), "settings": words("sysctl", "-a", "-r", r"^net\.(ipv[46]|netfilter)\."),
    }


def stop(lab, router, process, before):
    process.send_signal(signal.SIGTERM)
    scene.expect(f"{router}'s exit code", process.wait(5), 0)
    now = host_state(lab, router)
    for what in before:
        scene.expect(f"{router}'s {what} that stay behind", [x for x in now[what] if x not in before[what]], [])
        scene.expect(f"{router}'s {what} that are missing", [x for x in before[what] if x not in now[what]], [])


def registered(lab):
    return {b["via"] for b in lab.show("hub1", "nhrp")["bindings"] if b["type"] == "dynamic"}


def use(lab, routers):
    """Until a shortcut is there, so that there is something to leave behind."""
    lab.wait_registered("spoke1", "spoke2")
    lab.ip("hub1", "route", "add", "10.1.2.0/24", "via", scene.spoke(2))
    lab.ip("hub1", "route", "add", "10.1.1.0/24", "via", scene.spoke(1))
    for n in (1, 2):
        lab.ip(f"spoke{n}", "route", "add", "10.1.0.0/16", "via", scene.HUB)
    scene.wait_for("the LANs reach each other", lambda: lab.ping("spoke1-host", "10.1.2.1", 3) == 3)
    scene.wait_for("the shortcut", lambda: "10.1.2.0/24" in lab.shortcuts("spoke1"))
    scene.check("the hub has no redirect rule", "redirect" in lab.exec("hub1", "nft", "list", "ruleset")
                or "seenip" in lab.exec("hub1", "nft", "list", "ruleset"))
    scene.expect("registered at the hub", registered(lab), {scene.spoke(1), scene.spoke(2)})
    for r in routers:
        scene.check(f"{r} has no rule for shortcuts", "4711" in lab.ip(r, "rule"))


def test(tool):
    wanted = configs()
    with scene.Lab(tool, {r: without_tunnels(text) for r, text in wanted.items()}) as lab:
        for r in wanted:
            scene.wait_for(f"{r}'s default route", lambda r=r: "default" in lab.ip(r, "route"))
            scene.wait_for(f"{r}'s own addresses", lambda r=r: "tentative" not in lab.ip(r, "addr"))
        before, processes = {r: host_state(lab, r) for r in wanted}, {}
        try:
            for r, text in wanted.items():
                lab.configure(r, text)
                processes[r] = lab.daemon(r)
            use(lab, wanted)
            stop(lab, "spoke1", processes["spoke1"], before["spoke1"])
            scene.wait_for("the hub forgets spoke1", lambda: registered(lab) == {scene.spoke(2)}, 2)
            stop(lab, "spoke2", processes["spoke2"], before["spoke2"])
            scene.wait_for("the hub forgets spoke2", lambda: not lab.show("hub1", "dmvpn")["peers"], 2)
            stop(lab, "hub1", processes["hub1"], before["hub1"])
        finally:
            for p in processes.values():
                p.kill()
                p.wait()


scene.main(test)
