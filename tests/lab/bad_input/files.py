#!/usr/bin/env python3
"""Files that are no configuration, or a wrong one, given to every program that reads one:
each says which file (and line) and why, ends in time and in bounded memory, and with the
right code: 1 for wrong lines, 2 for what cannot be read.

usage: files.py BUILD_FOLDER
"""
import os
import subprocess
import sys
import tempfile

BUILD = os.path.abspath(sys.argv[1])
MEMORY_KB = 512 * 1024  # address space; libraries and all
SECONDS = 5

HEAD = "hostname r\ninterface Ethernet0\n ip address 192.0.2.1 255.255.255.0\n"
TUNNEL = ("interface Tunnel0\n ip address 10.0.0.1 255.255.255.0\n ip nhrp network-id 1\n"
          " tunnel source Ethernet0\n tunnel mode gre multipoint\n")
GOOD = HEAD + TUNNEL


def run(*argv):
    """(exit code, everything said); a program that hangs is killed and fails."""
    line = f"ulimit -v {MEMORY_KB}; exec \"$@\""
    # The sanitizers' shadow memory is address space too.
    if os.environ.get("DMVPN_SANITIZED"):
        line = "exec \"$@\""
    done = subprocess.run(["sh", "-c", line, "sh", os.path.join(BUILD, argv[0]), *argv[1:]], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS)
    return done.returncode, done.stdout.decode(errors="replace")


def expect(what, got, wanted, text=""):
    if got != wanted:
        sys.exit(f"{what}: {got!r}, not {wanted!r}\n{text[:2000]}")


def says(what, text, *words):
    for word in words:
        if word not in text:
            sys.exit(f"{what}: {word!r} is not said:\n{text[:2000]}")


def unreadable(folder):
    """name -> (path, why)"""
    def path(name):
        return os.path.join(folder, name + ".cfg")

    def write(name, data):
        with open(path(name), "wb") as f:
            f.write(data)
        return path(name)

    os.mkdir(path("folder"))
    os.mkfifo(path("fifo"))
    with open(path("large"), "wb") as f:
        f.truncate(100 * 1000 * 1000)
    os.symlink(path("loop"), path("loop"))
    return {
        "missing": (path("missing"), "No such file"),
        "folder": (path("folder"), "directory"),
        "fifo": (path("fifo"), "is empty"),
        "large": (path("large"), "larger than 16 MB"),
        "endless": ("/dev/zero", "larger than 16 MB"),
        "empty": (write("empty", b""), "is empty"),
        "blank": (write("blank", b" \r\n\t\n"), "nothing but blanks"),
        "binary": (write("binary", b"\x7fELF\0\1\2" * 1000), "NUL"),
        "utf-16": (write("utf-16", GOOD.encode("utf-16")), "UTF-16"),
        "loop": (path("loop"), "symbolic links"),
    }


def check_unreadable(folder):
    for name, (path, why) in unreadable(folder).items():
        for argv in (["dmvpnd", "-n", "-f"], ["dmvpn", "render", "frr"], ["dmvpn", "render", "ios"]):
            code, text = run(*argv, path)
            expect(f"{argv} {name}", code, 2, text)
            says(f"{argv} {name}", text, path, why)
        if name != "folder":
            code, text = run("dmvpn", "check", path)
            expect(f"check {name}", code, 2, text)
            says(f"check {name}", text, path, why)
        if name == "missing":
            continue
        design = os.path.join(folder, "design-" + name)
        os.mkdir(design)
        os.symlink(path, os.path.join(design, "hub1.cfg"))
        code, text = run("dmvpn", "lab", "test", design)
        expect(f"lab test {name}", code, 2, text)
        says(f"lab test {name}", text, "hub1.cfg", why)


