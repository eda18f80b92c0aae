#!/usr/bin/env python3
"""Hostile NHRP against a live hub and a live spoke: an attacker on the same underlay, with an
address of its own and the right authentication, sends what it can think of. After each: the
programs are the same processes, the tunnel carries packets, a counter names the reason, the
log has not grown without bound.

usage: wire.py BUILD_FOLDER     exits 77 without root or without /dev/net/tun
DMVPN_SANITIZED set: a build with sanitizers, whose memory says nothing.
"""
import json
import os
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from helpers import Switch, check, needs_lab, run, socket_in, wait_for

import nhrp_bytes as n

BUILD = os.path.abspath(sys.argv[1])
TAG = f"wire{os.getpid()}"
HUB, SPOKE, ATTACKER = "192.0.2.1", "192.0.2.11", "192.0.2.66"
CLAIMS = 20000
RESOLUTIONS = 4096  # at a time; beyond it indications are passed over
LOG_BYTES_MAX = 200000
TUNNEL = """interface Tunnel0
 ip address {overlay} 255.255.0.0
 ip nhrp network-id 1
 ip nhrp authentication secret
 ip nhrp holdtime 600
 tunnel source Ethernet0
 tunnel mode gre multipoint
 tunnel key 100
"""
HUB_LINES = " ip nhrp map multicast dynamic\n ip nhrp redirect\n ip nhrp map 10.0.0.9 192.0.2.9\n"
SPOKE_LINES = " ip nhrp nhs 10.0.0.1 nbma 192.0.2.1 multicast\n ip nhrp shortcut\n"


class Router:
    def __init__(self, switch, folder, name, underlay, overlay, lines):
        self.name, self.overlay, self.folder = name, overlay, os.path.join(folder, name)
        os.makedirs(self.folder)
        self.ns = switch.add(name, "Et0", f"{underlay}/24")
        self.config, self.log = os.path.join(self.folder, "router.cfg"), os.path.join(self.folder, "log")
        with open(self.config, "w") as f:
            f.write(f"hostname {name}\ninterface Ethernet0\n ip address {underlay} 255.255.255.0\n"
                    + TUNNEL.format(overlay=overlay) + lines)
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.ns, os.path.join(BUILD, "dmvpnd"), "-f", self.config, "--run-dir",
                 os.path.join(self.folder, "run"), "--state-dir", os.path.join(self.folder, "state"),
                 "--datapath", "user"], stdout=log, stderr=log)
        wait_for(f"{name} answers", lambda: self.show("tunnels"))
        self.pids = self.programs()

    def show(self, what):
        return json.loads(run(os.path.join(BUILD, "dmvpn"), "show", "--socket",
                              os.path.join(self.folder, "run", "control.sock"), "--json", what))

    def count(self, name):
        shown = self.show("counters")
        return {**shown["forward"]["drops"], **shown["engine"]}[name]

    def bindings(self):
        return {b["target"]: b for b in self.show("nhrp")["bindings"]}

    def programs(self):
        found = []
        for which in ("dmvpnd", "control", "forwarder"):
            with open(os.path.join(self.folder, "run", which + ".pid")) as f:
                found.append(int(f.read()))
        return found

    def resident_kb(self):
        with open(f"/proc/{self.pids[1]}/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


class Attacker:
    """A raw GRE socket inside its own namespace."""

    def __init__(self, switch):
        self.socket = socket_in(switch.add("bad", "Et0", f"{ATTACKER}/24"), socket.AF_INET, socket.SOCK_RAW,
                                socket.IPPROTO_GRE)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)

    def send(self, to, nhrp, **gre):
        self.socket.sendto(n.gre(nhrp, **gre), (to, 0))

    def heard(self, seconds=0.3):
        """The NHRP messages that come until it is silent for so long."""
        got = []
        while select.select([self.socket], [], [], seconds)[0]:
            packet = self.socket.recv(65535)
            packet = packet[(packet[0] & 15) * 4:]
            if packet[2:4] == b"\x20\x01":
                got.append(packet[8:] if packet[0] & 0x20 else packet[4:])
        return got


