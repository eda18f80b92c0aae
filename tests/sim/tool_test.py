#!/usr/bin/env python3
"""dmvpn sim as a tool. usage: tool_test.py DMVPN FOLDER_OF_SCENARIOS"""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

DMVPN, FOLDER = sys.argv[1], Path(sys.argv[2])


def sim(*args):
    return subprocess.run([DMVPN, "sim", *map(str, args)], capture_output=True, text=True, timeout=120)


class Sim(unittest.TestCase):
    def test_a_seed_runs_the_same_to_the_last_byte(self):
        first = sim("--trace", "--seed", 7, FOLDER / "phase3.scenario").stdout
        self.assertGreater(len(first), 10000)
        self.assertTrue(first == sim("--trace", "--seed", 7, FOLDER / "phase3.scenario").stdout)
        self.assertFalse(first == sim("--trace", "--seed", 8, FOLDER / "phase3.scenario").stdout)

    def test_the_checks_notice(self):
        r = sim("--seeds", 2, "--seed", 5, FOLDER / "deaf.scenario")
        self.assertEqual(r.returncode, 1, r.stderr)
        self.assertIn("seed 5: FAILED at 60.000000 s: hub1: spoke1 is not registered", r.stdout)
        self.assertIn("2 seeds, 2 failed", r.stdout)

    def test_every_demand_can_fail(self):
        base = "hubs = 1\nspokes = 4\nseconds = 60\nconverge_s = 20\n"
        for more, reason in (
                ("fault = 10 crash hub1 9\ntraffic_ms = 100\noutage_ms = 300\n", "has arrived for"),
                ("delay_ms = 3000..3000\nboot_s = 2\n", "not all spokes are registered yet"),
                ("delay_ms = 1500..1500\ngrown_s = 1\n", "and has "),
                ("hub_storm_per_s = 3\n", "hub1: sends more than 3 messages in a second"),
                ("hub_bindings_max = 3\nloss_percent = 100\n",
                 "has 0 clients and room for 3"),
                ("hubs = 2\nfault = 10 crash hub1 9\ntraffic_ms = 100\ncentre = 4\noutage_p95_ms = 300\n",
                 "95 of 100 outages last no longer than"),
                ("bfd_ms = 50\nbfd_second_max = 100\n", "packets of BFD in a second"),
                ("hubs = 2\nnhs_connections = 1\nfault = 0 isolate hub1 59\nconverge_s = 1\n", "is still registered"),
                ("protected = 1\nfault = 0 noike hub1 59\nconverge_s = 1\n", "is not registered")):
            with self.subTest(reason), tempfile.NamedTemporaryFile("w", suffix=".scenario") as f:
                f.write(base + more)
                f.flush()
                r = sim(f.name)
                self.assertEqual(r.returncode, 1, r.stdout + r.stderr)
                self.assertIn(reason, r.stdout)

    def test_exit_codes(self):
        self.assertEqual(sim("--help").returncode, 0)
        for args in ([], ["--seed", "x", FOLDER / "deaf.scenario"], ["--seeds", "0", FOLDER / "deaf.scenario"],
                     ["--nonsense"], ["/nonexistent"], [__file__], ["/dev/zero"], ["/dev/urandom"], ["/"]):
            with self.subTest(args):
                r = sim(*args)
                self.assertEqual(r.returncode, 2)
                self.assertTrue(r.stderr)


unittest.main(argv=sys.argv[:1])
