"""What the acceptance tests share: a lab of real programs, traffic that is counted packet by
packet, and waiting for conditions.

The routers stand on an internet of /30 links: the hub at 192.0.2.2, spoke N at
198.51.100.(4N+2). The cloud is 10.100.0.0/24 with the hub at .1 and spoke N at .1N; spoke N
serves the LAN 10.1.N.0/24, on which `dmvpn lab` puts one host.
"""
import ipaddress
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from helpers import check, expect, needs_lab, run, socket_in, wait_for

HUB_NBMA = "192.0.2.2"
HUB = "10.100.0.1"


def spoke_nbma(n):
    return f"198.51.100.{4 * n + 2}"


def spoke(n):
    return f"10.100.0.{10 + n}"


CRYPTO = """crypto ikev2 proposal DMVPN
 encryption aes-gcm-128
 prf sha256
 group 19
crypto ikev2 policy DMVPN
 proposal DMVPN
crypto ikev2 keyring DMVPN
 peer ANY
  address 0.0.0.0 0.0.0.0
  pre-shared-key not-a-secret
crypto ikev2 profile DMVPN
 match identity remote address 0.0.0.0
 authentication local pre-share
 authentication remote pre-share
 keyring local DMVPN
crypto ipsec transform-set DMVPN esp-gcm
 mode transport
crypto ipsec profile DMVPN
 set transform-set DMVPN
 set ikev2-profile DMVPN
"""


def protected(config, crypto=CRYPTO):
    """The same router with every tunnel protected by IPsec profile DMVPN."""
    lines = []
    for line in config.splitlines():
        if line.startswith("interface Tunnel") and crypto:
            lines += crypto.splitlines()
            crypto = ""
        lines.append(line)
        if line.startswith(" tunnel source"):
            lines.append(" tunnel protection ipsec profile DMVPN shared")
    return "\n".join(lines) + "\n"


def hub_config(tunnel="", routing=""):
    return f"""hostname hub1
interface GigabitEthernet0/0
 ip address {HUB_NBMA} 255.255.255.252
ip route 0.0.0.0 0.0.0.0 192.0.2.1
interface Tunnel0
 ip address {HUB} 255.255.255.0
 ip nhrp network-id 100
 ip nhrp holdtime 60
 ip nhrp map multicast dynamic
 tunnel source GigabitEthernet0/0
 tunnel mode gre multipoint
{tunnel}{routing}end
"""


def spoke_config(n, tunnel="", routing="", nhs=True):
    return f"""hostname spoke{n}
interface GigabitEthernet0/0
 ip address {spoke_nbma(n)} 255.255.255.252
ip route 0.0.0.0 0.0.0.0 198.51.100.{4 * n + 1}
interface GigabitEthernet0/1
 ip address 10.1.{n}.1 255.255.255.0
interface Tunnel0
 ip address {spoke(n)} 255.255.255.0
 ip nhrp network-id 100
 ip nhrp holdtime 60
{f' ip nhrp nhs {HUB} nbma {HUB_NBMA} multicast' if nhs else ''}
 tunnel source GigabitEthernet0/0
 tunnel mode gre multipoint
{tunnel}{routing}end
"""


HUB_BGP = f"""router bgp 65000
 bgp router-id {HUB}
 bgp listen range 10.100.0.0/24 peer-group SPOKES
 neighbor SPOKES peer-group
 neighbor SPOKES remote-as 65000
 neighbor SPOKES timers 1 3
 neighbor SPOKES route-reflector-client
 neighbor SPOKES next-hop-self all
"""


def spoke_bgp(n):
    return f"""router bgp 65000
 bgp router-id {spoke(n)}
 network 10.1.{n}.0 mask 255.255.255.0
 neighbor {HUB} remote-as 65000
 neighbor {HUB} timers 1 3
"""