def registration(claimed, nbma=ATTACKER, to="10.0.0.1", **rest):
    return n.message(n.REGISTRATION_REQUEST, nbma, claimed, to, flags=n.UNIQUE, **rest)


def reply_codes(messages, kind=n.REGISTRATION_REPLY):
    """The code of the first CIE of each reply."""
    return [m[20 + 8 + m[18] + m[20] + m[21]] for m in messages if n.kind_of(m) == kind]


class Scene:
    def __init__(self, switch, folder):
        self.routers = []
        for words in (("hub", HUB, "10.0.0.1", HUB_LINES), ("spoke", SPOKE, "10.0.0.11", SPOKE_LINES)):
            self.routers.append(Router(switch, folder, *words))
        self.hub, self.spoke = self.routers
        self.attacker = Attacker(switch)
        wait_for("the spoke is registered", lambda: self.spoke.show("nhs")["nhs"][0]["status"] == "UP")

    def expect_sound(self, what):
        ns = self.spoke.ns
        wait_for(f"{what}: pings", lambda: " 0% packet loss" in run(
            "ip", "netns", "exec", ns, "ping", "-c", "3", "-i", "0.05", "-W", "1", "10.0.0.1", check=False))
        for r in self.routers:
            if r.programs() != r.pids:
                raise AssertionError(f"{what}: a program of {r.name} died")
            if os.path.getsize(r.log) > LOG_BYTES_MAX:
                raise AssertionError(f"{what}: the log of {r.name} has {os.path.getsize(r.log)} bytes")
        if self.hub.bindings()["10.0.0.11/32"]["nbma"] != SPOKE:
            raise AssertionError(f"{what}: the spoke's binding was taken: {self.hub.bindings()}")
        print(what, flush=True)


def counted(router, name, least, send):
    """Sends, and waits until the router has counted it under that name."""
    before = router.count(name)
    send()
    wait_for(f"{router.name} counts {name} {least} times", lambda: router.count(name) - before >= least)


def truncated(s):
    whole = registration("10.0.7.1", extensions=[n.extension(4, b"", False)])
    for router, to in ((s.hub, HUB), (s.spoke, SPOKE)):
        # a GRE packet without even an NHRP header's first octet counts too
        counted(router, "DROP_UNDECODED", len(whole) - 10,
                lambda to=to: [s.attacker.send(to, whole[:i]) for i in range(len(whole))])
    check("a cut registration was taken", "10.0.7.1/32" not in s.hub.bindings())


def damaged(s):
    """Every octet of a message replaced by others, and cut GRE headers."""
    whole = bytearray(registration("10.0.7.2"))
    for i in range(len(whole)):
        for value in (0, 1, 0x7f, 0x80, 0xff):
            hurt = bytearray(whole)
            hurt[i] = value
            hurt[12:14] = b"\0\0"
            hurt[12:14] = struct.pack("!H", n.checksum(bytes(hurt)))
            s.attacker.send(HUB, bytes(hurt))
            s.attacker.send(SPOKE, bytes(hurt))
    for head in (b"", b"\x20", b"\x20\0\x20", b"\x20\0\x20\1", b"\x20\0\x20\1\0\0\0", b"\xff" * 40, b"\x20\7\x20\1" + b"\0" * 40,
                 b"\xf0\0\x20\1\0"):
        s.attacker.socket.sendto(head, (HUB, 0))
    s.attacker.heard()


