#!/usr/bin/env python3
"""A hub shapes what it sends to each spoke of a group. Spoke 1 says that it is in group DSL, 4 Mbit/s at the hub; spoke 2 is in
none. Both are protected and sent 12 Mbit/s through the hub.

What arrives at spoke 1 is 4 Mbit/s on the wire, while an echo beside the flood is neither lost nor waits behind it; spoke 2 gets everything.
The rate holds on when the hub's control process dies, changes with a reload, and is seen in `show counters`.

usage: shaped_spokes.py DMVPN_TOOL
"""
import os
import re
import signal
import socket
import threading
import time

import scene

SIZE = 1000
OUTER = SIZE + 28 + 4 + 36 + 20  # UDP and IP; GRE; ESP with AES-GCM, padding aside; IP
SECONDS = 2.5


def policy(rate):
    return f"policy-map DSL\n class class-default\n  shape average {rate}\n"


def hub(rate):
    routes = "".join(f"ip route 10.1.{n}.0 255.255.255.0 {scene.spoke(n)}\n" for n in (1, 2))
    return policy(rate) + scene.hub_config(" ip nhrp map group DSL service-policy output DSL\n", routes)


def configs():
    made = {"hub1": hub("4000000")}
    for n in (1, 2):
        group = " ip nhrp group DSL\n" if n == 1 else ""
        made[f"spoke{n}"] = scene.spoke_config(n, group, f"ip route 10.1.0.0 255.255.0.0 {scene.HUB}\n")
    return {name: scene.protected(text) for name, text in made.items()}


class Flood:
    """12 Mbit/s of datagrams to one host; how many arrive in a time that begins when the queue is full."""

    def __init__(self, lab, sender, receiver, to):
        self.out = scene.socket_in(lab.netns(sender), socket.AF_INET, socket.SOCK_DGRAM)
        self.inside = scene.socket_in(lab.netns(receiver), socket.AF_INET, socket.SOCK_DGRAM)
        self.inside.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
        self.inside.bind(("0.0.0.0", 9100))
        self.inside.settimeout(0.1)
        self.to, self.sent, self.got, self.stopping = (to, 9100), 0, 0, threading.Event()
        self.threads = [threading.Thread(target=t, daemon=True) for t in (self._send, self._receive)]
        for t in self.threads:
            t.start()

    def _send(self):
        begin = time.monotonic()
        while not self.stopping.is_set():
            while self.sent < (time.monotonic() - begin) * 12e6 / 8 / SIZE:
                self.out.sendto(bytes(SIZE), self.to)
                self.sent += 1
            time.sleep(0.002)

    def _receive(self):
        while not self.stopping.is_set():
            try:
                self.inside.recv(2000)
                self.got += 1
            except TimeoutError:
                pass

    def rate(self, beside=lambda: None):
        """Bits a second on the wire, during what runs beside."""
        scene.wait_for("the flood arrives", lambda: self.got > 300, interval=0.01)
        begin, before = time.monotonic(), self.got
        beside()
        while time.monotonic() < begin + SECONDS:
            time.sleep(0.05)
        return (self.got - before) * OUTER * 8 / (time.monotonic() - begin)

    def stop(self):
        self.stopping.set()
        for t in self.threads:
            t.join()
        self.out.close()
        self.inside.close()


def shaping(lab):
    return {p["nbma"]: p["shape"] for p in lab.show("hub1", "counters")["forward"]["peers"]}


def near(what, rate, wanted):
    scene.check(f"{what}: {rate / 1e6:.2f} Mbit/s, wanted {wanted / 1e6:.1f}", 0.88 * wanted < rate < 1.04 * wanted)


def echoes(lab, answers):
    """Of two flows, as one may have fallen into the flood's of the 128 queues."""
    for to in "10.1.1.100", "10.1.1.1":
        out = lab.exec("spoke2-host", "ping", "-c", "20", "-i", "0.05", "-W", "1", to, check=False)
        average = re.search(r"= [\d.]+/([\d.]+)/", out)
        answers.append((20 - int(re.search(r"(\d+) received", out).group(1)), float(average.group(1)) if average else 1000.0))


def test(tool):
    with scene.Lab(tool, configs()) as lab:
        for n in (1, 2):
            lab.ip(f"spoke{n}-host", "addr", "add", f"10.1.{n}.100/24", "dev", "eth0")
        lab.wait_registered("spoke1", "spoke2")
        scene.wait_for("traffic gets through", lambda: lab.ping("spoke2-host", "10.1.1.100", 2) == 2)
        scene.expect("the hub's rate for spoke 1", shaping(lab)[scene.spoke_nbma(1)]["rate_bps"], 4000000)
        scene.expect("its rate for spoke 2", shaping(lab)[scene.spoke_nbma(2)], None)

        answers = []
        flood = Flood(lab, "spoke2-host", "spoke1-host", "10.1.1.100")
        near("a flood to spoke 1", flood.rate(lambda: echoes(lab, answers)), 4e6)
        lost, average = min(answers)
        scene.expect("echoes lost beside the flood", lost, 0)
        scene.check(f"they took {average} ms on average, as long as the flood waits", average < 60)
        scene.check("nothing was dropped of three times the rate", shaping(lab)[scene.spoke_nbma(1)]["dropped"] > 100)
        os.kill(lab.pid("hub1", "control"), signal.SIGKILL)
        near("the same while the control process is started again", flood.rate(), 4e6)
        scene.wait_for("the hub answers again", lambda: shaping(lab)[scene.spoke_nbma(1)])
        lab.configure("hub1", scene.protected(hub("8m")))
        lab.tool("hub1", "reload")
        scene.wait_for("the new rate", lambda: shaping(lab)[scene.spoke_nbma(1)]["rate_bps"] == 8000000)
        near("the same after a reload", flood.rate(), 8e6)
        flood.stop()

        flood = Flood(lab, "spoke1-host", "spoke2-host", "10.1.2.100")
        rate = flood.rate()
        scene.check(f"a flood to spoke 2 is slowed to {rate / 1e6:.2f} Mbit/s", rate > 11e6)
        flood.stop()


scene.main(test)
