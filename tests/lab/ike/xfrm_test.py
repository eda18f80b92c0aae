#!/usr/bin/env python3
"""Two stock charons over two XFRM servers: the messages of every sequence as charon sends them,
with their lengths. Start, initiate, DPD, soft and hard expiry, a peer that moves, a forwarder killed in
between, terminate. Where a charon of another version differs, this says in what.

usage: xfrm_test.py IKE_DAEMON DMVPN_CHARON CHARON     exits 77 without root or charon
"""
import os
import re
import signal
import sys

from routers import with_two_routers
from helpers import check, expect, says, wait_for

CONNECTION = """connections { peer { version = 2
    local_addrs = {local4}
    remote_addrs = {remote4}
    encap = yes
    mobike = no
    unique = never
    dpd_delay = 1s
    proposals = aes128-sha256-ecp256
    local { auth = psk
      id = {local4} }
    remote { auth = psk
      id = {remote4} }
    children { {children} } } }
secrets { ike { secret = not-for-logs } }
"""
CHILD = """ {name} { mode = transport
      local_ts = dynamic[{proto}]
      remote_ts = dynamic[{proto}]
      esp_proposals = {suite}
      rand_time = 0
      {times} }
"""
LASTING = "rekey_time = 0\n life_time = 1h"
CHILDREN = (("plain", "47", "aes128gcm16", LASTING),
            ("wide", "46", "aes256-sha256-esn", LASTING + "\n replay_window = 128"),
            ("soft", "94", "aes128gcm16", "rekey_time = 2s\n life_time = 1h"),
            ("hard", "97", "aes128gcm16", "rekey_time = 0\n life_time = 2s"))
CHANGES = ("ALLOCSPI", "UPDSA", "NEWSA", "NEWPOLICY", "UPDPOLICY", "DELSA", "DELPOLICY")


def configuration(renews):
    """In the form that str.format() fills the addresses into. Only one side rekeys."""
    children = ""
    for values in CHILDREN:
        if not renews and "replay_window" not in values[3]:
            values = values[:3] + (LASTING,)
        text = CHILD
        for word, value in zip(("name", "proto", "suite", "times"), values):
            text = text.replace("{" + word + "}", value)
        children += text
    text = CONNECTION.replace("{children}", children).replace("{", "{{").replace("}", "}}")
    return re.sub(r"\{\{((?:local|remote)4)\}\}", r"{\1}", text)


def said(r, mark, *kinds):
    """Requests and events from line `mark` on, of those kinds."""
    return [l[5:] for l in r.lines()[mark:] if l.startswith("xfrm ") and l.split()[1] in kinds]


def no_errors(*routers):
    for r in routers:
        expect(f"errors in {r.ns}", [l for l in r.lines() if re.match(r"xfrm .* = -", l) or l.startswith("DIED")], [])


def starts(a):
    expect("what charon asks at its start", said(a, 0, "GETSPDINFO", "NEWSPDINFO", "FLUSHSA", "FLUSHPOLICY"),
           ["GETSPDINFO 20 = NEWSPDINFO 64"] * 2)


def initiates(a, b, child, sa_in, sa_out):
    marks = len(a.lines()), len(b.lines())
    a.initiate(child)
    for r, mark in zip((a, b), marks):
        wait_for("an installed pair", lambda r=r, mark=mark: len(said(r, mark, *CHANGES)) >= 5)
        expect(f"{r.ns} installs {child}", said(r, mark, *CHANGES), [
            "ALLOCSPI 248 = NEWSA 240", f"UPDSA {sa_in} = 0", f"NEWSA {sa_out} = 0",
            "NEWPOLICY 252 = 0", "NEWPOLICY 252 = 0"])


def terminates(a, child):
    mark = len(a.lines())
    a.swanctl("--terminate", "--child", child, "--timeout", "10")
    expect(f"{child} terminated", said(a, mark, *CHANGES),
           ["DELPOLICY 80 = 0", "DELPOLICY 80 = 0", "DELSA 40 = 0", "DELSA 40 = 0"])


def reports_usage(a):
    os.kill(a.pid("forwarder"), signal.SIGUSR1)
    wait_for("counters", lambda: re.search(r"100 bytes, +1 packets", a.sas()))


def asks_for_life(a):
    """Nothing was heard for a second: charon looks at the policy, then at the SA, then asks the peer."""
    mark = len(a.lines())
    wait_for("DPD", lambda: sum(l.startswith("ike over") for l in a.lines()[mark:]) >= 2)
    check("charon looked for traffic first", said(a, mark, "GETPOLICY"), a.lines()[mark:])
    for line in said(a, mark, "GETPOLICY"):
        expect("policy", line, "GETPOLICY 80 = NEWPOLICY 252")


def expires(a, child, wanted):
    mark = len(a.lines())
    a.initiate(child)
    wait_for(f"{child}'s expiry", lambda: said(a, mark, "event"), seconds=6)
    expect("event", said(a, mark, "event")[0], "event EXPIRE 248")
    first = next(i for i, l in enumerate(a.lines()) if i >= mark and "EXPIRE" in l)
    got = lambda: [l.split()[0] for l in said(a, first, *CHANGES)][:len(wanted)]
    wait_for("what follows", lambda: len(got()) == len(wanted))
    expect(f"what follows {child}'s expiry", got(), wanted)
    a.swanctl("--terminate", "--child", child, "--timeout", "10", check=False)


def forwarder_dies(a):
    a_groups = a.count("xfrm groups")
    os.kill(a.pid("forwarder"), signal.SIGKILL)
    a.await_lines("memory 2", 1)
    a.await_lines("xfrm groups", a_groups + 2)
    says(a.sas(), "plain", "INSTALLED", "100 bytes")


def moves(a):
    """Each SA goes and comes back with its keys; what it has sent is not forgotten."""
    mark = len(a.lines())
    os.kill(a.pid("forwarder"), signal.SIGUSR2)
    wait_for("MAPPING", lambda: "event MAPPING 80" in said(a, mark, "event"))
    wait_for("moved SAs", lambda: len(said(a, mark, "NEWSA")) >= 2)
    for line in ("GETAE 64 = NEWAE 116", "DELSA 40 = 0", "NEWSA 428 = 0"):  # with window, counters, last use
        expect("of each SA", said(a, mark, line.split()[0]), [line] * 2)
    check("sequence numbers go on", any(re.match(r"sa outbound .* port 4501 sequence goes on", l) for l in a.lines()[mark:]),
          a.lines()[mark:])
    check("an inbound SA stays one", any(re.match(r"sa inbound .* port 4501", l) for l in a.lines()[mark:]))


def test(_, a, b):
    a.start()
    b.start()
    starts(a)
    initiates(a, b, "plain", 364, 364)
    initiates(a, b, "wide", 524, 512)
    terminates(a, "wide")
    asks_for_life(a)
    expires(a, "soft", ["ALLOCSPI", "UPDSA", "NEWSA", "UPDPOLICY", "UPDPOLICY", "DELSA"])
    expires(a, "hard", ["DELPOLICY", "DELPOLICY", "DELSA", "DELSA", "ALLOCSPI", "UPDSA", "NEWSA", "NEWPOLICY", "NEWPOLICY"])
    reports_usage(a)
    forwarder_dies(a)
    moves(a)
    no_errors(a, b)


sys.exit(with_two_routers(configuration(True), test, configuration(False)))