class Lab:
    """`dmvpn lab up` of some configurations, and `down` whatever happens."""
    patience_s = 120  # for up and for down

    def __init__(self, tool, configs, lab_conf=None):
        self.tool_path, self.configs, self.lab_conf = tool, configs, lab_conf
        self.name = f"acc{os.getpid()}"
        self.run_dir = f"/run/dmvpn/lab-{self.name}"

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="dmvpn-acceptance-")
        os.chmod(self.folder, 0o755)
        self.configuration_dir, self.logs = (os.path.join(self.folder, d) for d in ("configs", "logs"))
        os.mkdir(self.configuration_dir)
        os.mkdir(self.logs)
        try:
            for router, text in self.configs.items():
                self.configure(router, text)
            if self.lab_conf:
                with open(os.path.join(self.configuration_dir, "lab.conf"), "w") as f:
                    f.write(self.lab_conf)
            run(self.tool_path, "lab", "up", *self.options(), "--name", self.name, "--logs", self.logs,
                self.configuration_dir, timeout=self.patience_s)
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, value, trace):
        # Who interrupts a run does so more than once; the namespaces go nevertheless.
        former = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        if kind and kind is not KeyboardInterrupt:
            self.print_logs()
            self.print_drops()
        # `down` reads the configurations again: those that the lab was built from.
        for router, text in self.configs.items():
            self.configure(router, text)
        print(run(self.tool_path, "lab", "down", self.name, check=False, timeout=self.patience_s), end="")
        shutil.rmtree(self.folder, ignore_errors=True)
        for number, handler in former.items():
            signal.signal(number, handler)

    def print_logs(self):
        for log in sorted(os.listdir(self.logs)):
            if log.endswith("-dmvpnd.log"):
                with open(os.path.join(self.logs, log), errors="replace") as f:
                    print(f"--- {log}\n{f.read()[-4000:]}", flush=True)

    def print_drops(self):
        """What the forwarders dropped, and why."""
        for router in self.configs:
            try:
                drops = self.show(router, "counters")["forward"]["drops"]
            except (RuntimeError, ValueError, KeyError):
                continue  # it is dead: that is shown elsewhere
            print(f"--- {router} dropped {({k: v for k, v in drops.items() if v})}", flush=True)

    def options(self):
        """A lab of unprotected tunnels says so; one of protected tunnels is never run in the clear."""
        return [] if any("tunnel protection" in text for text in self.configs.values()) else ["--no-ipsec"]

    def file(self, router):
        return os.path.join(self.configuration_dir, f"{router}.cfg")

    def configure(self, router, text):
        with open(self.file(router), "w") as f:
            f.write(text)

    def netns(self, node):
        return f"{self.name}-{node}"

    def exec(self, node, *words, check=True):
        return run("ip", "netns", "exec", self.netns(node), *words, check=check)

    def ip(self, node, *words, check=True):
        return run("ip", "-n", self.netns(node), *words, check=check)

    def pid(self, router, program):
        with open(os.path.join(self.run_dir, router, f"{program}.pid")) as f:
            return int(f.read())

    def charon(self, router):
        """Its process id; -1 when there is none."""
        for pid in run("ip", "netns", "pids", self.netns(router)).split():
            try:
                with open(f"/proc/{pid}/comm") as f:
                    if f.read().strip() == "charon-systemd":
                        return int(pid)
            except OSError:
                pass  # it has ended meanwhile
        return -1

    def swanctl(self, router, *words, check=True):
        """strongSwan's own tool at the router's charon."""
        return run("timeout", "20", "swanctl", words[0], "--uri",
                   f"unix://{self.run_dir}/{router}/charon.vici", *words[1:], check=check)

    def children(self, router):
        """Names of the CHILD_SAs that are installed, one for each."""
        return [line.split(":")[0].strip() for line in self.swanctl(router, "--list-sas").splitlines()
                if "INSTALLED" in line]

    def rekey(self, router):
        """Asks charon for new keys of every CHILD_SA."""
        for name in sorted(set(self.children(router))):
            self.swanctl(router, "--rekey", "--child", name)

    def fault(self, verb, name):
        """`dmvpn lab fail` or `heal`."""
        return run(self.tool_path, "lab", verb, self.name, name)

    def control_socket(self, router):
        return os.path.join(self.run_dir, router, "control.sock")

    def tool(self, router, command, *words, check=True):
        return run(self.tool_path, command, "--socket", self.control_socket(router), *words, check=check)

    def show(self, router, what):
        return json.loads(self.tool(router, "show", "--json", what))

    def vtysh(self, router, command):
        """What FRR answers to a show command with json."""
        return json.loads(run("vtysh", "--vty_socket", os.path.join(self.run_dir, router, "frr"), "-c", command))

    def daemon(self, router, *options):
        """Runs a dmvpnd of our own on the router, which has none (any more)."""
        with open(os.path.join(self.logs, f"{router}-dmvpnd.log"), "a") as log:
            process = subprocess.Popen(
                ["ip", "netns", "exec", self.netns(router), os.path.join(os.path.dirname(self.tool_path), "dmvpnd"),
                 "-f", self.file(router), "--run-dir", os.path.join(self.run_dir, router), "--state-dir",
                 os.path.join(self.run_dir, router, "state"), *self.options(), *options], stdout=log, stderr=log)
        wait_for(f"{router} answers", lambda: self.show(router, "tunnels"))
        return process

    def log(self, router):
        with open(os.path.join(self.logs, f"{router}-dmvpnd.log"), errors="replace") as f:
            return f.read()

    def ping(self, node, to, count=10, interval=0.02, source=None):
        """How many of `count` echoes came back."""
        out = self.exec(node, "ping", "-c", str(count), "-i", str(interval), "-W", "1",
                        *(["-I", source] if source else []), to, check=False)
        found = re.search(r"(\d+) received", out)
        return int(found.group(1)) if found else 0

    def nhs_up(self, router):
        nhs = self.show(router, "nhs")["nhs"]
        return bool(nhs) and all(n["status"] == "UP" for n in nhs)

    def wait_registered(self, *routers):
        for r in routers:
            wait_for(f"{r}'s NHS is up", lambda r=r: self.nhs_up(r))

    def shortcuts(self, router):
        return self.ip(router, "route", "show", "table", "4711", check=False)

    def relayed(self, hub="hub1"):
        """Packets that the hub passed on from one peer to another, per pair of NBMA addresses."""
        relays = self.show(hub, "counters")["forward"]["relays"]
        return {(r["in_nbma"], r["out_nbma"]): r["packets"] for r in relays}


