"""Two routers of ike_daemon in namespaces of their own, on one link with IPv4 and IPv6. The programs
(ike_daemon, dmvpn-charon, charon) are the test's arguments.
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from helpers import needs_lab, run, says, wait_for

PROGRAMS = sys.argv[1:4]
TAG = f"ike{os.getpid()}"


class Router:
    def __init__(self, folder, side, number, connections):
        self.ns, self.number, self.text = f"{TAG}-{side}", number, connections
        self.folder = os.path.join(folder, side)
        self.log = os.path.join(folder, f"{side}.log")
        self.connections = os.path.join(folder, f"{side}.conf")
        self.keeper = None

    def address(self, family, number=None):
        return (f"192.0.2.{number or self.number}", f"2001:db8::{number or self.number}")[family == 6]

    def configure(self, other):
        with open(self.connections, "w") as f:
            f.write(self.text.format(local4=self.address(4), remote4=other.address(4),
                                       local6=self.address(6), remote6=other.address(6)))

    def start(self):
        with open(self.log, "a") as log:
            self.keeper = subprocess.Popen(["ip", "netns", "exec", self.ns, *PROGRAMS[:1], self.folder, *PROGRAMS[1:]],
                                           stdout=log, stderr=log)
        self.await_lines("vici", 1)
        self.load()

    def pid(self, name):
        with open(os.path.join(self.folder, f"{name}.pid")) as f:
            return int(f.read())

    def lines(self):
        with open(self.log) as f:
            return f.read().splitlines()

    def count(self, line):
        return sum(l.startswith(line) for l in self.lines())

    def await_lines(self, line, count):
        wait_for(f"{count} times {line!r} in {self.log}", lambda: self.count(line) >= count)

    def swanctl(self, command, *arguments, check=True):
        return run("timeout", "20", "swanctl", command, "--uri", f"unix://{self.folder}/charon.vici", *arguments, check=check)

    def load(self):
        self.swanctl("--load-all", "--noprompt", "--file", self.connections)

    def initiate(self, child):
        says(self.swanctl("--initiate", "--child", child, "--timeout", "10"), "initiate completed successfully")

    def sas(self):
        return self.swanctl("--list-sas")

    def renew(self, connection, child):
        """The SAs of a connection away and up again."""
        self.swanctl("--terminate", "--ike", connection, "--timeout", "10")
        self.initiate(child)


def open_network(a, b):
    for r in (a, b):
        run("ip", "netns", "add", r.ns)
        run("ip", "-n", r.ns, "link", "set", "lo", "up")
    run("ip", "link", "add", "eth0", "netns", a.ns, "type", "veth", "peer", "name", "eth0", "netns", b.ns)
    for r in (a, b):
        run("ip", "-n", r.ns, "link", "set", "eth0", "up")
        run("ip", "-n", r.ns, "addr", "add", f"{r.address(4)}/24", "dev", "eth0")
        run("ip", "-n", r.ns, "addr", "add", f"{r.address(6)}/64", "dev", "eth0", "nodad")
        for interface in ("all", "default", "lo", "eth0"):
            run("ip", "netns", "exec", r.ns, "sysctl", "-qw", f"net.ipv4.conf.{interface}.rp_filter=1")


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def with_two_routers(connections, test, others=None):
    """Runs test(folder, a, b) on two that are not started yet; the exit code. `others`: b's connections."""
    needs_lab()
    if not os.path.exists(PROGRAMS[2]) or not shutil.which("swanctl"):
        print(f"skipped: needs {PROGRAMS[2]} and swanctl (Debian: charon-systemd, strongswan-swanctl)")
        return 77
    folder = tempfile.mkdtemp()
    a, b = Router(folder, "a", 1, connections), Router(folder, "b", 2, others or connections)
    try:
        a.configure(b)
        b.configure(a)
        open_network(a, b)
        test(folder, a, b)
        print("all held")
        return 0
    except BaseException:
        for r in (a, b):
            if os.path.exists(r.log):
                print(f"--- {r.log}\n" + "\n".join(r.lines()[-60:]), flush=True)
        raise
    finally:
        for r in (a, b):
            if r.keeper and r.keeper.poll() is None:
                r.keeper.kill()
                r.keeper.wait()
            run("ip", "netns", "del", r.ns, check=False)
        shutil.rmtree(folder)
