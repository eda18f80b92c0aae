#!/usr/bin/env python3
"""Every test that replays a Cisco router stands in the table of docs/interop.md, and every test named there exists.

usage: interop_test.py REPLAY_TEST_C DOCUMENT
"""
import re
import sys
from pathlib import Path

source, document = (Path(p).read_text() for p in sys.argv[1:3])
section = document.split("## Cisco ", 1)[1].split("\n## ", 1)[0]
tests = set(re.findall(r"cmocka_unit_test\((\w+)\)", source))
named = {name for row in re.findall(r"^\|.*\|([^|\n]*)\|$", section, re.M) for name in re.findall(r"`(\w+)`", row)}
for name in sorted(tests - named):
    print(f"{name} is not in the table")
for name in sorted(named - tests):
    print(f"there is no test {name}")
print(f"{len(tests)} tests, {len(named)} in the table")
sys.exit(not tests or tests != named)
