"""What the measurements share: the examples as configurations, questions to a router without
a tool in between, processor time and memory of its programs, and where results go.

Each script prints one JSON object a line and appends it to build/figures.jsonl (--results);
its exit code is 0 when all held, 1 when a promise was not held, 77 where there can be no lab.
"""
import argparse
import json
import os
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
TOOL = os.path.join(BUILD, "dmvpn")
sys.path.insert(0, os.path.join(HERE, "..", "acceptance"))
sys.path.insert(0, os.path.join(HERE, ".."))
import scene  # noqa: E402 found by the path above
from helpers import needs_lab, run, wait_for  # noqa: E402

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def arguments(doc, **options):
    """The script's options; option=default, a list for what stands without a name."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", default=os.path.join(BUILD, "figures.jsonl"))
    for name, default in options.items():
        if isinstance(default, list):
            parser.add_argument(name, nargs="*", default=default)
        else:
            parser.add_argument("--" + name.replace("_", "-"), type=type(default), default=default)
    needs_lab(frr=True)
    return parser.parse_args()


class Results:
    """Says and keeps each result; exit() with what became of all of them."""

    def __init__(self, args):
        self.file, self.failed = args.results, 0

    def add(self, held, **figures):
        line = json.dumps({"figure": os.path.basename(sys.argv[0]), "held": held, "load": round(os.getloadavg()[0], 2), **figures})
        self.failed += not held
        with open(self.file, "a") as f:
            f.write(line + "\n")
        print(line, flush=True)

    def exit(self):
        sys.exit(1 if self.failed else 0)


def example(name):
    """Router -> text of its configuration, and lab.conf (None: there is none)."""
    folder = name if os.path.isdir(name) else os.path.join(TOP, "examples", name)
    configs, conf = {}, None
    for file in sorted(os.listdir(folder)):
        with open(os.path.join(folder, file)) as f:
            if file.endswith(".cfg"):
                configs[file[:-4]] = f.read()
            elif file == "lab.conf":
                conf = f.read()
    return configs, conf


def lab(name):
    return scene.Lab(TOOL, *example(name))


def spokes(configs):
    return [r for r in configs if r.startswith("spoke")]


def ask(lab, router, what, timeout_s=2):
    """`show WHAT` without starting a program for it; OSError, ValueError while nobody answers."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(timeout_s)
        s.connect(lab.control_socket(router))
        s.sendall(f"show {what} json\n".encode())
        answer = b""
        while part := s.recv(1 << 16):
            answer += part
    status, _, body = answer.partition(b"\n")
    if status != b"ok":
        raise ValueError(status.decode())
    return json.loads(body)


def registered(lab, hub):
    """Who has registered with the hub: (tunnel, address). What it only remembers of a former life does not count."""
    return {(b["tunnel"], b["target"]) for b in ask(lab, hub, "nhrp")["bindings"]
            if b["type"] == "dynamic" and "/32" in b["target"] and "restored" not in b["flags"]}


def all_up(lab, router):
    nhs = ask(lab, router, "nhs")["nhs"]
    return bool(nhs) and all(n["status"] == "UP" for n in nhs)


def routes_complete(lab):
    """Every router with a LAN has a way to every host that is not out of its uplink."""
    addresses = host_addresses(lab)
    for r in lab.configs:
        for host, address in addresses.items():
            if host == f"{r}-host":
                continue
            way = lab.ip(r, "-o", "route", "get", address, check=False)
            if " dev " not in way or " dev Gi0-0 " in way:
                return False
    return True


def host_addresses(lab):
    """Host -> its IPv4 address on the LAN."""
    found = {}
    for r in lab.configs:
        text = lab.ip(f"{r}-host", "-j", "-4", "addr", "show", "scope", "global", check=False)
        try:
            found[f"{r}-host"] = json.loads(text)[0]["addr_info"][0]["local"]
        except (ValueError, LookupError):
            pass  # no LAN, so no host
    return found


def programs(lab, router):
    """Program -> process ids of the router's daemons."""
    found = {}
    for pid in run("ip", "netns", "pids", lab.netns(router)).split():
        try:
            with open(f"/proc/{pid}/cmdline") as f:
                found.setdefault(os.path.basename(f.read().split("\0")[0]), []).append(int(pid))
        except OSError:
            pass  # it has ended meanwhile
    return found


def cpu_s(pids):
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as f:
                fields = f.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total * TICK_S


def memory_kib(pid):
    """(RSS, PSS)."""
    with open(f"/proc/{pid}/smaps_rollup") as f:
        found = {line.split(":")[0]: int(line.split()[1]) for line in f if line.split(":")[0] in ("Rss", "Pss")}
    return found["Rss"], found["Pss"]


class Beside:
    """A `dmvpn lab` command while the block goes on; it has ended when the block has, however that came,
    so that nothing is started in a lab that is being taken down."""

    def __init__(self, *words):
        self.thread = threading.Thread(target=lambda: run(TOOL, "lab", *words))

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.thread.join()


def machine_cpu_s():
    """(busy, stolen, idle) seconds of all processors since they were started."""
    with open("/proc/stat") as f:
        v = [int(n) * TICK_S for n in f.readline().split()[1:]]
    return v[0] + v[1] + v[2] + v[5] + v[6], v[7], v[3] + v[4]


class Busy:
    """Loops that take every processor as long as they may."""

    def __enter__(self):
        self.loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count())]
        return self

    def __exit__(self, *_):
        for p in self.loops:
            p.kill()
            p.wait()


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
