"""docs/check.md names every rule with its severity and reason, and nothing else; the schema takes what is printed."""
import re
import sys

header, table, document = (open(name).read() for name in sys.argv[1:4])
names = dict(re.findall(r'X\((\w+), "([\w-]+)"\)', header))
rows = {names[i]: (s.lower(), why) for i, s, why in re.findall(r'RULE\((\w+), (\w+), (?:"[^"]+"|\w+), "([^"]+)"\)', table)}
written = {n: (s, why) for n, s, why in re.findall(r"^\| ([a-z0-9-]+) \| (\w+) \| (.+?) \| [^|]+ \|$", document, re.M)}

for name in sorted(set(names.values()) | set(written)):
    if rows.get(name) != written.get(name):
        sys.exit(f"{name}: {rows.get(name)} in the table, {written.get(name)} in the document")
