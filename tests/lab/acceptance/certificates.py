#!/usr/bin/env python3
"""Certificates that are not valid: one that runs out while its spoke is in service, and one that
another authority made. What stands goes on, what is new is refused and named, traffic between the
spokes goes through the hub, and a new certificate is taken by a reload.

usage: certificates.py DMVPN_TOOL
"""
import time

import scene
from authority import Authority, certified

LIFE_S, MENDED_S = 20, 5
EXPIRES, VALID, STRANGER = 1, 2, 3


def configs():
    lans = "".join(f"ip route 10.1.{n}.0 255.255.255.0 {scene.spoke(n)}\n" for n in (EXPIRES, VALID, STRANGER))
    route = f"ip route 10.1.0.0 255.255.0.0 {scene.HUB}\n"
    return {"hub1": certified("hub1", scene.hub_config(" ip nhrp redirect\n", lans)),
            **{f"spoke{n}": certified(f"spoke{n}", scene.spoke_config(n, " ip nhrp shortcut\n", route))
               for n in (EXPIRES, VALID, STRANGER)}}


def session(lab, router, nbma):
    return next((s for s in lab.show(router, "ipsec")["sessions"] if s["peer"] == nbma), None)


def says_why(lab, router, nbma, word, show=("ipsec", "dmvpn")):
    """In `show ipsec`, `show dmvpn` and `explain`."""
    return all(word in lab.tool(router, "show", what) for what in show) and word in lab.tool(router, "explain", nbma)


def runs_out(lab, authority):
    a, b = f"spoke{EXPIRES}", f"spoke{VALID}"
    end = time.monotonic() + LIFE_S
    authority.issue(a, LIFE_S)
    lab.tool(a, "reload")
    scene.wait_for("the session of the new certificate", lambda: session(lab, a, scene.HUB_NBMA)["status"] == "UP-ACTIVE")
    lab.wait_registered(a, b)
    if time.monotonic() > end - 1:
        raise AssertionError("too slow: the certificate has run out before it was used")
    time.sleep(max(0, end + 1 - time.monotonic()))  # the certificate's life, which is what is tested
    streams = [scene.Stream(lab, f"spoke{n}-host", f"spoke{o}-host", [f"10.1.{o}.100"], 100)
               for n, o in ((EXPIRES, VALID), (VALID, EXPIRES))]
    scene.wait_for(f"{b} names the cause", lambda: says_why(lab, b, scene.spoke_nbma(EXPIRES), "expired"), 20)
    scene.wait_for(f"{a} says that it is not accepted", lambda: says_why(lab, a, scene.spoke_nbma(VALID), "expired")
                   or says_why(lab, a, scene.spoke_nbma(VALID), "does not accept us"), 20)
    for s in streams:
        s.flowing(200)
    for s in streams:
        s.expect_nothing_lost("a certificate that ran out", 200)
    scene.expect("the session with the hub", session(lab, a, scene.HUB_NBMA)["status"], "UP-ACTIVE")

    going = scene.Stream(lab, f"{a}-host", f"{b}-host", [f"10.1.{VALID}.100"], 100)
    authority.issue(a, 86400)
    lab.tool(a, "reload")
    at = time.monotonic()
    scene.wait_for(f"the spokes' session is up within {MENDED_S} s", lambda: all(
        session(lab, r, scene.spoke_nbma(n))["status"] == "UP-ACTIVE" for r, n in ((a, VALID), (b, EXPIRES))), MENDED_S)
    print(f"a new certificate: up {time.monotonic() - at:.1f} s after the reload, {len(going.stop())} packets lost", flush=True)


def another_authority(lab, authority):
    name = f"spoke{STRANGER}"
    authority.found("other")
    # With a key that nobody has seen: a certificate of the lab's for the same key would still vouch for it.
    authority.pki(authority.path(name, "router.key"), "--gen", "--type", "ecdsa", "--size", "256")
    authority.issue(name, 86400, "other")
    lab.tool(name, "reload")
    lab.swanctl(name, "--terminate", "--force", "--ike", f"DMVPN@{scene.spoke_nbma(STRANGER)}>{scene.HUB_NBMA}", check=False)
    scene.wait_for("the hub names the stranger", lambda:
                   says_why(lab, "hub1", scene.spoke_nbma(STRANGER), "not trusted", ("ipsec",)), 20)
    scene.wait_for("the stranger's own words", lambda: says_why(lab, name, scene.HUB_NBMA, "does not accept us", ("ipsec",)), 20)
    scene.wait_for("the hub's log names the stranger",
                   lambda: f"IKE_REFUSED: peer={scene.spoke_nbma(STRANGER)}" in lab.log("hub1"), 20)
    before = len(lab.log("hub1").splitlines())
    time.sleep(10)  # what is measured is that nothing happens
    scene.check("the hub's log is not quiet", len(lab.log("hub1").splitlines()) - before <= 2,
                lab.log("hub1").splitlines()[before:])
    authority.issue(name, 86400)
    lab.tool(name, "reload")
    at = time.monotonic()
    scene.wait_for(f"{name} is back within {MENDED_S} s", lambda: lab.nhs_up(name), MENDED_S)
    print(f"the right authority: up {time.monotonic() - at:.1f} s after the reload", flush=True)
    scene.wait_for("the hub has forgotten the refusal", lambda: lab.show("hub1", "ipsec")["refused"] == [])


def test(tool):
    with scene.Lab(tool, configs(), "certificates\n") as lab:
        routers = [f"spoke{n}" for n in (EXPIRES, VALID, STRANGER)]
        lab.wait_registered(*routers)
        for n in (EXPIRES, VALID):
            lab.ip(f"spoke{n}-host", "addr", "add", f"10.1.{n}.100/24", "dev", "eth0")
        authority = Authority(lab)
        runs_out(lab, authority)
        another_authority(lab, authority)


scene.main(test)
