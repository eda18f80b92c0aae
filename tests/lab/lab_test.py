#!/usr/bin/env python3
"""Runs one folder of configurations in the lab and looks at what it says.

lab_test.py TOOL SCHEMA [--faults LIST] [--rounds N] [--registrations-only] [--direct N] [--direct-lost N]
            [--at-most MS] [--without LINE] FOLDER

Exit 77 when this machine cannot run a lab, or the folder (of the material beside the
project) is not there.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

parser = argparse.ArgumentParser()
parser.add_argument("tool")
parser.add_argument("schema")
parser.add_argument("folder")
parser.add_argument("--faults", default="none")
parser.add_argument("--rounds", type=int, default=1)
parser.add_argument("--wait", default="45")
parser.add_argument("--direct", type=int)
parser.add_argument("--direct-lost", type=int, help="packets of direct flows that a fault may cost")
parser.add_argument("--at-most", type=float, help="no outage longer than so many milliseconds, beyond what this machine sent too late")
parser.add_argument("--registrations-only", action="store_true",
                    help="routing of a real network that is only partly there may stay incomplete")
parser.add_argument("--without", help="a copy of the folder without the lines that begin so")
args = parser.parse_args()


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


if os.geteuid() != 0:
    skip("a lab needs root")
if not os.path.exists("/dev/net/tun"):
    skip("no /dev/net/tun")
if not os.path.exists("/usr/lib/frr/zebra"):
    skip("FRR is not installed")
shared = os.environ.get("DMVPN_SHARED",
                        os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../shared"))
folder = args.folder.replace("@SHARED@", shared)
if not os.path.isdir(folder):
    skip(f"no {folder}")


def copy_without(folder, line):
    copy = tempfile.mkdtemp(prefix="dmvpn-lab-")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name)) as source, open(os.path.join(copy, name), "w") as made:
            made.writelines(text for text in source if not text.startswith(line))
    return copy


if args.without:
    folder = copy_without(folder, args.without)
namespaces = set(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else set()
name = f"test{os.getpid()}"
plots = tempfile.TemporaryDirectory(prefix="dmvpn-plots-")
run = subprocess.run([args.tool, "lab", "test", "--json", "--faults", args.faults, "--rounds", str(args.rounds),
                      "--plot", os.path.join(plots.name, "plot.svg"), "--wait", args.wait, "--name", name, folder],
                     stdout=subprocess.PIPE, text=True)
print(run.stdout)
failures = []


def expect(good, what):
    if not good:
        failures.append(what)


def matches(value, schema, where):
    """The parts of JSON Schema that the schema file uses."""
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
             "integer": int, "number": (int, float)}
    allowed = schema.get("type", [])
    allowed = [allowed] if isinstance(allowed, str) else allowed
    if allowed and not any(isinstance(value, kinds[k]) and not (isinstance(value, bool) and k != "boolean")
                           for k in allowed):
        failures.append(f"{where}: {value!r} is no {allowed}")
        return
    if "enum" in schema:
        expect(value in schema["enum"], f"{where}: {value} is none of {schema['enum']}")
    if "const" in schema:
        expect(value == schema["const"], f"{where}: not {schema['const']}")
    if isinstance(value, dict):
        for key in schema.get("required", []):
            expect(key in value, f"{where}: no {key}")
        for key, item in value.items():
            if key in schema.get("properties", {}):
                matches(item, schema["properties"][key], f"{where}.{key}")
            elif schema.get("additionalProperties") is False:
                failures.append(f"{where}: {key} is not in the schema")
    if isinstance(value, list):
        for i, item in enumerate(value):
            matches(item, schema.get("items", {}), f"{where}[{i}]")


def look_at_plots(result):
    """A picture and its data for every round, and both show every pair."""
    with open(os.path.join(os.path.dirname(args.schema), "lab-plot.json")) as f:
        schema = json.load(f)
    files = sorted(os.listdir(plots.name))
    expect(len(files) == 2 * sum(f["rounds"] for f in result["faults"]), f"plots: {files}")
    for file in files:
        path = os.path.join(plots.name, file)
        if file.endswith(".svg"):
            picture = xml.etree.ElementTree.parse(path).getroot()
            expect(picture.tag.endswith("svg") and len(picture) > result["lan_pairs"], f"{file}: {len(picture)} things in it")
            continue
        with open(path) as f:
            data = json.load(f)
        matches(data, schema, file)
        expect(len(data["pairs"]) == result["lan_pairs"], f"{file}: {len(data['pairs'])} pairs")
        expect(any(p["flows"] for p in data["pairs"]) and data["marks"], f"{file}: nothing flows, or nothing is marked")


expect(run.returncode in (0, 1), f"exit code {run.returncode}")
left = [n for n in os.listdir("/run/netns") if n.startswith(name)] if os.path.isdir("/run/netns") else []
expect(not left, f"namespaces left behind: {left}")
expect(not os.path.exists(f"/run/dmvpn/lab-{name}"), "run directory left behind")
if run.stdout:
    result = json.loads(run.stdout)
    with open(args.schema) as f:
        matches(result, json.load(f), "result")
    registrations = result["registrations"]
    expect(registrations["expected"] > 0 and registrations["up"] == registrations["expected"],
           f"registrations {registrations}")
    if not args.registrations_only:
        expect(run.returncode == 0 and result["ok"], "not ok")
        expect(result["lan_pairs"] > 0 and result["lan_reachable"] == result["lan_pairs"], "not all LANs reachable")
        expect(not result["lines"]["unsupported"], f"unsupported lines {result['lines']['unsupported']}")
        expect(result["first_flows"]["lost"] == 0, f"first packets lost: {result['first_flows']}")
    if args.direct is not None:
        expect(result["direct_pairs"] == args.direct, f"{result['direct_pairs']} direct pairs, not {args.direct}")
    if args.faults != "none":
        expect(result["faults"], "no fault happened")
        look_at_plots(result)
        expect(any(f["pairs_affected"] for f in result["faults"]), "no fault affected anybody")
        for f in result["faults"]:
            expect(f["rounds"] == args.rounds == len(f["by_round"]), f"{f['fault']}: {f['rounds']} rounds")
            expect(f["recovered"] and f["healed"], f"{f['fault']}: not recovered or not healed")
            if args.direct_lost is not None:
                expect(f["direct"]["sent"] > 0 and f["direct"]["lost"] <= args.direct_lost,
                       f"{f['fault']}: direct packets lost: {f['direct']}")
            # A program that is restarted at once may cost nothing, nor the loss of what is not traffic;
            # stolen time makes packets wait.
            cheap = ":" in f["fault"] or f["fault"].startswith("overload")
            late = max((r["stall_ms"] for r in f["by_round"]), default=0)
            expect(args.at_most is None or f["outage_ms"]["max"] <= args.at_most + late,
                   f"{f['fault']}: {f['outage_ms']['max']} ms")
            expect(not f["pairs_affected"] or cheap or f["lost"] > 0, f"{f['fault']}: nothing was lost, so nothing was broken")
else:
    failures.append("no output")
if args.without:
    shutil.rmtree(folder)
for f in failures:
    print(f"FAILED: {f}")
sys.exit(1 if failures else 0)
