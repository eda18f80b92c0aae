#!/usr/bin/env python3
"""dmvpn sim as a tool. usage: tool_test.py DMVPN FOLDER_OF_SCENARIOS"""
import subprocess
import sys
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

    def test_exit_codes(self):
        self.assertEqual(sim("--help").returncode, 0)
        for args in ([], ["--seed", "x", FOLDER / "deaf.scenario"], ["--seeds", "0", FOLDER / "deaf.scenario"],
                     ["--nonsense"], ["/nonexistent"], [__file__], ["/dev/zero"], ["/dev/urandom"], ["/"]):
            with self.subTest(args):
                r = sim(*args)
                self.assertEqual(r.returncode, 2)
                self.assertTrue(r.stderr)


unittest.main(argv=sys.argv[:1])
