#!/usr/bin/env python3
"""A hub dies with its machine; how long what went by it is silent, at ours and at FRR's nhrpd, in one lab and by the same fault.

Two hubs in one tunnel, static routes to both with a preference. spoke1 is ours, spoke2 nhrpd's with a hold time of 10 s, as in FRR's own tests,
spoke3 nhrpd's with its default of 7200 s; each sends to a host behind spoke4, which is ours. Ours is held to its bound; of nhrpd's the one with the short hold time
to that. The other is looked at for two minutes.

usage: tests/lab/kernel-rig hub_death.py DMVPN_TOOL ours|nhrpd       (the hubs)
"""
import os
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "lab", "acceptance"))
import scene  # noqa: E402
from helpers import check, needs_lab, wait_for  # noqa: E402
from nhrpd import Routers  # noqa: E402
from topologies import GONE_S, HOLD_S, OUTAGE_S, RATE, hub, hub_nbma, lan  # noqa: E402
from topologies import hub_config as hub_of_three  # noqa: E402

DEFAULT_HOLD_S = 7200
LOOKED_AT_S = 120
HOLD = {1: HOLD_S, 2: HOLD_S, 3: DEFAULT_HOLD_S, 4: HOLD_S}
RECEIVER = 4
BOUND = {1: OUTAGE_S, 2: GONE_S}


def hub_config(n):
    return hub_of_three(n).replace("end\n", f"ip route 10.1.{RECEIVER}.0 255.255.255.0 {scene.spoke(RECEIVER)}\nend\n")


def spoke_config(n):
    lines = "".join(f" ip nhrp nhs {hub(k)} nbma {hub_nbma(k)} multicast\n" for k in (1, 2))
    lines += f" ip nhrp registration timeout {HOLD[n] // 3}\n ip nhrp registration no-unique\n tunnel key 42\n"
    routes = "".join(f"ip route 10.1.0.0 255.255.0.0 {hub(k)} {40 + 10 * k}\n" for k in (1, 2))
    return scene.spoke_config(n, lines, routes, nhs=False).replace("holdtime 60", f"holdtime {HOLD[n]}")


class Lab(Routers):
    def __init__(self, tool, nhrpd_hubs):
        configs = {f"hub{k}": hub_config(k).replace("holdtime 60", f"holdtime {HOLD_S}") for k in (1, 2)}
        configs |= {f"spoke{n}": spoke_config(n) for n in HOLD}
        super().__init__(tool, configs, ["spoke2", "spoke3"] + (["hub1", "hub2"] if nhrpd_hubs else []))

    def registered(self, n):
        return all(self.has_client(f"hub{k}", scene.spoke(n), scene.spoke_nbma(n)) for k in (1, 2))

    def word(self, n):
        return f"nhrpd's spoke, hold time {HOLD[n]} s" if f"spoke{n}" in self.nhrpd else "our spoke"


def silence(flow):
    """Of a flow that may never have come back."""
    flow.stop()
    return flow.longest_silence(), max(flow.received.values()) > max(flow.sent.values()) - 1


def main():
    tempfile.tempdir = "/dev/shm"  # the rest of the host's file system is read-only in the rig
    tool, hubs = os.path.abspath(sys.argv[1]), sys.argv[2]
    check(f"{hubs} is neither ours nor nhrpd", hubs in ("ours", "nhrpd"))
    with Lab(tool, hubs == "nhrpd") as lab:
        for n in HOLD:
            wait_for(f"spoke{n} is registered with both hubs", lambda n=n: lab.registered(n), 60)
        flows = {n: scene.Stream(lab, f"spoke{n}-host", f"spoke{RECEIVER}-host", [lan(RECEIVER)], RATE) for n in HOLD if n != RECEIVER}
        for flow in flows.values():
            wait_for("the stream flows", lambda flow=flow: flow.count() > 20, 30)
        lab.fault("fail", "uplink@hub1")
        begun = time.monotonic()
        for n, bound in BOUND.items():
            seen = flows[n].count()
            wait_for(f"{lab.word(n)} is heard again", lambda n=n, seen=seen: flows[n].count() > seen + RATE, bound + GONE_S)
        wait_for("the time is over", lambda: time.monotonic() > begun + LOOKED_AT_S, LOOKED_AT_S + 1, 1)
        for n, flow in flows.items():
            seconds, is_back = silence(flow)
            told = f"silent for {1000 * seconds:.0f} ms" if is_back else f"not back within {LOOKED_AT_S} s"
            print(f"hub1, {hubs}, loses its uplink: {lab.word(n)}: {told}", flush=True)
            check(f"{lab.word(n)} was silent for {seconds:.1f} s", n not in BOUND or (is_back and 0.1 < seconds < BOUND[n]))
    print("held", flush=True)


if __name__ == "__main__":
    needs_lab(frr=True)
    main()
