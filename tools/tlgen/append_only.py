"""schema/stored.tl and schema/golden.txt only grow: what was ever committed is still there, in its order.

In stored.tl the order of one name's forms counts, since the last one is written. Where there is no git, or no history,
nothing is compared; golden.txt's checksums still hold.
"""
from __future__ import annotations

import subprocess
from collections.abc import Callable

from fetch import ROOT

FILES = {"schema/stored.tl": lambda line: line.split("#")[0], "schema/golden.txt": lambda line: ""}


def git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else ""


def groups(text: str, name: Callable[[str], str]) -> dict[str, list[str]]:
    """What may not change; the comments above it may."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("//"):
            found.setdefault(name(line), []).append(line)
    return found


def only_grew(before: str, present: str, name: Callable[[str], str]) -> bool:
    now = groups(present, name)
    return all(now.get(key, [])[: len(lines)] == lines for key, lines in groups(before, name).items())


def broken() -> list[str]:
    wrong = []
    for file, name in FILES.items():
        present = (ROOT / file).read_text()
        for commit in git("log", "--format=%h", "--", file).split():
            if not only_grew(git("show", f"{commit}:{file}"), present, name):
                wrong.append(f"{file}: lines of {commit} were changed or removed")
    return wrong
