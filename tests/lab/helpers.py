"""What all lab tests share: running commands, waiting for conditions, saying what is wrong,
network namespaces on a switch. Found by the tests in the folders beside it through sys.path.
"""
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000


def needs_lab(frr=False):
    """Skips the test where there can be no lab; Ctrl-C and a meson timeout both end in cleanup."""
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        print("skipped: needs root and /dev/net/tun")
        sys.exit(77)
    if frr and not os.path.exists("/usr/lib/frr/zebra"):
        print("skipped: needs FRR")
        sys.exit(77)
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def run(*argv, check=True, code=0, timeout=120):
    """What a command says, which is expected to exit with that code."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout)
    if check and done.returncode != code:
        raise RuntimeError(f"{' '.join(argv)}: exit {done.returncode}, not {code}\n{done.stdout}")
    return done.stdout


def wait_for(what, condition, seconds=15, interval=0.05):
    """Waits for a condition; whatever it raises counts as not yet."""
    end, last = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            last = condition()
            if last:
                return last
        except (RuntimeError, OSError, ValueError, KeyError, IndexError) as e:
            last = e
        time.sleep(interval)
    raise AssertionError(f"waited {seconds} s in vain: {what}; last: {last}")


def expect(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r} instead of {wanted!r}")


def check(what, good, got=""):
    if not good:
        raise AssertionError(f"{what} {got}".rstrip())


def says(text, *words):
    for word in words:
        check(f"{word!r} is not said:\n{text}", word in text)


def socket_in(netns, *arguments):
    """A socket that lives in another network namespace. Of this thread only, and back at once."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{netns}") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {netns}")
        try:
            return socket.socket(*arguments)
        finally:
            if libc.setns(home.fileno(), CLONE_NEWNET):
                os._exit(3)  # in the wrong network: nothing that follows would be true


class Switch:
    """Namespaces TAG-NAME on one bridge, which is in TAG-sw."""

    def __init__(self, tag):
        self.tag, self.namespaces = tag, []
        self.bridge = self._namespace("sw")
        run("ip", "-n", self.bridge, "link", "add", "sw", "type", "bridge")
        run("ip", "-n", self.bridge, "link", "set", "sw", "up")

    def _namespace(self, name):
        ns = f"{self.tag}-{name}"
        run("ip", "netns", "add", ns)
        self.namespaces.append(ns)
        return ns

    def add(self, name, ifname, address):
        """A forwarding namespace with that address on the switch; its name."""
        ns = self._namespace(name)
        run("ip", "-n", self.bridge, "link", "add", name, "type", "veth", "peer", "name", ifname, "netns", ns)
        run("ip", "-n", self.bridge, "link", "set", name, "master", "sw", "up")
        for words in (["addr", "add", address, "dev", ifname], ["link", "set", ifname, "up"], ["link", "set", "lo", "up"]):
            run("ip", "-n", ns, *words)
        run("ip", "netns", "exec", ns, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        return ns

    def remove(self):
        for ns in self.namespaces:
            run("ip", "netns", "del", ns, check=False)
