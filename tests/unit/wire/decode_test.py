#!/usr/bin/env python3
"""dmvpn decode against small captures made here, message by message.

usage: decode_test.py DMVPN SCHEMA
Frames are built octet by octet round the registration request of golden.h.
"""
import json
import re
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(77)

DMVPN, SCHEMA = sys.argv[1:3]
here = Path(__file__).parent


def golden(name):
    text = (here.parent.parent / "vectors/golden.h").read_text()
    body = re.search(r"golden_%s\[\] = \{(.*?)\}" % name, text, re.S).group(1)
    return bytes(int(x, 16) for x in re.findall(r"0x([0-9a-f]{2})", body))


NHRP = golden("registration_request")


def checksum(b):
    total = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip4(payload, protocol=47, fragment=0):
    head = struct.pack("!BBHHHBBHII", 0x45, 0xC0, 20 + len(payload), 7, fragment, 255, protocol, 0,
                       0xC0000201, 0xC0000202)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ip6(payload, protocol=47):
    return struct.pack("!IHBB", 0x6C000000, len(payload), protocol, 64) + \
        bytes.fromhex("20010db8" + "0" * 23 + "1" + "20010db8" + "0" * 23 + "2") + payload


def gre(payload, flags=0x2000, proto=0x2001):
    return struct.pack("!HH", flags, proto) + (struct.pack("!I", 42) if flags & 0x2000 else b"") + payload


def ether(payload, *types):
    return bytes(12) + b"".join(struct.pack("!HH", t, 5) for t in types[:-1]) + struct.pack("!H", types[-1]) + payload


