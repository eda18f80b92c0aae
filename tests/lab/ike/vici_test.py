#!/usr/bin/env python3
"""Crypto blocks become sessions between two stock charons: pre-shared keys and certificates, both
versions of IKE, identities and keyrings, modes and groups; and what goes wrong has its cause named. What
`dmvpn render swanctl` prints of examples and real sets is taken by swanctl.

usage: vici_test.py IKE_DAEMON DMVPN_CHARON CHARON VICI_DRIVE DMVPN     exits 77 without root or charon
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from helpers import check, needs_lab, run, wait_for

DAEMON, LAUNCHER, CHARON, DRIVE, DMVPN = sys.argv[1:6]
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
SHARED = os.environ.get("DMVPN_SHARED", os.path.join(os.path.dirname(ROOT), "shared"))
TAG = f"vici{os.getpid()}"

TUNNEL = """interface Tunnel0
 ip address 10.0.0.{n} 255.255.255.0
 ip nhrp network-id 1
 tunnel source eth0
 tunnel mode gre multipoint
 tunnel protection ipsec profile P
interface eth0
 ip address 192.0.2.{n} 255.255.255.0
"""

IKEV2 = """crypto ikev2 keyring K
 peer ANY
  address 0.0.0.0 0.0.0.0
  pre-shared-key {key}
crypto ikev2 proposal X
 encryption {encryption}
 integrity sha512
 group {group}
crypto ikev2 policy X
 proposal X
crypto ikev2 profile V2
 match identity remote {match}
 identity local {local}
 authentication local pre-share
 authentication remote pre-share
 keyring local K
crypto ipsec transform-set T {transform}
 mode {mode}
crypto ipsec profile P
 set transform-set T
 set ikev2-profile V2
"""

IKEV1 = """crypto isakmp policy 10
 encryption {encryption}
 hash {hash}
 authentication pre-share
 group {group}
crypto isakmp key {key} address {peer}
crypto isakmp keepalive 10 3
crypto ipsec transform-set T {transform}
 mode {mode}
crypto ipsec profile P
 set transform-set T
 set pfs group5
"""

CERTIFICATES = """crypto pki trustpoint CA
 ca-file ca.pem
 certificate-file {name}.pem
 key-file {name}.key
crypto pki certificate map SPOKES 10
 subject-name co ou = {ou}
crypto ikev2 profile V2
 {match}
 identity local dn
 authentication local rsa-sig
 authentication remote rsa-sig
 pki trustpoint CA
crypto ipsec transform-set T esp-gcm 256
 mode transport
crypto ipsec profile P
 set transform-set T
 set ikev2-profile V2
