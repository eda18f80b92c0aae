#!/usr/bin/env python3
"""A metered uplink that stands by: what it carries while its tunnel rests, octet by octet on the wire, beside what
`dmvpn check` says; and that traffic moves onto it as fast as onto any other. The example's own timers must
stay below a megabyte a day; to be counted in a minute, all are a tenth of them here.

usage: metered.py TOOL FOLDER
"""
import json
import os
import socket
import subprocess
import sys
import threading
import time

from scene import Lab, Stream, check, configs_of, expect, listener_on, needs_lab, wait_for

DAY_S = 86400
COUNTED_S = 72          # four of the rarest exchange
MOST_A_DAY = 1_000_000
MOVED_MS = 600          # as with any other loss
TENTH = ((" ip nhrp holdtime 600", " ip nhrp holdtime 60"), ("timers 180 540", "timers 18 54"), ("dpd 3600 60", "dpd 360 6"),
         ("nhrp warm Tunnel1 every 180 delay 10", "nhrp warm Tunnel1 every 18 delay 3"))
COUNTED = ("registrations", "probes", "BGP keepalives")  # no NAT is in between, and no keys are made in that minute


class Meter:
    """Octets of IP between a router's uplink and one far end, both ways, by the cause where the wire shows it."""

    def __init__(self, lab, router, interface, far):
        self.far, self.octets, self.packets, self.stopping = socket.inet_aton(far), 0, 0, False
        self.socket = listener_on(lab, router, interface)
        self.socket.settimeout(0.2)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while not self.stopping:
            try:
                packet, where = self.socket.recvfrom(2048)
            except TimeoutError:
                continue
            if where[1] == 0x0800 and self.far in (packet[12:16], packet[16:20]):
                self.octets += len(packet)
                self.packets += 1

    def stop(self):
        self.stopping = True
        self.thread.join()


def computed(tool, folder):
    """What `dmvpn check` says of the routers' tunnels that rest."""
    done = subprocess.run([tool, "check", "--json", folder], stdout=subprocess.PIPE, text=True, check=False)
    found = json.loads(done.stdout)
    expect("findings about metered uplinks", [f["text"] for f in found["findings"] if f["rule"] == "metered-uplink-traffic"
                                              and folder == sys.argv[2]], [])
    return {i["router"]: i for i in found["idle"]}


def warm(lab, router):
    return next(t["warm"] for t in lab.show(router, "tunnels")["tunnels"] if t["name"] == "Tunnel2")


def established(lab):
    peers = lab.vtysh("spoke1", "show bgp summary json")["ipv4Unicast"]["peers"]
    return all(p["state"] == "Established" for p in peers.values())


def is_quiet(lab):
    """Two seconds without a packet, which at a tenth of the timers is what rest looks like."""
    meter = Meter(lab, "spoke1", "Gi0-2", "192.0.2.2")
    time.sleep(2)
    meter.stop()
    return meter.packets == 0


def count(lab, said):
    meter = Meter(lab, "spoke1", "Gi0-2", "192.0.2.2")
    time.sleep(COUNTED_S)  # what is measured is what this time costs
    meter.stop()
    wanted = sum(said["parts"][k] for k in COUNTED) * COUNTED_S / DAY_S
    # One more of each may fall into the time; the computation never says too little.
    most = wanted + 1600
    print(f"{meter.octets} octets in {meter.packets} packets in {COUNTED_S} s, {wanted:.0f} computed: "
          f"{meter.octets / COUNTED_S * DAY_S / 1e6:.2f} and {wanted / COUNTED_S * DAY_S / 1e6:.2f} MB a day", flush=True)
    check("octets counted are what was computed", 0.6 * wanted <= meter.octets <= most, (meter.octets, wanted))


def moves(lab):
    streams = [Stream(lab, "spoke1-host", "hub1-host", ["10.0.0.253"], 100), Stream(lab, "hub1-host", "spoke1-host", ["10.1.1.253"], 100)]
    for s in streams:
        wait_for(f"{s.name} flows", lambda s=s: s.count() > 100, 30)
    began = time.monotonic()
    lab.fault("fail", "blackhole@spoke1")
    wait_for("the metered tunnel is awake", lambda: not warm(lab, "spoke1")["rests"], 10)
    wait_for("traffic goes by it", lambda: "dev Tunnel2" in lab.ip("spoke1", "route", "get", "10.0.0.253"), 20)
    time.sleep(2)  # what comes after it is measured, too
    for s in streams:
        print(f"{s.name}: silent for {s.silence_ms(began):.0f} ms", flush=True)
        check(f"{s.name} moved", s.silence_ms(began) <= MOVED_MS, s.silence_ms(began))
    lab.fault("heal", "blackhole@spoke1")
    wait_for("the metered tunnel rests again", lambda: warm(lab, "spoke1")["rests"], 60)
    wait_for("traffic is back", lambda: "dev Tunnel1" in lab.ip("spoke1", "route", "get", "10.0.0.253"), 20)
    check("the hub's name for the day is said", warm(lab, "spoke1")["rest_octets_per_day"] > 0)


def main():
    tool, folder = os.path.abspath(sys.argv[1]), sys.argv[2]
    needs_lab(frr=True)
    for router, said in computed(tool, folder).items():
        print(f"{router}: {said['octets_per_day']} octets a day at rest, {said['octets_per_day_awake']} awake")
        check(f"{router} stays below a megabyte a day", 0 < said["octets_per_day"] <= MOST_A_DAY, said)
    configs = configs_of(folder)
    for old, new in TENTH:
        check(f"the example says {old}", any(old in text for text in configs.values()))
        configs = {router: text.replace(old, new) for router, text in configs.items()}
    with Lab(tool, configs) as lab:
        said = computed(tool, lab.configuration_dir)["spoke1"]
        wait_for("the metered tunnel rests", lambda: warm(lab, "spoke1")["rests"] and established(lab), 60)
        wait_for("routing has said what it had to say", lambda: is_quiet(lab), 60)
        count(lab, said)
        check("it is registered all the time", lab.nhs_up("spoke1"))
        moves(lab)


main()
