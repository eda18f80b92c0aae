#!/usr/bin/env python3
"""Places where dmvpnd cannot run: it says why, exits 2, and harms nobody who runs there.

usage: environment.py BUILD_FOLDER     exits 77 without root or without /dev/net/tun
"""
import os
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from helpers import needs_lab, run, says, wait_for

BUILD = os.path.abspath(sys.argv[1])
NS = f"bad{os.getpid()}"
CONFIG = """hostname r1
interface Ethernet0
 ip address 192.0.2.1 255.255.255.0
interface Tunnel0
 ip address 10.0.0.1 255.255.255.0
 ip nhrp network-id 1
 ip nhrp redirect
 tunnel source Ethernet0
 tunnel mode gre multipoint
"""


class Place:
    def __init__(self, folder):
        self.folder = folder
        self.config = os.path.join(folder, "router.cfg")
        with open(self.config, "w") as f:
            f.write(CONFIG)

    def argv(self, name):
        return [os.path.join(BUILD, "dmvpnd"), "-f", self.config, "--run-dir", os.path.join(self.folder, name),
                "--state-dir", os.path.join(self.folder, name + "-state"), "--datapath", "user"]

    def dmvpnd(self, name="other", before=()):
        return run("ip", "netns", "exec", NS, *before, *self.argv(name), code=2)

    def show(self, what):
        return run(os.path.join(BUILD, "dmvpn"), "show", "--socket",
                   os.path.join(self.folder, "first", "control.sock"), what, check=False)

    def kernel_state(self):
        inside = ["ip", "netns", "exec", NS]
        return [run(*inside, "ip", "rule"), run(*inside, "ip", "-br", "link"), run(*inside, "nft", "list", "ruleset"),
                run(*inside, "sysctl", "-a", "-r", "redirects|rp_filter")]


def check_source_appears(place):
    wait_for("the reason", lambda: "there is no interface Et0" in place.show("tunnels"))
    says(place.show("dmvpn"), "there is no interface Et0")
    run("ip", "-n", NS, "link", "add", "Et0", "type", "veth", "peer", "name", "far")
    run("ip", "-n", NS, "link", "set", "far", "up")
    run("ip", "-n", NS, "link", "set", "Et0", "up")
    wait_for("the next reason", lambda: "Et0 has no" in place.show("tunnels"))
    run("ip", "-n", NS, "addr", "add", "192.0.2.1/24", "dev", "Et0")
    wait_for("the tunnel is up", lambda: "Tunnel0 is up/up" in place.show("tunnels"))


def check_second_daemon(place):
    before = place.kernel_state()
    says(place.dmvpnd("first"), "another dmvpnd runs with", "--run-dir")
    says(place.dmvpnd("second"), "another dmvpnd runs in this network namespace")
    if place.kernel_state() != before:
        raise AssertionError("a daemon that could not start changed something")
    says(place.show("tunnels"), "Tunnel0 is up/up")


def check_tools_while_running(place):
    path = os.path.join(place.folder, "first", "control.sock")
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    tool = os.path.join(BUILD, "dmvpn")
    says(run(*nobody, tool, "show", "--socket", path, "dmvpn", code=2), path, "Permission denied")
    says(run(tool, "clear", "--socket", path, "nhrp", "Tunnel9", code=1), "no such tunnel")
    run(tool, "clear", "--socket", path, "nhrp", "Tunnel0", "x" * 5000, code=2)
    says(run(tool, "show", "--socket", place.folder + "/none.sock", "dmvpn", code=2), "/none.sock")


def ask(path, data, half_close=False):
    """What the daemon answers to these bytes, to the end."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(path)
        try:
            s.sendall(data)
            if half_close:
                s.shutdown(socket.SHUT_WR)
        except BrokenPipeError:
            pass
        got = b""
        try:
            while chunk := s.recv(65536):
                got += chunk
        except ConnectionResetError:
            pass
        return got


def check_control_socket(place):
    path = os.path.join(place.folder, "first", "control.sock")
    for request in (b"\n", b"\0\n", b"bogus\n", b"show\n", b"show bogus\n", b"show dmvpn xml\n", b"show dmvpn json more\n",
                    b"\xff\xfe" * 50 + b"\n", b"clear nhrp Tunnel-1\n", b"clear nhrp Tunnel4294967296\n",
                    b"clear nhrp Tunnel0 %s%n\n", b"reload now\n", b"x" * 100000, b"show " * 10000 + b"\n"):
        got = ask(path, request)
        if not got.startswith(b"error ") and len(request) < 50000:
            raise AssertionError(f"{request[:60]!r} is answered {got[:200]!r}")
    if ask(path, b"show tunnels", half_close=True) != b"":
        raise AssertionError("half a request is answered")
    if not ask(path, b"show tunnels\n" * 3, half_close=True).startswith(b"ok\n"):
        raise AssertionError("a request is not answered when its sender has closed its side")
    for _ in range(200):  # gone before the answer
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(path)
            try:
                s.send(b"show counters json\n")
            except BrokenPipeError:
                pass  # turned away: more than it serves at once
    idle = []
    for _ in range(100):
        idle.append(socket.socket(socket.AF_UNIX))
        idle[-1].connect(path)
        idle[-1].setblocking(False)
    for s in idle:
        s.close()
    wait_for("an answer after idle clients", lambda: "Tunnel0 is up/up" in place.show("tunnels"))


def check_alone(place):
    os.mkdir(os.path.join(place.folder, "empty"))
    hide = ["unshare", "-m", "sh", "-c", f"mount --bind {place.folder}/empty /dev/net && exec \"$@\"", "sh"]
    says(place.dmvpnd(before=hide), "/dev/net/tun", "load the module tun")
    says(place.dmvpnd(before=["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]), "as root")
    says(place.dmvpnd(before=["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"]), "net_admin")
    says(place.dmvpnd("router.cfg"), "router.cfg")
    says(place.dmvpnd("d" * 150), "too long")


def main():
    needs_lab()
    place, first = Place(tempfile.mkdtemp(prefix="dmvpn-bad-")), None
    failed = False
    os.chmod(place.folder, 0o755)
    try:
        run("ip", "netns", "add", NS)
        run("ip", "-n", NS, "link", "set", "lo", "up")
        check_alone(place)
        with open(os.path.join(place.folder, "log"), "w") as log:
            first = subprocess.Popen(["ip", "netns", "exec", NS, *place.argv("first")], stdout=log, stderr=log)
        check_source_appears(place)
        check_second_daemon(place)
        check_tools_while_running(place)
        check_control_socket(place)
    finally:
        if first:
            first.terminate()
            code = first.wait(10)
            with open(os.path.join(place.folder, "log")) as log:
                said = log.read()
            if code or "died" in said or "Sanitizer" in said:
                print(f"exit {code}\n{said}")
                failed = True
        run("ip", "netns", "del", NS, check=False)
        shutil.rmtree(place.folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