"""


def ikev2(n, key="abc#1", encryption="aes-cbc-256", group="19", match="any", local=None, transform="esp-gcm 256", mode="transport"):
    return IKEV2.format(key=key, encryption=encryption, group=group, match=match, transform=transform, mode=mode,
                        local=local or f"address 192.0.2.{n}")


def ikev1(n, key="abc", encryption="aes 256", hash="sha", group="5", peer="0.0.0.0", transform="esp-aes 256 esp-sha-hmac", mode="tunnel"):
    return IKEV1.format(key=key, encryption=encryption, hash=hash, group=group, peer=peer, transform=transform, mode=mode)


def certificate(name, match="match identity remote any", ou="dmvpn"):
    return CERTIFICATES.format(name=name, match=match, ou=ou)


# name, blocks of A (1, initiates) and B (2), what is to be heard
UP = ["A:up:192.0.2.2", "B:up:192.0.2.1"]
CASES = [
    ("IKEv2, one key for all", ikev2(1), ikev2(2), UP),
    ("IKEv2, tunnel mode", ikev2(1, mode="tunnel"), ikev2(2, mode="tunnel"), UP),
    ("IKEv2, AES-CBC", ikev2(1, transform="esp-aes 256 esp-sha256-hmac"), ikev2(2, transform="esp-aes 256 esp-sha256-hmac"), UP),
    ("IKEv2, names", ikev2(1, local="fqdn spoke.example", match="fqdn hub.example"),
     ikev2(2, local="fqdn hub.example", match="fqdn domain example"), ["A:up:hub.example", "B:up:spoke.example"]),
    ("IKEv2, e-mail", ikev2(1, local="email spoke@example", match="any"),
     ikev2(2, match="email domain example"), ["A:up:192.0.2.2", "B:up:spoke@example"]),
    ("IKEv2, key-id", ikev2(1, local="key-id branch7"), ikev2(2, match="key-id branch7"), ["A:up:192.0.2.2", "B:up:branch7"]),
    ("IKEv2, identities of a prefix", ikev2(1, match="address 192.0.2.0 255.255.255.0"),
     ikev2(2, match="address 192.0.2.0 255.255.255.0"), UP),
    ("IKEv2, of several identities", ikev2(1), ikev2(2, match="fqdn other.example\n match identity remote address 192.0.2.1"), UP),
    ("IKEv2, keys of prefix and address", ikev2(1).replace("address 0.0.0.0 0.0.0.0", "address 192.0.2.0 255.255.255.0"),
     ikev2(2).replace("address 0.0.0.0 0.0.0.0", "address 192.0.2.1"), UP),
    ("IKEv2, a key by address, a peer by name", ikev2(1, match="fqdn hub.example").replace("address 0.0.0.0 0.0.0.0", "address 192.0.2.2"),
     ikev2(2, local="fqdn hub.example"), ["A:up:hub.example", "B:up:192.0.2.1"]),
    ("IKEv2, another key each way",
     ikev2(1).replace("pre-shared-key abc#1", "pre-shared-key local one\n  pre-shared-key remote two"),
     ikev2(2).replace("pre-shared-key abc#1", "pre-shared-key local two\n  pre-shared-key remote one"), UP),
    ("IKEv2, IOS's own proposal and transform set",
     ikev2(1).replace(" set transform-set T\n", "").replace(" proposal X\n", " proposal default\n"),
     ikev2(2).replace(" set transform-set T\n", "").replace(" proposal X\n", " proposal default\n"), UP),
    ("IKEv1, one key for all", ikev1(1), ikev1(2), UP),
    ("IKEv1, a key each", ikev1(1, peer="192.0.2.2"), ikev1(2, peer="192.0.2.1"), UP),
    ("IKEv1, a prefix's key", ikev1(1, peer="192.0.2.0 255.255.255.0"), ikev1(2, peer="192.0.2.0 255.255.255.0"), UP),
    ("IKEv1, weak", ikev1(1, encryption="3des", hash="md5", group="2", transform="esp-3des esp-md5-hmac", mode="transport"),
     ikev1(2, encryption="3des", hash="md5", group="2", transform="esp-3des esp-md5-hmac", mode="transport"), UP),
    ("certificates", certificate("spoke"), certificate("hub", "match certificate SPOKES"),
     ["A:up:O=Acme, OU=Hubs, CN=hub", "B:up:O=Acme, OU=dmvpn, CN=spoke"]),

    ("IKEv2, wrong key", ikev2(1, key="wrong"), ikev2(2), ["A:auth-by-peer", "B:auth-of-peer"]),
    ("IKEv1, wrong key", ikev1(1, key="wrong"), ikev1(2), ["B:auth-of-peer"]),
    ("IKEv2, no key for the peer", ikev2(1), ikev2(2).replace("address 0.0.0.0 0.0.0.0", "address 198.51.100.1"),
     ["A:auth-by-peer", "B:no-key"]),
    ("IKEv1, no key for the peer", ikev1(1), ikev1(2, peer="198.51.100.1"), ["B:no-key"]),
    ("IKEv2, other IKE proposals", ikev2(1, group="14"), ikev2(2), ["A:ike-proposal", "B:ike-proposal"]),
    ("IKEv1, other IKE proposals", ikev1(1, group="14"), ikev1(2), ["A:ike-proposal", "B:ike-proposal"]),
    ("IKEv2, other ESP proposals", ikev2(1, transform="esp-aes esp-sha-hmac"), ikev2(2), ["A:esp-proposal", "B:esp-proposal"]),
    ("IKEv1, other ESP proposals", ikev1(1, transform="esp-3des esp-sha-hmac"), ikev1(2), ["B:esp-proposal"]),
    ("IKEv2, the responder knows no such identity", ikev2(1), ikev2(2, match="fqdn other.example"), ["A:auth-by-peer", "B:no-profile"]),
    ("IKEv2, the initiator expects another", ikev2(1, match="fqdn other.example"), ikev2(2), ["A:auth-by-peer", "B:no-profile"]),
    ("other versions", ikev1(1, group="14"), ikev2(2), ["A:ike-proposal", "B:no-profile"]),
    ("a certificate that has expired", certificate("old"), certificate("hub"), ["A:auth-by-peer", "B:certificate-expired"]),
    ("a certificate of a stranger", certificate("stranger"), certificate("hub"), ["A:auth-by-peer", "B:certificate-untrusted"]),
    ("a subject that the map does not name", certificate("spoke"), certificate("hub", "match certificate SPOKES", "others"),
     ["B:unwelcome:O=Acme, OU=dmvpn, CN=spoke"]),
]


class Router:
    def __init__(self, folder, side, number):
        self.ns, self.number = f"{TAG}-{side}", number
        self.address = f"192.0.2.{number}"
        self.folder, self.log = os.path.join(folder, side), os.path.join(folder, f"{side}.log")
        self.file = os.path.join(folder, f"{side}.cfg")
        self.socket = os.path.join(self.folder, "charon.vici")
        self.keeper = None

    def start(self):
        with open(self.log, "a") as log:
            self.keeper = subprocess.Popen(["ip", "netns", "exec", self.ns, DAEMON, self.folder, LAUNCHER, CHARON],
                                           stdout=log, stderr=log)
        wait_for(f"charon's VICI in {self.log}", lambda: any(l.startswith("vici") for l in open(self.log)))

    def configure(self, blocks):
        with open(self.file, "w") as f:
            f.write(blocks + TUNNEL.format(n=self.number))

    def swanctl(self, *arguments):
        return run("timeout", "20", "swanctl", *arguments, "--uri", f"unix://{self.socket}")


def open_network(a, b):
    for r in (a, b):
        run("ip", "netns", "add", r.ns)
        run("ip", "-n", r.ns, "link", "set", "lo", "up")
    run("ip", "link", "add", "eth0", "netns", a.ns, "type", "veth", "peer", "name", "eth0", "netns", b.ns)
    for r in (a, b):
        run("ip", "-n", r.ns, "link", "set", "eth0", "up")
        run("ip", "-n", r.ns, "addr", "add", f"{r.address}/24", "dev", "eth0")


def make_certificates(folder):
    def pki(out, *arguments):
        with open(os.path.join(folder, out), "wb") as f:
            subprocess.run(["pki", *arguments, "--outform", "pem"], cwd=folder, stdout=f, stderr=subprocess.DEVNULL, check=True)
        os.chmod(os.path.join(folder, out), 0o600)

    for ca in ("ca", "otherca"):
        pki(f"{ca}.key", "--gen", "--type", "ecdsa", "--size", "256")
        pki(f"{ca}.pem", "--self", "--ca", "--in", f"{ca}.key", "--type", "ecdsa", "--dn", f"O=Acme, CN={ca}")
    for name, ca, ou, times in (("hub", "ca", "Hubs", []), ("spoke", "ca", "dmvpn", []), ("stranger", "otherca", "dmvpn", []),
                                ("old", "ca", "dmvpn", ["--not-before", "01.01.20 00:00:00", "--not-after", "01.01.21 00:00:00"])):
        pki(f"{name}.key", "--gen", "--type", "ecdsa", "--size", "256")
        pki(f"{name}.pub", "--pub", "--in", f"{name}.key", "--type", "ecdsa")
        pki(f"{name}.pem", "--issue", "--cacert", f"{ca}.pem", "--cakey", f"{ca}.key", "--in", f"{name}.pub",
            "--type", "pub", "--dn", f"O=Acme, OU={ou}, CN={name}", *times)


def case(a, b, name, blocks_a, blocks_b, expected):
    a.configure(blocks_a)
    b.configure(blocks_b)
    done = subprocess.run([DRIVE, a.socket, a.file, a.address, b.socket, b.file, b.address, *expected],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    held = done.returncode == 0
    print(f"held: {name}" if held else f"NOT HELD: {name}: not all of {expected} was heard:\n{done.stdout}", flush=True)
    for r in (a, b):
        run("timeout", "20", "swanctl", "--load-conns", "--file", "/dev/null", "--uri", f"unix://{r.socket}")
        clear(r)
    return held


def clear(r):
    """Away with the IKE_SAs of the case."""
    for line in r.swanctl("--list-sas").splitlines():
        if line and not line.startswith(" ") and "#" in line:
            run("timeout", "20", "swanctl", "--terminate", "--ike-id", line.split("#")[1].split(",")[0], "--force",
                "--timeout", "1", "--uri", f"unix://{r.socket}", check=False)


def swanctl_takes(r, folder):
    files = glob.glob(os.path.join(ROOT, "examples", "*", "*.cfg")) + glob.glob(os.path.join(SHARED, "cases", "*", "*.cfg"))
    taken = 0
    # What trustpoints name lies beside the configuration.
    for name, made in (("ca.crt", "ca.pem"), ("router.crt", "spoke.pem"), ("router.key", "spoke.key")):
        shutil.copy(os.path.join(folder, made), os.path.join(folder, name))
    for f in sorted(files):
        copy, rendered = os.path.join(folder, "copy.cfg"), os.path.join(folder, "rendered.conf")
        shutil.copy(f, copy)
        with open(rendered, "w") as out:
            subprocess.run([DMVPN, "render", "swanctl", "--secrets", copy], stdout=out, check=True)
        with open(rendered) as text:
            connections = text.read().count("local_addrs")
        said = r.swanctl("--load-all", "--noprompt", "--file", rendered)
        check(f"{f}: {connections} connections:\n{said}", not connections or f"successfully loaded {connections} connections" in said)
        taken += connections
    print(f"swanctl takes {taken} connections of {len(files)} files")


def main():
    needs_lab()
    if not os.path.exists(CHARON) or not shutil.which("swanctl") or not shutil.which("pki"):
        print(f"skipped: needs {CHARON}, swanctl and pki (Debian: charon-systemd, strongswan-swanctl, strongswan-pki)")
        return 77
    folder = tempfile.mkdtemp()
    a, b = Router(folder, "a", 1), Router(folder, "b", 2)
    try:
        make_certificates(folder)
        open_network(a, b)
        a.start()
        b.start()
        failed = [c[0] for c in CASES if not case(a, b, *c)]
        check("not held:", not failed, failed)
        swanctl_takes(a, folder)
        print("all held")
        return 0
    finally:
        for r in (a, b):
            if r.keeper:
                r.keeper.terminate()
                r.keeper.wait(10)
            subprocess.run(["ip", "netns", "del", r.ns], stderr=subprocess.DEVNULL)
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
