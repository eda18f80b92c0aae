#!/usr/bin/env python3
"""FRR's nhrpd and ours in one DMVPN: a hub of either kind, spokes of both, with and without
`ip nhrp authentication`, in phase 2 and phase 3.

docs/interop.md has a table of what goes and what does not; its rows are what this test expects, and it
fails where the rig says otherwise, for better or for worse. Needs the kernel's multipoint GRE.

usage: tests/lab/kernel-rig nhrpd.py DMVPN_TOOL ours|nhrpd [PHASE-AUTH…]     (3-no, 3-yes, 2-no, 2-yes)
"""
import json
import os
import re
import signal
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab", "acceptance"))
import scene  # noqa: E402
from helpers import check, expect, needs_lab, run, wait_for  # noqa: E402

TABLE = os.path.join(HERE, "..", "..", "docs", "interop.md")
OURS, NHRPD = (1, 3), (2,)  # spokes
HOLD_S = 15  # nhrpd registers every third of it, and keeps what is gone as long
PATIENCE_S = 30  # for what should come
DIRECT_TTL, RELAYED_TTL = 62, 61


class Routers(scene.Lab):
    """A lab in which nhrpd runs on some routers. Those of both kinds are asked by the same names."""
    datapath = "kernel"

    def __init__(self, tool, configs, nhrpd):
        super().__init__(tool, configs)
        self.nhrpd = nhrpd

    def options(self):
        return ["--no-ipsec", "--datapath", self.datapath, *(["--nhrpd", ",".join(self.nhrpd)] if self.nhrpd else [])]

    def cache(self, router):
        """nhrpd's entries: address -> (type, NBMA)."""
        answer = json.loads(run("vtysh", "--vty_socket", os.path.join(self.run_dir, router, "frr"), "-d", "nhrpd", "-c",
                                "show ip nhrp cache json"))
        return {e["protocol"]: (e["type"], e["nbma"]) for e in answer.get("table", [])}

    def has_client(self, hub, address, nbma):
        if hub in self.nhrpd:
            return self.cache(hub).get(address) == ("dynamic", nbma)
        # What is marked as restored was taken up from a former life, and nobody has said it to this one.
        return {"target": f"{address}/32", "nbma": nbma, "type": "dynamic"}.items() <= self.client(hub, address).items() \
            and "restored" not in self.client(hub, address)["flags"]

    def client(self, hub, address):
        return next((b for b in self.show(hub, "nhrp")["bindings"] if b["target"] == f"{address}/32"), {})

    def clear(self, n):
        """Spoke n forgets what it has learnt of others."""
        self.tool(f"spoke{n}", "clear", "nhrp")

    def ttl(self, n, other):
        """What the last packet of n's host came with at the other's; None: nothing came."""
        out = self.exec(f"spoke{other}-host", "ping", "-c", "3", "-i", "0.2", "-W", "1", f"10.1.{n}.253", check=False)
        found = re.findall(r"ttl=(\d+)", out)
        return int(found[-1]) if found else None


class InteropLab(Routers):
    """One cell's network. Of ours one spoke has the user data path, which shows on no packet."""
    datapath = "spoke3=user,*=kernel"

    def __init__(self, tool, hub, phase, secret):
        lines = f" ip nhrp authentication {secret}\n" if secret else ""
        lines += f" ip nhrp registration timeout {HOLD_S // 3}\n"
        third = phase == 3
        to_all = {n: f"ip route 10.1.{n}.0 255.255.255.0 {scene.spoke(n)}\n" for n in OURS + NHRPD}
        configs = {"hub1": scene.hub_config(lines + (" ip nhrp redirect\n" if third else ""), "".join(to_all.values()))}
        for n in OURS + NHRPD:
            # nhrpd answers no question without it.
            shortcut = " ip nhrp shortcut\n" if third or n in NHRPD else ""
            routes = f"ip route 10.1.0.0 255.255.0.0 {scene.HUB}\n" if third else "".join(r for k, r in to_all.items() if k != n)
            configs[f"spoke{n}"] = scene.spoke_config(n, lines + shortcut, routes)
        configs = {r: text.replace("holdtime 60", f"holdtime {HOLD_S}") for r, text in configs.items()}
        super().__init__(tool, configs, [f"spoke{n}" for n in NHRPD] + (["hub1"] if hub == "nhrpd" else []))

    def registered(self, n):
        """The spoke has its hub's word, and the hub the spoke's address."""
        router = f"spoke{n}"
        accepted = self.cache(router).get(scene.HUB, ("",))[0] == "nhs" if router in self.nhrpd else self.nhs_up(router)
        return accepted and self.known_to_hub(n)

    def known_to_hub(self, n):
        return self.has_client("hub1", scene.spoke(n), scene.spoke_nbma(n))

    def resolved(self, n, other):
        """Spoke n has learnt where the other one is: nhrpd's in its kernel's table."""
        if f"spoke{n}" not in self.nhrpd:
            return {b["target"]: b["nbma"] for b in self.show(f"spoke{n}", "nhrp")["bindings"]}.get(f"{scene.spoke(other)}/32") \
                == scene.spoke_nbma(other)
        entries = json.loads(self.ip(f"spoke{n}", "-j", "neigh", "show", "dev", "Tunnel0"))
        return {e["dst"]: e.get("lladdr") for e in entries}.get(scene.spoke(other)) == scene.spoke_nbma(other)


