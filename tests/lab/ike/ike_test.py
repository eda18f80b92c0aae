#!/usr/bin/env python3
"""Two routers whose keepers run stock charons by the launcher: IKE_AUTH and all that follows
goes over UDP 4500 and reaches charon by way of the forwarder, over IPv4 and IPv6 and through
strict reverse path filters; ESP reaches the forwarder, coalesced for every peer; charon and the forwarder die and come back;
a stopped one says goodbye; nobody is left over.

usage: ike_test.py IKE_DAEMON DMVPN_CHARON CHARON     exits 77 without root or charon
"""
import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys

from routers import PROGRAMS, TAG, alive, with_two_routers
from helpers import check, expect, run, says, socket_in, wait_for

DAEMON, LAUNCHER, _ = PROGRAMS
FLOWS = 64
SIOCETHTOOL, ETHTOOL_STSO, ETHTOOL_SGRO, UDP_SEGMENT = 0x8946, 0x1f, 0x2c, 103

CONNECTIONS = """
connections {{
  v4 {{ version = 2
    local_addrs = {local4}
    remote_addrs = {remote4}
    encap = yes
    mobike = no
    unique = never
    proposals = aes128-sha256-ecp256
    local {{ auth = psk
      id = {local4} }}
    remote {{ auth = psk
      id = {remote4} }}
    children {{ gre {{ mode = transport
      local_ts = dynamic[gre]
      remote_ts = dynamic[gre]
      esp_proposals = aes128gcm16 }} }} }}
  v6 {{ version = 2
    local_addrs = {local6}
    remote_addrs = {remote6}
    encap = yes
    mobike = no
    unique = never
    proposals = aes128-sha256-ecp256
    local {{ auth = psk
      id = {local6} }}
    remote {{ auth = psk
      id = {remote6} }}
    children {{ gre6 {{ mode = transport
      local_ts = dynamic[gre]
      remote_ts = dynamic[gre]
      esp_proposals = aes128gcm16 }} }} }}
  old {{ version = 1
    local_addrs = {local4}
    remote_addrs = {remote4}
    encap = yes
    unique = never
    proposals = 3des-md5-modp768
    local {{ auth = psk
      id = {local4} }}
    remote {{ auth = psk
      id = {remote4} }}
    children {{ greold {{ mode = transport
      local_ts = dynamic[gre]
      remote_ts = dynamic[gre]
      esp_proposals = 3des-md5 }} }} }}
}}
secrets {{ ike {{ secret = not-for-logs }} }}
"""


def handed_in_order(a):
    wanted = ["memory 1", "udp 4", "inject 4", "udp 6", "inject 6", "xfrm groups 0"]
    got = [l for l in a.lines() if l.split()[0] in ("memory", "udp", "inject", "xfrm")]
    expect("what the forwarder is handed", [w for w in got if w in wanted], wanted)
    check("events", a.count("xfrm groups") >= 2)
    expect("sealed against exec", a.count("the memory is not"), 0)


def private(a):
    """What charon is told stays with root; it knows no secret of ours but by VICI."""
    for name, mode in (("strongswan.conf", 0o600), ("charon.vici", 0o600), ("charon.pid", 0o600)):
        expect(name, os.stat(os.path.join(a.folder, name)).st_mode & 0o777, mode)
    with open(os.path.join(a.folder, "strongswan.conf")) as f:
        says(f.read(), "keep_alive = 17s", "init_limit_half_open = 1000")
    with open(f"/proc/{a.pid('charon')}/environ") as f:
        expect("charon's environment", sorted(v.split("=")[0] for v in f.read().split("\0") if v),
               ["LC_ALL", "PATH", "STRONGSWAN_CONF"])
    expect("plugins of the system's configuration", "stroke" in a.swanctl("--stats"), False)


def exchange(a, b):
    """Over both families, IKEv2 and, with the old world's weakest words, IKEv1."""
    for child, family in (("gre", 4), ("gre6", 6), ("greold", 4)):
        before = b.count(f"ike over IPv{family}")
        a.initiate(child)
        for r in (a, b):
            says(r.sas(), child, "INSTALLED")
        check(f"{child}: IKE_AUTH came by way of the forwarder", b.count(f"ike over IPv{family}") > before)
        check("nothing is injected twice", b.count("charon is not there") == 0)


def esp_arrives(a, b):
    for family, kind in ((4, socket.AF_INET), (6, socket.AF_INET6)):
        s = socket_in(a.ns, kind, socket.SOCK_DGRAM)
        s.sendto(b"\xc0\0\0\1" + bytes(60), (b.address(family), 4500))
        s.close()
        b.await_lines(f"esp over IPv{family} of 64 bytes", 1)


def device_set(r, command, value):
    """An ethtool setting of eth0."""
    s = socket_in(r.ns, socket.AF_INET, socket.SOCK_DGRAM)
    data = ctypes.create_string_buffer(struct.pack("=II", command, value))
    fcntl.ioctl(s, SIOCETHTOOL, struct.pack("=16sQ16x", b"eth0", ctypes.addressof(data)))
    s.close()


