#!/usr/bin/env python3
"""A spoke's IPv6 uplink is renumbered as providers do it: a second prefix comes, the first is deprecated, and goes
later. The spoke is known at both hubs by its new address, before the old one is gone, within a second; so it goes
back. Flows to the hubs' side and to another spoke, under IPsec, are silent no longer than that.

usage: renumbered.py TOOL FOLDER
"""
import sys
import time

from scene import Lab, Stream, check, configs_of, needs_lab, wait_for

KNOWN_MS = SILENT_MS = 1000
SPOKE, OLD, NEW = "10.100.0.11", "2001:db8:e1::", "2001:db8:e9::"


def known(lab, address):
    """Both hubs send what is for the spoke to that address."""
    return all([b["nbma"] for b in lab.show(hub, "nhrp")["bindings"] if b["target"] == f"{SPOKE}/32"] == [address]
               for hub in ("hub1", "hub2"))


def silence(stream, since):
    times = [since] + [t for t in sorted(stream.received.values()) if t > since] + [time.monotonic()]
    return max(b - a for a, b in zip(times, times[1:])) * 1000


def measure(lab, streams, what, address, change):
    began = time.monotonic()
    change()
    wait_for(f"both hubs know {address} ({what})", lambda: known(lab, address), 10, 0.02)
    ms = (time.monotonic() - began) * 1000
    for stream in streams:
        stream.flowing(400)  # what comes after it is measured, too
    silent = {s.name: silence(s, began) for s in streams}
    print(f"{what}: known at both hubs after {ms:.0f} ms; silent {({n: round(v) for n, v in silent.items()})} ms", flush=True)
    check(f"{what}: known within {KNOWN_MS} ms", ms <= KNOWN_MS, ms)
    check(f"{what}: silent at most {SILENT_MS} ms", max(silent.values()) <= SILENT_MS, silent)


def main():
    needs_lab(frr=True)
    with Lab(sys.argv[1], configs_of(sys.argv[2])) as lab:
        lab.wait_registered("spoke1", "spoke2")
        wait_for("LANs reach each other", lambda: lab.ping("spoke1-host", "10.0.0.253", 1) and lab.ping("spoke1-host", "10.1.2.253", 1), 40)
        provider = next(x.split()[1] for x in lab.ip("internet", "-6", "-o", "addr").splitlines() if f" {OLD}1/64" in x)

        def spoke(*words):
            lab.ip("spoke1", "-6", *words)

        streams = [Stream(lab, f"{a}-host", f"{b}-host", [to]) for a, b, to in (
            ("spoke1", "core", "10.0.0.253"), ("core", "spoke1", "10.1.1.253"),
            ("spoke1", "spoke2", "10.1.2.253"), ("spoke2", "spoke1", "10.1.1.253"))]
        for stream in streams:
            stream.flowing()
        check("the spoke is known by its first address", known(lab, f"{OLD}2"))
        lab.ip("internet", "-6", "addr", "add", f"{NEW}1/64", "dev", provider, "nodad")
        spoke("addr", "add", f"{NEW}2/64", "dev", "Gi0-0", "nodad")
        spoke("route", "append", "default", "via", f"{NEW}1", "dev", "Gi0-0", "metric", "2000")
        for stream in streams:
            stream.flowing(100)
        check("with both good it stays where it is", known(lab, f"{OLD}2"))
        measure(lab, streams, "first prefix deprecated", f"{NEW}2",
                lambda: spoke("addr", "change", f"{OLD}2/64", "dev", "Gi0-0", "preferred_lft", "0"))
        measure(lab, streams, "first prefix gone", f"{NEW}2", lambda: spoke("addr", "del", f"{OLD}2/64", "dev", "Gi0-0"))

        def back():
            spoke("addr", "add", f"{OLD}2/64", "dev", "Gi0-0", "nodad")
            spoke("addr", "change", f"{NEW}2/64", "dev", "Gi0-0", "preferred_lft", "0")

        measure(lab, streams, "first prefix back, second deprecated", f"{OLD}2", back)
        for stream in streams:
            lost = stream.stop()
            print(f"{stream.name}: {len(lost)} of {len(stream.sent)} packets lost")


main()
