"""Holds src/ to layers.txt: prints file:line of every wrong arrow or word, exits 1 if there is any.

  room: rooms it may include         never FOLDER includes PREFIX...
  only FOLDER... includes PREFIX     only FOLDER... says REGEX
Files named *_test.cpp, and those in a folder testing/, may look upward and use drivers; they keep the rules about words.
"""
import collections, pathlib, re, sys

SRC = pathlib.Path("src")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+["<]([^">]+)[">]', re.M)
rooms, never, homes, words, wrong = {}, [], [], [], []
families = collections.defaultdict(set)

for line in pathlib.Path("layers.txt").read_text().splitlines():
    if match := re.match(r"(\w+):(.*)", line):
        rooms[match[1]] = {match[1], *match[2].split()}
    elif match := re.match(r"never (\S+) includes (.+)", line):
        never += [(match[1] + "/", prefix) for prefix in match[2].split()]
    elif match := re.match(r"only (.+) (includes|says) (.+)", line):
        kind = homes if match[2] == "includes" else words
        kind.append((tuple(f + "/" for f in match[1].split()), match[3]))

for path in sorted(p for p in SRC.rglob("*") if p.suffix in (".h", ".cpp")):
    name, text = path.relative_to(SRC).as_posix(), path.read_text()
    room, test = name.split("/")[0], name.endswith("_test.cpp") or "/testing/" in name

    def report(match, why):
        wrong.append(f"src/{name}:{text.count(chr(10), 0, match.start()) + 1}: {why}")

    for folders, regex in words:
        for match in re.finditer(regex, re.sub(r"//.*", "", text)):
            if not name.startswith(folders):
                report(match, f"says '{' '.join(match[0].split())}'")
    for match in INCLUDE.finditer(text) if not test else ():
        target = match[1]
        to = target.split("/")
        for folders, prefix in homes:
            if target.startswith(prefix) and not name.startswith(folders):
                report(match, f"{target} is at home in {' '.join(folders)}")
        for folder, prefix in never:
            if name.startswith(folder) and target.startswith(prefix):
                report(match, f"{folder} never includes {prefix}")
        if to[0] in rooms and to[0] not in rooms[room] and target not in [p for _, p in homes]:
            report(match, f"goes up or sideways, {room} -> {to[0]}")
        if to[0] == room and name.count("/") > 1 and len(to) > 2 and to[1] != name.split("/")[1]:
            families[f"{room}/{name.split('/')[1]}"].add(f"{room}/{to[1]}")

def circle(node, trail=()):
    if node in trail:
        return " -> ".join((*trail[trail.index(node):], node))
    return next((c for n in sorted(families.get(node, ())) if (c := circle(n, (*trail, node)))), None)

if loop := next(filter(None, map(circle, sorted(families))), None):
    wrong.append("families in a circle: " + loop)
print("\n".join(wrong) or "layers: every arrow points down")
sys.exit(bool(wrong))
