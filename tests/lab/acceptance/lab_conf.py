#!/usr/bin/env python3
"""What lab.conf promises: two spokes behind one NAT box leave with its one address and get
their answers, nobody comes in uninvited, loss is as much as was asked for, an added host talks.

lab_conf.py TOOL
"""
import re
import socket

from scene import HUB_NBMA, Lab, check, expect, hub_config, main, socket_in, spoke_config, spoke_nbma, wait_for

BOX = "203.0.113.2"
LAB_CONF = """
nat spoke1 spoke2      # one box for both
loss spoke3 30
host printer spoke3 GigabitEthernet0/1 10.1.3.20
"""


def behind_nat(n):
    return (spoke_config(n).replace(f"{spoke_nbma(n)} 255.255.255.252", f"192.168.1.1{n} 255.255.255.0")
            .replace(f"198.51.100.{4 * n + 1}", "192.168.1.1"))


def udp(lab, node, address):
    s = socket_in(lab.netns(node), socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.bind((address, 7400))
    return s


def one_address_for_both(lab):
    """As IKE does behind NAT: both from the same port to one server."""
    for n in (1, 2):  # FRR sets the routes
        wait_for(f"spoke{n} has a way out", lambda n=n: lab.ping(f"spoke{n}", HUB_NBMA, 1))
    server = udp(lab, "hub1", HUB_NBMA)
    clients = {f"spoke{n}".encode(): udp(lab, f"spoke{n}", f"192.168.1.1{n}") for n in (1, 2)}
    seen = {}
    for name, s in clients.items():
        s.sendto(name, (HUB_NBMA, 7400))
        text, seen[name] = server.recvfrom(100)
        expect("who was heard", text, name)
    expect("the addresses that the hub sees", {a for a, _ in seen.values()}, {BOX})
    check(f"the ports tell them apart: {seen}", len({p for _, p in seen.values()}) == 2)
    for name, s in clients.items():
        server.sendto(b"to " + name, seen[name])
        expect("the answer", s.recv(100), b"to " + name)
    # A stranger to the box's port, from where nobody was asked.
    stranger = udp(lab, "hub2", "192.0.2.6")
    for port in {p for _, p in seen.values()}:
        stranger.sendto(b"uninvited", (BOX, port))
    check("the box answers ping", lab.ping("hub2", BOX) == 10)
    for name, s in clients.items():
        s.settimeout(0.2)
        try:
            raise AssertionError(f"{name} got {s.recv(100)}")
        except TimeoutError:
            pass
    for s in (server, stranger, *clients.values()):
        s.close()


def registered_by_its_box(lab):
    """Plain GRE has no ports: one of the two gets through, and the hub sees the box."""
    found = wait_for("a spoke behind the box is registered",
                     lambda: [b for b in lab.show("hub1", "nhrp")["bindings"] if b["nbma"] == BOX])
    check(f"its own address is told beside: {found}", found[0]["claimed_nbma"].startswith("192.168.1.1"))


def loss_as_asked_for(lab):
    """30 % each way: half of the echoes come back. 400 of them: five sigma are 12 %."""
    back = lab.ping("spoke3", HUB_NBMA, count=400, interval=0.005)
    check(f"{back} of 400 echoes came back", 140 <= back <= 252)
    rules = lab.exec("internet", "nft", "list", "ruleset")
    check("both directions lose", len(re.findall(r"counter packets [1-9]\d* ", rules)) == 2)
    expect("spoke4 loses nothing", lab.ping("spoke4", HUB_NBMA, count=50, interval=0.005), 50)


def added_host(lab):
    expect("the printer and its neighbour", lab.ping("printer", "10.1.3.1"), 10)


def test(tool):
    hub2 = hub_config().replace("hub1", "hub2").replace("192.0.2.2 ", "192.0.2.6 ").replace(
        "0.0.0.0 192.0.2.1\n", "0.0.0.0 192.0.2.5\n").replace("10.100.0.1 ", "10.100.0.2 ")
    configs = {"hub1": hub_config(), "hub2": hub2, "spoke1": behind_nat(1), "spoke2": behind_nat(2),
               "spoke3": spoke_config(3), "spoke4": spoke_config(4)}
    with Lab(tool, configs, LAB_CONF) as lab:
        one_address_for_both(lab)
        registered_by_its_box(lab)
        loss_as_asked_for(lab)
        added_host(lab)


main(test)
