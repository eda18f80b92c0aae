#!/usr/bin/env python3
"""A charon that hangs is noticed and replaced; what it had negotiated goes on meanwhile.

usage: charon_hangs.py DMVPN_TOOL
"""
import os
import signal

import scene


def configs():
    routers = {"hub1": scene.hub_config("", scene.HUB_BGP), "spoke1": scene.spoke_config(1, "", scene.spoke_bgp(1))}
    return {name: scene.protected(text) for name, text in routers.items()}


def test(tool):
    with scene.Lab(tool, configs()) as lab:
        lab.wait_registered("spoke1")
        stream, old = scene.Stream(lab, "spoke1", "hub1", [scene.HUB]), lab.charon("spoke1")
        scene.check("spoke1 has a charon", old > 0)
        stream.flowing()
        os.kill(old, signal.SIGSTOP)
        scene.wait_for("another charon", lambda: lab.charon("spoke1") not in (-1, old), 30)
        scene.wait_for("security associations of its own", lambda: lab.children("spoke1"), 15)
        stream.flowing(200)
        stream.expect_nothing_lost("charon hung", 400)


scene.main(test)