def listener_on(lab, router, interface, room=64 << 20):
    """A socket that gets every packet of one interface. Before it is bound it gets none: of all of them it would."""
    listener = socket_in(lab.netns(router), socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    listener.bind((interface, 0x0003))  # ETH_P_ALL
    listener.setsockopt(socket.SOL_SOCKET, 33, room)  # SO_RCVBUFFORCE
    return listener


def missed_by(listener):
    """How many packets the kernel had for it and no room since it was last asked."""
    return struct.unpack("II", listener.getsockopt(263, 6, 8))[1]  # SOL_PACKET, PACKET_STATISTICS


def configs_of(folder):
    """The configurations of an example, by router."""
    configs = {}
    for name in sorted(n for n in os.listdir(folder) if n.endswith(".cfg")):
        with open(os.path.join(folder, name)) as f:
            configs[name[:-4]] = f.read()
    return configs


class Wire:
    """Counts what crosses the internet between the routers, by what it shows of itself."""
    KINDS = ("gre", "esp", "esp in udp", "ike", "other")

    def __init__(self, lab):
        self.counts = dict.fromkeys(self.KINDS, 0)
        everything = 0x0300  # ETH_P_ALL, in network order
        self.socket = socket_in(lab.netns("internet"), socket.AF_PACKET, socket.SOCK_DGRAM, everything)
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self.socket.settimeout(0.2)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        while not self.stopping.is_set():
            try:
                packet, where = self.socket.recvfrom(64)
            except TimeoutError:
                continue
            if where[2] != 4:  # PACKET_OUTGOING: each is seen once, on its way in
                self.counts[self.kind(packet)] += 1

    @staticmethod
    def kind(packet):
        if packet[0] >> 4 == 4:
            protocol, at = packet[9], (packet[0] & 15) * 4
            first = struct.unpack("!H", packet[6:8])[0] & 0x1fff == 0
        elif packet[0] >> 4 == 6:
            protocol, at, first = packet[6], 40, True
            if protocol == 44:  # fragment
                protocol, first, at = packet[40], struct.unpack("!H", packet[42:44])[0] >> 3 == 0, 48
        else:
            return "other"
        if protocol == 47:
            return "gre"
        if protocol == 50:
            return "esp"
        if protocol != 17 or not first:
            return "other"
        ports = struct.unpack("!HH", packet[at:at + 4])
        if 500 in ports:
            return "ike"
        if 4500 not in ports:
            return "other"
        return "ike" if packet[at + 8:at + 12] == bytes(4) else "esp in udp"

    def stop(self):
        """What was counted; fails when the kernel dropped anything before it was looked at."""
        self.stopping.set()
        self.thread.join()
        expect("packets that the capture missed", missed_by(self.socket), 0)
        self.socket.close()
        return self.counts


class Stream:
    """Numbered UDP packets from one node of a lab to another, at a steady rate, each packet to
    the next of the destinations."""
    port = 9000

    def __init__(self, lab, sender, receiver, destinations, per_second=200):
        Stream.port += 1
        self.destinations = [(d, Stream.port) for d in destinations]
        self.name = f"{sender} to {receiver}"
        self.interval = 1 / per_second
        self.sent, self.received, self.refused = {}, {}, 0
        self.out = socket_in(lab.netns(sender), socket.AF_INET, socket.SOCK_DGRAM)
        self.inside = socket_in(lab.netns(receiver), socket.AF_INET, socket.SOCK_DGRAM)
        self.inside.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)  # SO_RCVBUFFORCE
        self.inside.bind(("0.0.0.0", Stream.port))
        self.inside.settimeout(0.1)
        self.stopping, self.drained = threading.Event(), threading.Event()
        self.threads = [threading.Thread(target=t, daemon=True) for t in (self._send, self._receive)]
        self.receiving = self.threads[1]
        for t in self.threads:
            t.start()

    def _send(self):
        number, due = 0, time.monotonic()
        while not self.stopping.is_set():
            self.sent[number] = time.monotonic()
            try:
                to = self.destinations[number % len(self.destinations)]
                self.out.sendto(struct.pack("!I", number) + socket.inet_aton(to[0]), to)
            except OSError:
                self.refused += 1  # the packet counts as sent, and so as lost
            number += 1
            due += self.interval
            time.sleep(max(0, due - time.monotonic()))

    def _receive(self):
        while not self.drained.is_set():
            try:
                packet = self.inside.recv(64)
            except TimeoutError:
                continue
            self.received.setdefault(struct.unpack("!I", packet[:4])[0], time.monotonic())

    def count(self):
        return len(self.received)

    def flowing(self, packets=20):
        """Waits until that many more packets have come."""
        goal = self.count() + packets
        wait_for("the stream flows", lambda: self.count() >= goal, interval=0.005)

    def stop(self):
        """Numbers of the packets that were lost. What is on its way gets two seconds."""
        self.stopping.set()
        self.threads[0].join()
        end = time.monotonic() + 2
        while len(self.received) < len(self.sent) and time.monotonic() < end:
            time.sleep(0.01)
        self.drained.set()
        self.receiving.join()
        self.out.close()
        self.inside.close()
        return [n for n in self.sent if n not in self.received]

    def expect_nothing_lost(self, what, at_least):
        lost = self.stop()
        check(f"{what}: only {len(self.sent)} packets sent, wanted {at_least}", len(self.sent) >= at_least)
        expect(f"{what}: packets from {self.name} lost of {len(self.sent)} ({self.refused} refused by the sender's kernel)", lost, [])

    def silence_ms(self, since):
        """Milliseconds of the longest time without a packet from then until now."""
        times = [since] + [t for t in sorted(self.received.values()) if t > since] + [time.monotonic()]
        return max(b - a for a, b in zip(times, times[1:])) * 1000

    def longest_silence(self):
        """Seconds between two packets that came one after the other, less the interval; the
        first and the last that were sent count as if they had come."""
        times = sorted([*self.received.values(), self.sent[0], max(self.sent.values())])
        return max((b - a for a, b in zip(times, times[1:])), default=0) - self.interval