WRONG = {
    # name: (text, line, reason, remedy)
    "authentication": (GOOD + " ip nhrp authentication muchtoolong\n", 9, "longer than 8", "at most 8"),
    "no source": (HEAD + TUNNEL.replace(" tunnel source Ethernet0\n", ""), 4, "no tunnel source", "add tunnel source"),
    "own source": (GOOD.replace("source Ethernet0", "source Tunnel0"), 4, "its own tunnel source", "underlay"),
    "same key": (GOOD + TUNNEL.replace("Tunnel0", "Tunnel1").replace(" ip address 10.0.0.1 255.255.255.0\n", ""), 9, "told apart",
                 "different tunnel keys"),
    "nhs without nbma": (GOOD + " ip nhrp nhs 10.0.0.2\n", 4, "no NBMA address", "ip nhrp map"),
    "no such vrf": (GOOD + " tunnel vrf GONE\n", 4, "no VRF GONE", "vrf definition"),
    "no such profile": (GOOD + " tunnel protection ipsec profile GONE\n", 4, "no crypto ipsec profile GONE",
                        "crypto ipsec profile"),
    "number": (GOOD + " tunnel key 4294967296\n", 9, "4294967295", ""),
    "two modes": (GOOD + "interface Tunnel0\n tunnel mode gre ip\n", 4, "no tunnel destination", "tunnel destination"),
}


def check_wrong(folder):
    for name, (text, line, reason, remedy) in WRONG.items():
        design = os.path.join(folder, name.replace(" ", "-"))
        os.mkdir(design)
        path = os.path.join(design, "hub1.cfg")
        with open(path, "w") as f:
            f.write(text)
        for argv in (["dmvpn", "check", path], ["dmvpnd", "-n", "-f", path], ["dmvpn", "lab", "test", design]):
            code, out = run(*argv)
            expect(f"{argv}", code, 1, out)
            says(f"{argv}", out, f"hub1.cfg:{line}:", reason, remedy)
            if "muchtoolong" in out:
                sys.exit(f"{argv}: tells the secret")


LAB_CONF = {
    # text: (exit code, what is said)
    b"nat hub1\nbogus hub1\n": (1, ("lab.conf:2:", "bogus", "begins with nat, loss, host")),
    b"# x\n\nnat hub7\n": (1, ("lab.conf:3:", "no router hub7", "called as their files")),
    b"loss hub1 lots\n": (1, ("lab.conf:1:", "lots", "from 0.01 to 100")),
    b"host h hub1 Ethernet0 192.0.2.9\n": (1, ("lab.conf:1:", "leads to the internet", "LAN")),
    b"nat hub1 \x00\n": (1, ("lab.conf:", "NUL", "plain text")),
    None: (2, ("lab.conf", "irectory")),
}


def check_lab_conf(folder):
    for number, (text, (wanted, words)) in enumerate(LAB_CONF.items()):
        design = os.path.join(folder, str(number))
        os.mkdir(design)
        with open(os.path.join(design, "hub1.cfg"), "w") as f:
            f.write(GOOD)
        path = os.path.join(design, "lab.conf")
        if text is None:
            os.mkdir(path)
        else:
            with open(path, "wb") as f:
                f.write(text)
        for command in ("test", "up", "faults"):
            code, out = run("dmvpn", "lab", command, design)
            expect(f"lab {command} with {text}", code, wanted, out)
            says(f"lab {command} with {text}", out, *words)


def check_odd(folder):
    """What looks odd and is fine, and what is large and within bounds."""
    path = os.path.join(folder, "odd.cfg")
    lines = [HEAD]
    for i in range(5000):
        lines.append(TUNNEL.replace("Tunnel0", f"Tunnel{i}").replace("10.0.0", f"10.{i >> 8}.{i & 255}")
                     + f" tunnel key {i}\n")
    for name, data in {"CR LF and BOM": b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode(),
                       "no newline at the end": GOOD.rstrip("\n").encode(),
                       "a megabyte of tunnels": "".join(lines).encode()}.items():
        with open(path, "wb") as f:
            f.write(data)
        for argv in (["dmvpn", "check"], ["dmvpnd", "-n", "-f"], ["dmvpn", "render", "frr"]):
            code, text = run(*argv, path)
            expect(f"{argv} {name}", code, 0, text)
    with open(path, "wb") as f:
        f.write(GOOD.encode() + b" bogus caf\xe9 \x1b[2J \xc2\x9b2J\n")
    for argv in (["dmvpn", "check"], ["dmvpnd", "-n", "-f"]):
        code, text = run(*argv, path)
        expect(f"{argv} Latin 1", code, 1, text)
        says(f"{argv} Latin 1", text, ":9:", "bogus caf\ufffd \ufffd[2J \ufffd2J")


with tempfile.TemporaryDirectory() as top:
    for check in (check_unreadable, check_wrong, check_lab_conf, check_odd):
        os.mkdir(os.path.join(top, check.__name__))
        check(os.path.join(top, check.__name__))
