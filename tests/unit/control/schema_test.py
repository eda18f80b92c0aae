#!/usr/bin/env python3
"""What the show commands say as JSON keeps to docs/schema, and the schema refuses what does not."""
import copy
import json
import subprocess
import sys
from pathlib import Path

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(77)

PRINT, SCHEMAS = sys.argv[1], Path(sys.argv[2])
SUBJECTS = {"dmvpn": "peers", "nhrp": "bindings", "nhs": "nhs", "tunnels": "tunnels", "events": "events",
            "counters": None, "ipsec": "sessions", "bfd": "sessions", "explain": "findings"}

for number, (what, entries) in enumerate(SUBJECTS.items()):
    said = json.loads(subprocess.run([PRINT, str(number)], check=True, stdout=subprocess.PIPE).stdout)
    schema = json.loads((SCHEMAS / (f"{what}.json" if what == "explain" else f"show-{what}.json")).read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(said, schema)
    assert said["schema"] == 1 and said["router"] == "spoke1"
    wrong = copy.deepcopy(said)
    if entries:
        assert said[entries], what
        del wrong[entries][0][sorted(wrong[entries][0])[0]]
    else:
        assert said["engine"]["FORWARDED"] == 7 and said["forward"]["relays"][0]["out_nbma"] is None
        wrong["forward"]["drops"]["NO_PEER"] = "one"
    try:
        jsonschema.validate(wrong, schema)
    except jsonschema.ValidationError:
        continue
    sys.exit(f"the schema of show {what} accepts anything")