def comes(condition, seconds=PATIENCE_S):
    try:
        wait_for("", condition, seconds, 0.2)
        return True
    except AssertionError:
        return False


def word(good):
    return "yes" if good else "no"


def look_at_pair(lab, n, other):
    """Traffic both ways until nothing changes any more: who has resolved whom, and which way goes directly."""
    check(f"spoke{n} and spoke{other} reach each other", comes(lambda: lab.ttl(n, other) and lab.ttl(other, n)))

    def all_direct():
        return [lab.ttl(n, other), lab.ttl(other, n)] == [DIRECT_TTL] * 2

    comes(all_direct, 12)
    ways = lab.ttl(n, other), lab.ttl(other, n)
    check(f"ways between spoke{n} and spoke{other}: {ways}", set(ways) <= {DIRECT_TTL, RELAYED_TTL})
    return [word(lab.resolved(n, other)), word(lab.resolved(other, n))], [word(w == DIRECT_TTL) for w in ways]


def restart(lab, spokes):
    """The hub's programs are killed and started anew: seconds until it has all of those spokes again, and they each other."""
    program = "frr/nhrpd" if "hub1" in lab.nhrpd else "dmvpnd"
    old = lab.pid("hub1", program)
    lab.fault("fail", "kill@hub1")
    lab.fault("heal", "kill@hub1")
    begun = time.monotonic()
    back = comes(lambda: lab.pid("hub1", program) != old and all(lab.registered(n) for n in spokes))
    seconds = time.monotonic() - begun
    for other in spokes[1:] if back else ():
        back = back and comes(lambda other=other: lab.ttl(spokes[0], other) and lab.ttl(other, spokes[0]))
    return back, seconds


def leaves(lab, n):
    """The spoke ends in good order: does the hub forget it before its hold time is over?"""
    router = f"spoke{n}"
    os.kill(lab.pid(router, "frr/nhrpd" if router in lab.nhrpd else "dmvpnd"), signal.SIGTERM)
    return comes(lambda: not lab.known_to_hub(n), HOLD_S / 3)


def rows(tool, hub, phase, auth):
    """What the table should say: one row for each kind of spoke."""
    with InteropLab(tool, hub, phase, "L4bS3cr" if auth == "yes" else "") as lab:
        registered = {}
        for n in OURS + NHRPD:
            registered[n] = comes(lambda n=n: lab.registered(n))
        print(f"  registered: {registered}", flush=True)
        for spoke, (n, other) in {"ours": (1, 3), "nhrpd": (1, 2)}.items():
            good = registered[n] and registered[other]
            found, ways = look_at_pair(lab, n, other) if good else (["-"] * 2, ["-"] * 2)
            yield spoke, [word(registered[other]), *found, *ways], other
        back, seconds = restart(lab, [n for n in registered if registered[n]])
        print(f"  hub restarted: {word(back)}, after {seconds:.1f} s", flush=True)
        yield "restart", word(back), None
        for spoke, n in {"ours": 3, "nhrpd": 2}.items():
            yield "leaves", (spoke, word(leaves(lab, n)) if registered[n] else "-"), None


def cell(tool, hub, phase, auth):
    print(f"hub {hub}, phase {phase}, authentication {auth}", flush=True)
    found, back, gone = {}, "", {}
    for what, value, _ in rows(tool, hub, phase, auth):
        if what == "restart":
            back = value
        elif what == "leaves":
            gone[value[0]] = value[1]
        else:
            found[what] = value
    lines = [f"| {hub} | {spoke} | {phase} | {auth} | {' | '.join([*found[spoke], gone[spoke], back if found[spoke][0] == 'yes' else '-'])} |"
             for spoke in found]
    print("\n".join(lines), flush=True)
    return lines


def main():
    tempfile.tempdir = "/dev/shm"  # the rest of the host's file system is read-only in the rig
    tool, hub = os.path.abspath(sys.argv[1]), sys.argv[2]
    cells = sys.argv[3:] or ["3-no", "3-yes", "2-no", "2-yes"]
    with open(TABLE) as f:
        told = [line for line in f.read().splitlines() if line.startswith(("| ours |", "| nhrpd |"))]
    expect("rows of docs/interop.md for one cell", [k for k in (row.split("|")[1:5] for row in told) if sum(r.split("|")[1:5] == k for r in told) > 1], [])
    wrong = []
    for name in cells:
        phase, auth = name.split("-")
        wrong += [line for line in cell(tool, hub, int(phase), auth) if line not in told]
    expect("cells of this hub in docs/interop.md", sum(line.startswith(f"| {hub} |") for line in told), 8)
    for line in wrong:
        print(f"docs/interop.md does not say: {line}", flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    needs_lab(frr=True)
    main()