def oversized(s):
    big = registration("10.0.7.3", extensions=[n.extension(8, b"x" * 1600, False)])
    counted(s.hub, "NHRP_LONG", 1, lambda: s.attacker.send(HUB, big))
    huge = registration("10.0.7.3", extensions=[n.extension(8, b"x" * 60000, False)])
    s.attacker.send(HUB, huge)
    s.attacker.send(HUB, n.message(n.REGISTRATION_REQUEST, ATTACKER, "10.0.7.3", "10.0.0.1", cies=[n.cie()] * 100))
    s.attacker.send(HUB, registration("10.0.7.3", extensions=[n.extension(100 + i, b"", False) for i in range(200)]))
    s.attacker.heard()


def looping(s):
    seen = n.extension(4, n.cie(HUB, "10.0.0.1"), True)
    counted(s.hub, "DROP_LOOP", 1, lambda: s.attacker.send(
        HUB, n.message(n.RESOLUTION_REQUEST, ATTACKER, "10.0.7.4", "10.0.0.11", extensions=[seen])))
    for hops in (0, 1):
        counted(s.hub, "DROP_HOP_COUNT", 1, lambda h=hops: s.attacker.send(
            HUB, n.message(n.RESOLUTION_REQUEST, ATTACKER, "10.0.7.4", "10.0.0.11", hops=h)))


def unauthenticated(s):
    for bad in (None, b"", b"\0\0\0\1wrong", b"\0\0\0\1secretsecret", b"\0\0\0\2secret", b"\0\0\0\1"):
        counted(s.hub, "DROP_AUTHENTICATION", 1, lambda b=bad: s.attacker.send(HUB, registration("10.0.7.5", authentication=b)))
    check("taken without authentication", "10.0.7.5/32" not in s.hub.bindings())


def spoofed_registrations(s):
    s.attacker.heard(0.05)
    s.attacker.send(HUB, registration("10.0.0.11"))
    check("another spoke's address", reply_codes(s.attacker.heard()) == [14])
    for taken in ("10.0.0.1", "10.0.0.9"):
        s.attacker.send(HUB, registration(taken))
        got = reply_codes(s.attacker.heard())
        check(f"{taken} was given away", 0 not in got, got)
    check("the static map", s.hub.bindings()["10.0.0.9/32"]["nbma"] == "192.0.2.9", s.hub.bindings())
    for strange in ("224.0.0.5", "0.0.0.0", "255.255.255.255", "127.0.0.1", "10.0.255.255"):
        s.attacker.send(HUB, registration(strange))
        s.attacker.send(HUB, registration("10.0.7.6", nbma=strange))
        s.attacker.send(HUB, registration("10.0.7.7", cies=[n.cie(strange, strange)]))
    s.attacker.send(HUB, registration("10.0.7.8", cies=[n.cie(prefix=0, proto="10.0.0.0"), n.cie(prefix=8, proto="10.0.0.0")]))
    s.attacker.heard()
    for target, b in s.hub.bindings().items():
        check("a strange address was bound", not target.startswith(("224.", "0.", "255.", "127.", "10.0.255.255")), b)
        check("a strange NBMA address was bound", b["nbma"] in (None, HUB, SPOKE, ATTACKER, "192.0.2.9"), b)
    check("counted as spoofed", s.hub.count("DROP_SPOOFED") > 0)


def replayed_replies(s):
    counted(s.spoke, "DROP_UNMATCHED", 200, lambda: [s.attacker.send(SPOKE, n.message(
        kind, SPOKE, "10.0.0.11", "10.0.0.1", request=i, cies=[n.cie(ATTACKER, "10.0.0.1")]))
        for i in range(100) for kind in (n.REGISTRATION_REPLY, n.RESOLUTION_REPLY)])
    check("the NHS was moved", s.spoke.bindings()["10.0.0.1/32"]["nbma"] == HUB)


