#!/usr/bin/env python3
"""dmvpn decode against real captures and what tcpdump prints of them (the .out files beside).

usage: captures_test.py DMVPN PROJECT_ROOT
The captures lie in ../shared/captures beside the project (or $DMVPN_SHARED/captures).
"""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

dmvpn, root = sys.argv[1:3]
captures = Path(os.environ.get("DMVPN_SHARED", Path(root).parent / "shared")) / "captures"
if not captures.is_dir():
    print(f"no captures in {captures}")
    sys.exit(77)

TYPES = {"res request": 1, "res reply": 2, "reg request": 3, "reg reply": 4, "purge request": 5, "purge reply": 6,
         "error indication": 7, "traffic indication": 8}
HEAD = re.compile(r"NHRP: ([a-z]+ [a-z]+)(?:, id (\d+))?(?:, code <.*>)?, hopcnt (\d+), "
                  r"src nbma (\S+), (\S+) -> (\S+)")
CIE = re.compile(r"\(code (\d+), pl (\d+), mtu (\d+), htime (\d+), pref (\d+)(?:, nbma (\S+?), proto (\S+?))?\)")


def expected(out):
    """(frame number, fields or None when tcpdump calls it invalid) of each message."""
    number = 0
    for line in out.read_text().splitlines():
        begin = re.match(r"\s*(\d+)  \d{4}-", line)
        if begin:
            number = int(begin.group(1))
        if "NHRP:" not in line:
            continue
        head = HEAD.search(line)
        if "(invalid)" in line or not head:
            yield number, None
            continue
        kind, request, hops, nbma, src, dst = head.groups()
        yield number, {
            "type": TYPES[kind], "request_id": int(request) if request else None, "hop_count": int(hops),
            "source_nbma": nbma, "source_protocol": src, "destination_protocol": dst,
            "cies": [tuple(int(x) for x in c[:5]) + (c[5] or None, c[6] or None) for c in CIE.findall(line)]}


def decoded(capture):
    """The same of the tool, and its exit code."""
    run = subprocess.run([dmvpn, "decode", "--json", str(capture)], capture_output=True, text=True, timeout=60)
    result = []
    for entry in json.loads(run.stdout)["files"][0]["messages"]:
        m = entry["message"]
        if entry["error"]:
            result.append((entry["frame"], None))
            continue
        cies = [(c["code"], c["prefix_length"], c["mtu_bytes"], c["holding_time_s"], c["preference"], c["nbma"],
                 c["protocol"]) for c in m.get("cies", [])]
        result.append((entry["frame"], {k: m.get(k) for k in (
            "type", "request_id", "hop_count", "source_nbma", "source_protocol", "destination_protocol")} |
            {"cies": cies}))
    return result, run.returncode


failed = compared = 0
for out in sorted(captures.glob("*.out")):
    capture = next(p for p in (out.with_suffix(".pcap"), out.with_suffix(".pcapng")) if p.exists())
    want = list(expected(out))
    got, code = decoded(capture)
    want_code = 1 if any(m is None for _, m in want) else 0
    if got != want or code != want_code:
        failed += 1
        print(f"{capture.name}: exit {code}, expected {want_code}")
        for w, g in zip(want, got):
            if w != g:
                print("  tcpdump:", w, "\n  decode: ", g)
        if len(want) != len(got):
            print(f"  {len(got)} messages, expected {len(want)}")
    compared += len(want)
print(f"{compared} messages compared, {failed} captures differ")
sys.exit(1 if failed or compared == 0 else 0)
