#!/usr/bin/env python3
"""A hub knows its clients again at once after a restart, by what it saved, while they themselves cannot say a word.

Without IPsec after the death of the whole daemon; with it after that of the control process, each client by the
session of the identity that it was saved with. A spoke's direct path is known and watched again in the same way.

usage: saved.py DMVPN_TOOL
"""
import os
import signal

import scene

SPOKES = (1, 2)
AT_ONCE_S = 8  # after the hub answers: no refresh is due so soon


def configs(change):
    return {"hub1": change(scene.hub_config("")),
            **{f"spoke{n}": change(scene.spoke_config(n, "")) for n in SPOKES}}


def clients(lab, router="hub1"):
    """Overlay addresses and whether what is known of them is only what was saved."""
    return {b["target"]: "restored" in b["flags"] for b in lab.show(router, "nhrp")["bindings"]
            if b["type"] == "dynamic" and "nhop" in b["flags"]}


def all_of(mark):
    return {f"{scene.spoke(n)}/32": mark for n in SPOKES}


def saved_file(lab, router):
    folder = os.path.join(lab.run_dir, router, "state", "control")
    names = [n for n in os.listdir(folder) if n.endswith(".bindings")]
    return os.stat(os.path.join(folder, names[0])) if names else None


class Mute:
    """The spokes' control processes stand still."""

    def __init__(self, lab, *spokes):
        self.pids = [lab.pid(s, "control") for s in spokes]

    def __enter__(self):
        for pid in self.pids:
            os.kill(pid, signal.SIGSTOP)

    def __exit__(self, *_):
        for pid in self.pids:
            os.kill(pid, signal.SIGCONT)


def kill_control(lab, router):
    old = lab.pid(router, "control")
    os.kill(old, signal.SIGKILL)
    scene.wait_for(f"{router}'s control process is back", lambda: lab.pid(router, "control") != old)


def kill_all(lab, router):
    lab.fault("fail", f"kill@{router}")
    lab.fault("heal", f"kill@{router}")


def hub_comes_back(lab, how, kill):
    lab.wait_registered(*(f"spoke{n}" for n in SPOKES))
    scene.wait_for("both are registered themselves", lambda: clients(lab) == all_of(False))
    scene.wait_for("it is written down", lambda: saved_file(lab, "hub1") and saved_file(lab, "hub1").st_size > 90)
    lab.tool("hub1", "clear", "nhrp", "Tunnel0", scene.spoke(1))  # called back at once, and written a second later
    scene.wait_for("both are registered again", lambda: clients(lab) == all_of(False))
    before = saved_file(lab, "hub1").st_mtime_ns
    scene.wait_for("it is written anew", lambda: saved_file(lab, "hub1").st_mtime_ns != before)
    with Mute(lab, *(f"spoke{n}" for n in SPOKES)):
        kill(lab, "hub1")
        scene.wait_for("the hub answers", lambda: lab.show("hub1", "tunnels")["tunnels"][0]["up"])
        scene.wait_for(f"{how}: the hub knows its clients", lambda: clients(lab) == all_of(True), AT_ONCE_S)
    lab.wait_registered(*(f"spoke{n}" for n in SPOKES))
    print(f"{how}: held", flush=True)


def spoke_keeps_its_path(lab):
    scene.wait_for("spoke1 has a direct path", lambda: lab.ping("spoke1", scene.spoke(2), 1)
                   and f"{scene.spoke(2)}/32" in clients(lab, "spoke1"))
    scene.wait_for("it is written down", lambda: saved_file(lab, "spoke1") and saved_file(lab, "spoke1").st_size > 60)
    kill_control(lab, "spoke1")
    scene.wait_for("spoke1 knows it again", lambda: clients(lab, "spoke1").get(f"{scene.spoke(2)}/32"), AT_ONCE_S)
    lab.fault("fail", "direct@spoke1")
    scene.wait_for("a dead one is noticed", lambda: lab.ping("spoke1", scene.spoke(2), 1) and
                   f"{scene.spoke(2)}/32" not in clients(lab, "spoke1"), AT_ONCE_S)
    lab.fault("heal", "direct@spoke1")
    print("a spoke's direct path: held", flush=True)


def test(tool):
    with scene.Lab(tool, configs(lambda c: c)) as lab:
        hub_comes_back(lab, "the whole daemon killed", kill_all)
        spoke_keeps_its_path(lab)
    with scene.Lab(tool, configs(scene.protected)) as lab:
        hub_comes_back(lab, "the control process killed under IPsec", kill_control)


scene.main(test)
