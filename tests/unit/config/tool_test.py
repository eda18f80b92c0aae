"""dmvpn check and dmvpn render as a user calls them: exit codes, JSON, masked secrets."""
import json
import os
import subprocess
import sys
import tempfile

tool, schema_path = sys.argv[1:3]


def run(*arguments):
    done = subprocess.run([tool, *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got!r}, not {wanted!r}")


with tempfile.TemporaryDirectory() as folder:
    def write(name, text):
        path = os.path.join(folder, name)
        with open(path, "w") as out:
            out.write(text)
        return path

    clean = write("a.cfg", "hostname a\ninterface Gi0/0\n ip address 10.0.0.1 255.255.255.0\n")
    advice = write("b.cfg", "interface Gi0/0\n ip helper-address 10.0.0.9\n")
    wrong = write("c.cfg", "interface Tunnel0\n ip nhrp authentication muchtoolong\n")
    expect("clean", run("check", clean)[0], 0)
    expect("advice", run("check", advice)[0], 0)
    expect("advice, strict", run("check", "--strict", advice)[0], 1)
    code, out, _ = run("check", "--json", folder)
    expect("folder", code, 1)
    expect("secret", "muchtoolong" in out, False)
    found = json.loads(out)
    expect("files", [os.path.basename(f["file"]) for f in found["files"]], ["a.cfg", "b.cfg", "c.cfg"])
    expect("error line", found["files"][2]["lines"][-1]["line"], 2)
    for file in found["files"]:
        expect("counts", file["blocking"] <= file["errors"] + file["not_supported"], True)
    code, out, _ = run("check", "--explain", "1", clean)
    expect("explain", f"{clean}:1: honoured: hostname a" in out, True)
    expect("explain nothing", "there is no line 9, the last is 3" in run("check", "--explain", "9", clean)[1], True)
    expect("explain what", [run("check", "--explain", "1x", clean)[n] for n in (0, 1)], [2, ""])
    expect("explain why not", "--explain 1x: this is no number of a line" in run("check", "--explain", "1x", clean)[2], True)
    with open("/dev/full", "w") as full:
        expect("full disk", subprocess.run([tool, "check", clean], stdout=full, stderr=subprocess.DEVNULL).returncode, 2)
    for name in ("a.cfg", "b.cfg", "c.cfg"):
        os.remove(os.path.join(folder, name))
    write("vyos.boot", "interfaces {\n    ethernet eth0 {\n        address 10.0.0.1/24\n    }\n}\n")
    write("frr.conf", "frr defaults traditional\ninterface eth0\n ip address 10.0.0.2/24\n")
    write("lab.conf", "loss frr 1\n")
    others = json.loads(run("check", "--json", folder)[1])
    expect("languages", [(os.path.basename(f["file"]), f["language"]) for f in others["files"]],
           [("frr.conf", "FRR"), ("vyos.boot", "VyOS")])
    expect("render ios", "ip address 10.0.0.1 255.255.255.0" in run("render", "ios", os.path.join(folder, "vyos.boot"))[1], True)
    write("r7-confg", "!\nhostname r7\ninterface Gi0/0\n ip address 10.0.0.7 255.255.255.0\n")
    write("r8.TXT", "interface Gi0/0\r\n ip address 10.0.0.8 255.255.255.0\r\n")
    write("notes.txt", "Of r7:\ninterface lists of both routers are older than these files, ask Ann before\n")
    write("Makefile", "all:\n\ttrue\n")
    os.symlink("loop", os.path.join(folder, "loop"))
    os.mkdir(os.path.join(folder, "older"))
    expect("names without a suffix", [os.path.basename(f["file"]) for f in json.loads(run("check", "--json", folder)[1])["files"]],
           ["frr.conf", "r7-confg", "r8.TXT", "vyos.boot"])
    expect("plan --from", run("plan", "--json", "--from", folder)[0], 0)
    for name in ("r7-confg", "r8.TXT"):
        os.remove(os.path.join(folder, name))
    os.mkdir(os.path.join(folder, "empty"))
    for tool_word in (["check"], ["plan", "--from"], ["lab", "test"]):
        code, out, said = run(*tool_word, os.path.join(folder, "empty"))
        expect("no configuration", (code, "no configuration in it" in said), (2, True))
    clean = write("a.cfg", "hostname a\ninterface Gi0/0\n ip address 10.0.0.1 255.255.255.0\n")
    os.symlink("a.cfg", os.path.join(folder, "z.cfg"))
    for paths in ([clean, clean], [clean, os.path.join(folder, ".", "a.cfg")], [clean, os.path.join(folder, "z.cfg")]):
        code, out, said = run("check", "--json", *paths)
        expect("a file twice", (code, len(json.loads(out)["files"]), f"{paths[1]} is the same file as {clean}, and counts once" in said), (0, 1, True))
    os.remove(os.path.join(folder, "z.cfg"))
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        with open(os.path.join(folder, "wide.cfg"), "wb") as out:
            out.write("hostname wide\n".encode(encoding))
        code, _, said = run("check", os.path.join(folder, "wide.cfg"))
        expect(encoding, (code, "is UTF-16 text: save it as UTF-8" in said), (2, True))
    os.remove(os.path.join(folder, "wide.cfg"))
    write("mac.txt", "hostname m\rinterface Gi0/0\r ip address 10.0.0.3 255.255.255.0\r")
    expect("CR alone", [f["hostname"] for f in json.loads(run("check", "--json", folder)[1])["files"] if f["file"].endswith("mac.txt")], ["m"])
    os.remove(os.path.join(folder, "mac.txt"))
    expect("missing", run("check", os.path.join(folder, "none.cfg"))[0], 2)
    expect("usage", run("check")[0], 2)
    expect("render", run("render", "frr", clean)[0], 0)
    expect("render ios", "ip address 10.0.0.1 255.255.255.0" in run("render", "ios", clean)[1], True)
    mixed = write("d.cfg", "datapath user\ninterface Tunnel0\n ip nat inside\n no nhrp bfd\nmumble\nline vty 0 4\n login\n")
    code, out, said = run("render", "ios", mixed)
    expect("render ios, exit", code, 0)
    expect("own words are comments", "! dmvpn: datapath user\n" in out and "! dmvpn: no nhrp bfd\n" in out, True)
    expect("own words are named", "Tunnel0: \"no nhrp bfd\"" in said and "\"datapath user\"" in said, True)
    expect("unknown lines are named", "line 5 " in said and "mumble" not in out, True)
    expect("the rest is there", " ip nat inside\n" in out and "line vty 0 4\n login\n" in out, True)
    expect("render nft", run("render", "nft", clean)[0], 0)
    expect("render usage", run("render", "frr")[0], 2)
    try:
        import jsonschema
    except ImportError:
        sys.exit(0)
    with open(schema_path) as schema:
        form = json.load(schema)
        jsonschema.validate(found, form)
        jsonschema.validate(others, form)