class Decode(unittest.TestCase):
    def run_tool(self, *args):
        return subprocess.run([DMVPN, "decode", *args], capture_output=True, text=True, timeout=60)

    def write(self, frames, link=1, cut=0):
        f = tempfile.NamedTemporaryFile(suffix=".pcap")
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link))
        for frame in frames:
            kept = frame[:len(frame) - cut]
            f.write(struct.pack("<IIII", 1700000000, 123456, len(kept), len(frame)) + kept)
        f.flush()
        self.addCleanup(f.close)
        return f.name

    def decode(self, frames, link=1, want=0, cut=0, options=()):
        r = self.run_tool("--json", *options, self.write(frames, link, cut))
        self.assertEqual(r.returncode, want, r.stderr)
        out = json.loads(r.stdout)
        jsonschema.validate(out, json.loads(Path(SCHEMA).read_text()))
        return out["files"][0]

    def one(self, frame, **kw):
        messages = self.decode([frame], **kw)["messages"]
        self.assertEqual(len(messages), 1)
        return messages[0]

    def test_every_way_to_the_message(self):
        packet = ip4(gre(NHRP))
        for name, link, frame in (
                ("ethernet", 1, ether(packet, 0x0800)),
                ("one tag", 1, ether(packet, 0x8100, 0x0800)),
                ("two tags", 1, ether(packet, 0x88A8, 0x8100, 0x0800)),
                ("padded", 1, ether(packet + bytes(9), 0x0800)),
                ("pppoe", 1, ether(bytes(6) + b"\0\x21" + packet, 0x8864)),
                ("raw", 101, packet),
                ("raw4", 228, packet),
                ("null", 0, struct.pack("<I", 2) + packet),
                ("loop", 108, struct.pack("!I", 2) + packet),
                ("cooked", 113, bytes(14) + b"\x08\0" + packet),
                ("cooked2", 276, b"\x08\0" + bytes(18) + packet),
                ("ppp", 9, b"\xff\x03\0\x21" + packet),
                ("hdlc", 104, b"\x0f\0\x08\0" + packet)):
            with self.subTest(name):
                m = self.one(frame, link=link)
                self.assertIsNone(m["error"])
                self.assertEqual(m["outer"], {"carrier": "gre", "source": "192.0.2.1", "destination": "192.0.2.2",
                                              "ttl": 255, "dscp": 48, "key": 42, "note": None})
                self.assertEqual(m["message"]["request_id"], 1)
                self.assertEqual(m["message"]["flag_letters"], "U+nat")
                self.assertEqual(m["time_utc"], "2023-11-14T22:13:20.123456")

    def test_other_carriers(self):
        m = self.one(ether(ip6(gre(NHRP, 0)), 0x86DD))
        self.assertEqual((m["outer"]["source"], m["outer"]["key"]), ("2001:db8::1", None))
        m = self.one(ether(ip4(NHRP, 54), 0x0800))
        self.assertEqual((m["outer"]["carrier"], m["error"]), ("ip", None))
        m = self.one(bytes(14) + b"\x20\x01" + NHRP, link=113)
        self.assertEqual((m["outer"]["carrier"], m["outer"]["source"]), ("link", None))

    def test_what_is_no_nhrp_is_left_alone(self):
        f = self.decode([ether(b"\0\1", 0x0806), ether(ip4(b"x" * 30, 17), 0x0800),
                         ether(ip4(gre(b"x" * 30, proto=0x0800)), 0x0800),
                         ether(ip4(gre(NHRP, flags=1)), 0x0800), ether(b"", 0x8100), b"\0",
                         ether(ip4(b"x" * 30, 50), 0x0800), ether(ip4(b"x" * 30, 47, 0x0010), 0x0800)])
        self.assertEqual(f["messages"], [])
        self.assertEqual((f["frames"], f["esp_frames"], f["later_fragments"]), (8, 1, 1))

    def test_faults_are_named(self):
        bad = bytearray(NHRP)
        bad[30] ^= 1
        m = self.one(ether(ip4(gre(bytes(bad))), 0x0800), want=1)
        self.assertEqual((m["error"]["drop"], m["error"]["offset"]), ("CHECKSUM", 12))
        self.assertEqual(m["message"]["request_id"], 1)
        m = self.one(ether(ip4(gre(NHRP[:60])), 0x0800), want=1)
        self.assertEqual((m["error"]["drop"], m["message"]), ("SIZE", None))
        m = self.one(ether(ip4(gre(NHRP)), 0x0800), want=1, cut=10)
        self.assertEqual((m["error"]["drop"], m["outer"]["note"]), ("SIZE", "cut by the capture"))
        m = self.one(ether(ip4(gre(NHRP[:50]), fragment=0x2000), 0x0800), want=1)
        self.assertEqual(m["outer"]["note"], "first fragment of a packet")
        m = self.one(ether(ip4(gre(NHRP, flags=0x6000)), 0x0800), want=1)
        self.assertEqual((m["error"]["drop"], m["message"]), ("GRE", None))
        m = self.one(ether(ip4(struct.pack("!HHI", 0x8000, 0x2001, 0) + NHRP), 0x0800), want=1)
        self.assertEqual(m["error"]["text"], "checksum wrong")
        packet = bytearray(ip4(gre(NHRP)))
        packet[8] = 9
        m = self.one(ether(bytes(packet), 0x0800))
        self.assertEqual(m["outer"]["note"], "IP header checksum wrong")
        extension = bytearray(NHRP)
        extension[52 + 3] = 200
        m = self.one(ether(ip4(gre(bytes(extension))), 0x0800), want=1)
        self.assertEqual((m["error"]["drop"], m["error"]["offset"]), ("EXTENSION_SHORT", 52))
        self.assertEqual(m["message"]["source_protocol"], "155.1.0.1")

    def test_secrets_are_masked(self):
        frame = ether(ip4(gre(NHRP)), 0x0800)
        name = self.write([frame])
        for options in ([], ["--json"]):
            r = self.run_tool(*options, name)
            self.assertNotIn("NHRPAUTH", r.stdout)
            self.assertIn("***", r.stdout)
            self.assertIn("NHRPAUTH", self.run_tool("--show-secrets", *options, name).stdout)

    def test_text_is_one_line_a_message(self):
        frame = ether(ip4(gre(NHRP)), 0x0800)
        bad = ether(ip4(gre(NHRP[:-1])), 0x0800)
        r = self.run_tool(self.write([frame, bad, frame]))
        self.assertEqual(r.returncode, 1)
        lines = r.stdout.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertTrue(lines[0].startswith(
            "    1 2023-11-14 22:13:20.123456 192.0.2.1 > 192.0.2.2 key 42: Registration Request id 1 hops 255 "
            "flags U+nat nbma 169.254.100.1 155.1.0.1 -> 155.1.0.5 "
            "[code 0 pl 32 mtu 17912 hold 7200 pref 0] | Responder Address, "), lines[0])
        self.assertIn("MALFORMED at octet 10: packet size field larger than the packet", lines[1])

    def test_redirect_and_hostile_secret(self):
        m = self.one(ether(ip4(gre(golden("traffic_indication"))), 0x0800))
        self.assertEqual(m["message"]["payload"],
                         {"octets": 28, "source": "10.255.255.3", "destination": "10.255.255.2", "protocol": 1})
        nasty = bytearray(NHRP)
        at = bytes(nasty).index(b"NHRPAUTH")
        nasty[at:at + 8] = b"\x1b[2J\"\\\xff\0"
        nasty[12:14] = b"\0\0"
        nasty[12:14] = struct.pack("!H", checksum(bytes(nasty)))
        name = self.write([ether(ip4(gre(bytes(nasty))), 0x0800)])
        r = self.run_tool("--show-secrets", name)
        self.assertIn(r'"\x1b[2J\x22\x5c\xff\x00"', r.stdout)
        m = self.one(ether(ip4(gre(bytes(nasty))), 0x0800), options=["--show-secrets"])
        self.assertEqual([x["secret"] for x in m["message"]["extensions"] if "secret" in x], ["\x1b[2J\"\\\xff\0"])

    def test_exit_codes(self):
        self.assertEqual(self.run_tool().returncode, 2)
        self.assertEqual(self.run_tool("--nonsense").returncode, 2)
        self.assertEqual(self.run_tool("--help").returncode, 0)
        self.assertEqual(self.run_tool("/nonexistent.pcap").returncode, 2)
        self.decode([b"x" * 40], link=147, want=2)
        name = self.write([ether(ip4(gre(NHRP)), 0x0800)])
        whole = Path(name).read_bytes()
        Path(name).write_bytes(whole[:-5])
        r = self.run_tool(name)
        self.assertEqual(r.returncode, 2)
        self.assertIn("truncated", r.stderr)


unittest.main(argv=sys.argv[:1])