class Strays:
    """Packets of streams that come out of the tunnel of a spoke whose LAN they are not for: lans is {spoke: (subnet, …)}."""

    def __init__(self, lab, lans):
        self.found, self.seen, self.stopping = [], dict.fromkeys(lans, 0), threading.Event()
        self.sockets = {spoke: listener_on(lab, spoke, "Tunnel0") for spoke in lans}
        self.threads = [threading.Thread(target=self._read, args=(spoke, ipaddress.ip_network(lan)), daemon=True)
                        for spoke, lan in lans.items()]
        for t in self.threads:
            t.start()

    def _read(self, spoke, lan):
        listener = self.sockets[spoke]
        listener.settimeout(0.2)
        while not self.stopping.is_set():
            try:
                packet, where = listener.recvfrom(2048)
            except TimeoutError:
                continue
            at = (packet[0] & 15) * 4
            if where[1] != 0x0800 or where[2] == 4 or packet[9] != 17 or len(packet) < at + 16:  # 4: PACKET_OUTGOING
                continue
            port, = struct.unpack("!H", packet[at + 2:at + 4])
            if port <= 9000 or port > Stream.port:
                continue
            number, target = struct.unpack("!I4s", packet[at + 8:at + 16])
            self.seen[spoke] += 1
            if ipaddress.ip_address(target) not in lan:
                self.found.append(f"number {number} for {socket.inet_ntoa(target)} from {socket.inet_ntoa(packet[12:16])} at {spoke}")

    def expect_none(self, what, at_least):
        self.stopping.set()
        for t in self.threads:
            t.join()
        for spoke, listener in self.sockets.items():
            expect(f"packets that the capture at {spoke} missed", missed_by(listener), 0)
            listener.close()
            check(f"{what}: only {self.seen[spoke]} packets seen at {spoke}", self.seen[spoke] >= at_least)
        expect(f"{what}: packets at the wrong spoke, of {sum(self.seen.values())} ({len(self.found)})", self.found[:5], [])


def main(test):
    """Runs test(tool) with the path of the dmvpn tool; the script's exit code."""
    needs_lab(frr=True)
    started = time.monotonic()
    test(os.path.abspath(sys.argv[1]))
    print(f"held, in {time.monotonic() - started:.1f} s")
