"""Files made to cost time or memory: each ends in a clear error, or is read, within bounds of both (docs/check.md)."""
import os
import resource
import subprocess
import sys
import tempfile

tool = sys.argv[1]
SIZE = 16 * 1024 * 1024 - 1
SECONDS = 5                   # a loaded machine, and sanitizers, take some times what docs/check.md says
MEMORY = 300 * 1024 * 1024    # of addresses, which sanitizers need more of


def filled(head, line):
    """The line again and again until the file is as large as one may be."""
    return (head + line * (SIZE // len(line) + 1)).encode()[:SIZE]


def numbered(count, head, line):
    return (head + "".join(line.replace("%d", str(n)) for n in range(count))).encode()


T = "interface Tunnel0\n ip address 10.0.0.1 255.0.0.0\n ip nhrp network-id 1\n"
FILES = [
    ("larger than a file may be", lambda: b"hostname a\n" * (100 * 1024 * 1024 // 11), "is larger than 16 MB"),
    ("zeros", lambda: bytes(SIZE), "holds NUL bytes"),
    ("a zero at the end", lambda: filled("", "!\n")[:-1] + b"\0", "holds NUL bytes"),
    ("one line", lambda: filled("", "ip "), "line of more than 65,536 octets"),
    ("one line of control characters", lambda: b"hostname a\n" + b"\1" * (SIZE - 11), "line of more than 65,536 octets"),
    ("short lines", lambda: filled("", "a\n"), "more than 250,000 lines"),
    ("blank lines", lambda: b"\n" * (SIZE - 1) + b"a", "more than 250,000 lines"),
    ("braces", lambda: filled("interfaces {\n ethernet eth0 {\n", "a {\n"), "more than 250,000 lines"),
    ("interfaces", lambda: filled("", "interface Loopback1\n"), "more than 250,000 lines"),
    ("an access list", lambda: filled("", "access-list 101 permit ip host 10.1.1.1 any\n"), "more than 250,000 lines"),
    ("deep braces", lambda: numbered(20000, "interfaces {\n ethernet eth0 {\n", "a {\n"), None),
    ("tunnels", lambda: numbered(9000, "", "interface Tunnel%d\n ip nhrp network-id 1\n"), "8,192 tunnels"),
    ("OpenNHRP's tunnels", lambda: numbered(9000, "", "interface gre%d\n map 10.0.0.1/24 192.0.2.1 register\n shortcut\n"), "8,192 tunnels"),
    ("profiles", lambda: numbered(9000, "", "interface Tunnel%d\n tunnel protection ipsec profile P%d\ncrypto ipsec profile P%d\n"), "8,192 tunnels"),
    ("VRFs", lambda: numbered(2000, "", "ip route vrf V%d 10.0.0.0 255.0.0.0 192.0.2.1\n"), "1,024 VRFs"),
    ("ranges", lambda: numbered(3000, "", "interface range Gi0/0 - 500\n description x\n"), "too many lines that name"),
    ("taken back", lambda: numbered(20000, "", "ip access-list standard A%d\n") + b"no ip access-list\n" * 20000, "too many lines that name"),
    ("servers", lambda: numbered(20000, T, " ip nhrp nhs 10.1.1.1 nbma h%d.example\n"), "too many lines that name"),
    ("all lines wrong", lambda: numbered(20000, "interface Tunnel0\n", " ip q%d\n"), None),
    ("route-maps in a ring", lambda: numbered(8000, "", "route-map R%d permit 10\n continue 10\n"), None),
    ("EIGRP without a family", lambda: numbered(40000, "router eigrp NET\n", " neighbor 10.0.0.1 GigabitEthernet%d\n network 10.0.0.%d\n"), None),
    ("blocks again and again", lambda: b"router bgp 1\n neighbor 10.0.0.1 remote-as 1\nno router bgp 1\n" * 8000, None),
]

# What FRR is given takes no longer than what is read.
RENDERED = [
    ("VRFs with BGP", lambda: numbered(400, "", "vrf definition V%d\n address-family ipv4\n  route-target both 1:%d\n") + b"router bgp 1\n" +
     b"".join(numbered(1, "", f" address-family ipv4 vrf V{n}\n" + f"  neighbor 10.0.0.{n % 250} remote-as 7\n" * 10) for n in range(400))),
]


def limit():
    if "sanitize" not in tool:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def used():
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "a.cfg")
    for what, content, refusal in FILES:
        with open(path, "wb") as out:
            out.write(content())
        before = used()
        done = subprocess.run([tool, "check", path], capture_output=True, preexec_fn=limit)
        took, said = used() - before, done.stderr.decode()
        print(f"{what}: {took:.2f} s, {said.strip().partition(path)[2] or 'read'}")
        if took > SECONDS:
            sys.exit(f"{what}: {took:.2f} s")
        if refusal and (done.returncode != 2 or refusal not in said):
            sys.exit(f"{what}: exit {done.returncode}, {said!r}, and not \"{refusal}\"")
        if not refusal and done.returncode not in (0, 1):
            sys.exit(f"{what}: exit {done.returncode}, {said!r}")
    for what, content in RENDERED:
        with open(path, "wb") as out:
            out.write(content())
        before = used()
        done = subprocess.run([tool, "render", "frr", path], capture_output=True, preexec_fn=limit)
        took = used() - before
        print(f"{what}: {took:.2f} s")
        if took > SECONDS or done.returncode or b"router bgp 1 vrf V399\n" not in done.stdout:
            sys.exit(f"{what}: {took:.2f} s, exit {done.returncode}")
