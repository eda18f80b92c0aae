#!/usr/bin/env python3
"""Users of a site reach the internet: from the site itself, with the address of the uplink that is in use,
or through a hub. What is for other sites stays in the tunnels, or at home.

internet_exit.py TOOL FOLDER
"""
import os
import re
import socket
import sys
import threading
import time

from scene import Lab, check, configs_of, expect, listener_on, needs_lab, socket_in, wait_for
from users import WEB, Server, User


class Capture:
    """Source and destination of what leaves a router's interface in IPv4, of others than the interface's own."""

    def __init__(self, lab, router, interface):
        self.socket = listener_on(lab, router, interface)

    def pairs(self):
        found = set()
        while True:
            try:
                packet, where = self.socket.recvfrom(64, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return found
            except OSError:
                continue  # the interface was down once
            if where[2] == 4 and packet[0] >> 4 == 4:
                found.add((socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])))


def tcp_mss(lab, host, address=WEB, server="web"):
    """The largest segment that a server may send to the host: what its SYN said when it arrived."""
    s = socket_in(lab.netns(server), socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, 7501))
    s.listen()
    c = socket_in(lab.netns(host), socket.AF_INET, socket.SOCK_STREAM)
    c.connect((address, 7501))
    a, _ = s.accept()
    mss = a.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
    data = b"x" * 200000
    threading.Thread(target=lambda: (a.sendall(data), a.shutdown(socket.SHUT_WR)), daemon=True).start()
    c.settimeout(10)
    got = 0
    while chunk := c.recv(65536):
        got += len(chunk)
    expect("octets by TCP", got, len(data))
    for x in (s, c, a):
        x.close()
    return mss


def locally(lab):
    """Two uplinks at each spoke, a tunnel by each."""
    dsl, lte = "198.51.100.6", "198.51.100.134"
    server = Server(lab)
    user = User(lab, "spoke1-host")
    captures = {i: Capture(lab, "spoke1", i) for i in ("Gi0-0", "Gi0-2")}
    wait_for("the server knows the user by DSL's address", lambda: user.known_as() == dsl, 30)
    wait_for("the LANs talk", lambda: lab.ping("spoke1-host", "10.1.2.253", 1), 30)
    mss = tcp_mss(lab, "spoke1-host")
    check("the whole MTU is used towards the internet", mss >= 1436, mss)
    mss = tcp_mss(lab, "spoke1-host", "10.1.2.253", "spoke2-host")
    check("segments fit into the tunnel", mss <= 1360, mss)
    now = time.monotonic()
    lab.fault("fail", "kill@hub1")
    wait_for("the LANs talk through the other hub", lambda: lab.ping("spoke1-host", "10.1.2.253", 1), 30)
    check("users do not notice a dead hub", user.silence(now) < 0.5, user.silence(now))
    now = time.monotonic()
    lab.ip("spoke1", "link", "set", "Gi0-0", "down")
    wait_for("the server knows the user by LTE's address", lambda: user.known_as() == lte, 15)
    check("the same flow goes on within a second", user.silence(now) < 1, user.silence(now))
    check("the LANs talk", lab.ping("spoke1-host", "10.1.2.253", 3), 3)
    lab.ip("spoke1", "link", "set", "Gi0-0", "up")
    wait_for("it is back", lambda: user.known_as() == dsl, 15)
    # The hub that is left dies, too: nothing for other sites leaves in clear.
    lab.fault("fail", "kill@hub2")
    wait_for("the other LAN is not reached", lambda: not lab.ping("spoke1-host", "10.1.2.253", 1), 15)
    lab.ping("spoke1-host", "10.1.2.253", 5)
    wait_for("users still are", lambda: user.silence(time.monotonic() - 0.3) < 0.3, 5)
    user.stop()
    expect("as whom the server knew them", server.seen, {dsl, lte})
    rules = lab.exec("spoke1", "nft", "list", "table", "ip", "dmvpn_nat")
    counted = re.search(r"counter packets (\d+) bytes \d+ masquerade\n", rules)
    check("the rule has counted", counted and int(counted.group(1)) > 0, rules)
    for interface, own in (("Gi0-0", dsl), ("Gi0-2", lte)):
        pairs = captures[interface].pairs()
        check(f"something left by {interface}", pairs)
        check(f"only {own} left by {interface}", {a for a, _ in pairs} <= {own}, pairs)
        check("nothing for a site in clear", not any(b.startswith("10.") for _, b in pairs), pairs)


def at_the_hub(lab):
    """The default route comes from the hubs, the uplink is in a VRF."""
    server = Server(lab)
    user = User(lab, "spoke1-host")
    capture = Capture(lab, "spoke1", "Gi0-0")
    wait_for("the server knows the user by hub1's address", lambda: user.known_as() == "192.0.2.2", 45)
    wait_for("the LANs talk", lambda: lab.ping("spoke1-host", "10.1.2.253", 1), 30)
    mss = tcp_mss(lab, "spoke1-host")
    check("segments fit into the tunnel", mss <= 1360, mss)
    now = time.monotonic()
    lab.fault("fail", "kill@hub1")
    wait_for("the server knows the user by hub2's address", lambda: user.known_as() == "192.0.2.6", 15)
    check("the same flow goes on within a second", user.silence(now) < 1, user.silence(now))
    user.stop()
    expect("as whom the server knew them", server.seen, {"192.0.2.2", "192.0.2.6"})
    pairs = capture.pairs()
    check("nothing but the tunnels' packets left", {b for _, b in pairs} <= {"192.0.2.2", "192.0.2.6"}, pairs)


def main():
    tool, folder = os.path.abspath(sys.argv[1]), sys.argv[2]
    needs_lab(frr=True)
    configs = configs_of(folder)
    with Lab(tool, configs) as lab:
        at_the_hub(lab) if folder.rstrip("/").endswith("at-hub") else locally(lab)


main()