def error_storm(s):
    sent = s.hub.count("ERROR_SENT"), s.spoke.count("ERROR_SENT")
    offender = n.message(n.RESOLUTION_REQUEST, HUB, "10.0.0.1", "10.0.0.11")
    for router, to in ((s.hub, HUB), (s.spoke, SPOKE)):
        counted(router, "ERROR_RECEIVED", 2000, lambda to=to, own=router.overlay: [s.attacker.send(to, n.message(
            n.ERROR_INDICATION, ATTACKER, "10.0.7.9", own, code=c % 20, payload=offender[:c % len(offender)]))
            or time.sleep(0.0001) for c in range(2500)])
    now = s.hub.count("ERROR_SENT"), s.spoke.count("ERROR_SENT")
    check("errors answered by errors", now == sent, (sent, now))


def indication_storm(s):
    run("ip", "-n", s.spoke.ns, "route", "add", "10.0.0.0/8", "via", "10.0.0.1")
    before, rng = s.spoke.count("RESOLUTION_REQUEST_SENT"), random.Random(1)
    indications = [n.message(n.TRAFFIC_INDICATION, HUB, "10.0.0.1", "10.0.0.11", payload=n.ip_udp(
        "10.0.0.11", f"10.{rng.randrange(1, 250)}.{rng.randrange(256)}.{rng.randrange(1, 255)}")) for _ in range(5000)]
    counted(s.spoke, "TRAFFIC_INDICATION_RECEIVED", 4000,
            lambda: [s.attacker.send(SPOKE, m) or time.sleep(0.0001) for m in indications])
    asked = s.spoke.count("RESOLUTION_REQUEST_SENT") - before
    check("resolutions after 5000 indications", 0 < asked <= RESOLUTIONS, asked)
    check("entries after 5000 indications", len(s.spoke.bindings()) <= RESOLUTIONS + 1, len(s.spoke.bindings()))
    print(f"{asked} asked, {len(s.spoke.bindings())} entries", flush=True)


def purge(s):
    for router, to, victim in ((s.hub, HUB, "10.0.0.11"), (s.spoke, SPOKE, "10.0.0.1"), (s.hub, HUB, "10.0.0.9")):
        for src in (victim, "10.0.7.10"):
            s.attacker.send(to, n.message(n.PURGE_REQUEST, ATTACKER, src, router.overlay, cies=[n.cie("", victim)]))
            s.attacker.send(to, n.message(n.PURGE_REQUEST, ATTACKER, src, router.overlay, cies=[n.cie("", "0.0.0.0", prefix=0)]))
        s.attacker.heard()
        check(f"{victim} was purged", f"{victim}/32" in router.bindings(), router.bindings())


def claims(s):
    before = s.hub.resident_kb()
    for i in range(CLAIMS):
        s.attacker.send(HUB, registration(f"10.0.{20 + i // 250}.{1 + i % 250}", request=i))
        if i % 50 == 49:
            s.attacker.heard(0.002)
    s.attacker.heard()
    print(f"{len(s.hub.bindings())} bindings, {s.hub.resident_kb() - before} kB more", flush=True)
    check("memory", s.hub.resident_kb() - before < 100000 or "DMVPN_SANITIZED" in os.environ, s.hub.resident_kb() - before)
    check("hub's table", CLAIMS / 2 < len(s.hub.bindings()) <= CLAIMS + 50, len(s.hub.bindings()))


ATTACKS = (truncated, damaged, oversized, looping, unauthenticated, spoofed_registrations, replayed_replies, error_storm,
           indication_storm, purge, claims)


def main():
    needs_lab()
    folder, switch, scene, failed = tempfile.mkdtemp(prefix="dmvpn-wire-"), None, None, True
    os.chmod(folder, 0o755)
    try:
        switch = Switch(TAG)
        scene = Scene(switch, folder)
        for attack in ATTACKS:
            attack(scene)
            scene.expect_sound(attack.__name__)
        failed = False
    finally:
        for r in scene.routers if scene else []:
            code = r.stop()
            with open(r.log) as log:
                text = log.read()
            if failed or code or "Sanitizer" in text or "runtime error" in text:
                print(f"--- {r.name} exit {code}\n{text[-6000:]}")
                failed = True
        if switch:
            switch.remove()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
