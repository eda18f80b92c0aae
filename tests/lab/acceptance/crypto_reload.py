#!/usr/bin/env python3
"""A reload that changes an IPsec profile: sessions begin anew by the new settings beside what they have, and
no packet is lost. Then one whose settings no peer accepts: what was agreed by the former ones ends soon.

usage: crypto_reload.py DMVPN_TOOL
"""
import scene

LIFE = " set security-association lifetime seconds 1800\n"
PROFILE = "crypto ipsec profile DMVPN\n"


def configs():
    return {"hub1": scene.protected(scene.hub_config()), "spoke1": scene.protected(scene.spoke_config(1))}


def ike_sas(lab, router):
    """Numbers of charon's IKE_SAs that are up."""
    return [line.split("#")[1].split(",")[0] for line in lab.swanctl(router, "--list-sas").splitlines()
            if "ESTABLISHED" in line]


def test(tool):
    with scene.Lab(tool, configs()) as lab:
        lab.wait_registered("spoke1")
        streams = [scene.Stream(lab, "hub1", "spoke1", [scene.spoke(1)], 500),
                   scene.Stream(lab, "spoke1", "hub1", [scene.HUB], 500)]
        for s in streams:
            s.flowing(100)
        for router in ("spoke1", "hub1"):
            before = ike_sas(lab, router)
            lab.configure(router, configs()[router].replace(PROFILE, PROFILE + LIFE))
            lab.tool(router, "reload")
            now = scene.wait_for(f"{router} has one IKE_SA, another than before", lambda: (lambda found:
                                 found if len(found) == 1 and found != before else None)(ike_sas(lab, router)), 20)
            print(f"{router}: IKE_SA {before[0]} has become {now[0]}", flush=True)
        for s in streams:
            s.flowing(500)
            s.expect_nothing_lost("a changed profile", 1000)

        lab.configure("spoke1", configs()["spoke1"].replace("esp-gcm", "esp-gcm 256"))
        lab.tool("spoke1", "reload")
        scene.wait_for("what was agreed by the former settings has ended", lambda: ike_sas(lab, "spoke1") == [], 25)
        scene.wait_for("the cause is named", lambda: "proposal" in lab.tool("spoke1", "explain"), 20)


scene.main(test)