def wire_like(a, b):
    """What a sends crosses packet by packet, as on a wire, and b's device puts flows together."""
    run("ip", "-n", a.ns, "link", "set", "eth0", "gso_max_segs", "1")
    device_set(a, ETHTOOL_STSO, 0)
    device_set(b, ETHTOOL_SGRO, 1)


def every_flow_is_coalesced(a, b):
    """The kernel picks the socket to coalesce for by a hash of the addresses: charon's too, half the time."""
    wire_like(a, b)
    for family, kind in ((4, socket.AF_INET), (6, socket.AF_INET6)):
        for _ in range(FLOWS):
            s = socket_in(a.ns, kind, socket.SOCK_DGRAM)
            s.connect((b.address(family), 4500))
            s.sendmsg([b"\xc0\0\0\2" + bytes(1396) + (b"\xc0\0\0\2" + bytes(1396)) * 19],
                      [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("H", 1400))])
            s.close()
        b.await_lines(f"esp over IPv{family} of 28000 bytes", FLOWS)
        expect("single ones", b.count(f"esp over IPv{family} of 1400 bytes"), 0)


def forwarder_dies(a, b):
    charon, count = a.pid("charon"), a.count("xfrm groups")
    os.kill(a.pid("forwarder"), signal.SIGKILL)
    a.await_lines("memory 2", 1)
    a.await_lines("xfrm groups", 2 * count)
    a.renew("v4", "gre")
    b.renew("v6", "gre6")
    expect("charon", a.pid("charon"), charon)
    expect("end of VICI", a.count("vici-end"), 0)


def charon_dies(a, b):
    before = a.pid("charon")
    os.kill(before, signal.SIGKILL)
    a.await_lines("vici-end", 1)
    a.await_lines("xfrm taken", 1)
    # Nobody is there for what the other says; the forwarder sees it again, once.
    a.await_lines("vici", 3)  # vici, vici-end, vici
    check("another charon", a.pid("charon") != before)
    expect("the memory stays", a.count("memory"), 2)
    a.load()
    a.initiate("gre")
    a.initiate("gre6")
    says(a.sas(), "gre6", "INSTALLED")


def charon_hangs(a):
    """Stopped dead it answers nobody; the control process has it replaced."""
    before = a.pid("charon")
    os.kill(before, signal.SIGSTOP)
    os.kill(a.pid("dmvpnd"), signal.SIGHUP)  # ike_daemon: charon hangs
    a.await_lines("result 9 0", 1)
    a.await_lines("vici-end", 2)
    wait_for("another charon", lambda: a.pid("charon") != before)
    wait_for("the old one's end", lambda: not alive(before))
    wait_for("VICI", lambda: a.count("vici") - a.count("vici-end") > 2)
    a.load()
    a.initiate("gre")


def control_dies(a):
    connections = a.count("vici") - a.count("vici-end")
    charon = a.pid("charon")
    os.kill(a.pid("control"), signal.SIGKILL)
    wait_for("a fresh VICI connection", lambda: a.count("vici") - a.count("vici-end") > connections)
    expect("charon", a.pid("charon"), charon)
    a.await_lines("result 1 0", 2)


def clean_stop(a, b):
    deleted, deleted_there = a.count("xfrm DELSA"), b.count("xfrm DELSA")
    charon, launcher = a.pid("charon"), a.pid("launcher")
    os.kill(a.pid("dmvpnd"), signal.SIGTERM)
    expect("keeper's exit code", a.keeper.wait(10), 0)
    check("charon and launcher are gone", not alive(charon) and not alive(launcher))
    check("charon took its SAs away", a.count("xfrm DELSA") > deleted)
    expect("left over", sorted(os.listdir(a.folder)), ["dmvpnd.lock"])
    b.await_lines("xfrm DELSA", deleted_there + 1)


def sudden_end(b):
    charon, launcher = b.pid("charon"), b.pid("launcher")
    os.kill(b.pid("dmvpnd"), signal.SIGKILL)
    wait_for("charon's end", lambda: not alive(charon) and not alive(launcher))


def missing(folder):
    done = subprocess.run(["ip", "netns", "exec", f"{TAG}-a", DAEMON, os.path.join(folder, "none"), LAUNCHER, "/no/such/charon"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20)
    expect("exit code", done.returncode, 1)
    says(done.stdout, "/no/such/charon is missing: install the Debian package charon-systemd")


def no_secret(*routers):
    for r in routers:
        check("the log holds no secret", not any("not-for-logs" in l for l in r.lines()))


def test(folder, a, b):
    a.start()
    b.start()
    handed_in_order(a)
    private(a)
    exchange(a, b)
    esp_arrives(a, b)
    every_flow_is_coalesced(a, b)
    forwarder_dies(a, b)
    charon_dies(a, b)
    charon_hangs(a)
    control_dies(a)
    clean_stop(a, b)
    sudden_end(b)
    missing(folder)
    no_secret(a, b)


sys.exit(with_two_routers(CONNECTIONS, test))
