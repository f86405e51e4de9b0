"""Writes the C++ of the TL schemas into build/generated, and keeps schema/stored.tl.

  python3 tools/tlgen            write what changed; does nothing when no input did
  python3 tools/tlgen --check    exit 1 when a second run would change something, or schema/stored.tl or golden.txt is
                                 not complete or not what it was
  python3 tools/tlgen --store    append to schema/stored.tl what records reach and it lacks, and its bytes to golden.txt
  python3 tools/tlgen --lock     write schema/schema.lock after a change of schema/package.json
"""
from __future__ import annotations

import fcntl
import hashlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.dont_write_bytecode = True

import append_only
import emit_errors
import emit_headers
import fetch
import golden
import merge
import overlays
import sources
import stored
from emit_tables import Tables
from names import Names

OUT = fetch.ROOT / "build" / "generated"
STAMP = OUT / "stamp"


def generate(everything: sources.Sources, model: merge.Model) -> dict[str, str]:
    names = Names(model)
    files = emit_headers.emit(model, names)
    conversions = overlays.conversions(model)
    files |= Tables(model, names, overlays.old_forms(conversions)).files(*overlays.downgrades(model))
    files |= overlays.conversions_file(conversions, names)
    files |= emit_errors.emit(everything.errors)
    return files


def fingerprint() -> str:
    digest = hashlib.sha256()
    inputs = [p for d in (fetch.ROOT / "schema", pathlib.Path(__file__).parent) for p in d.rglob("*") if p.is_file()]
    for path in sorted(p for p in inputs if p.suffix != ".pyc"):
        digest.update(f"{path.relative_to(fetch.ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def write(files: dict[str, str]) -> list[str]:
    """Only what differs, so that only what depends on it is compiled again."""
    changed = []
    for name, text in files.items():
        path = OUT / name
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            changed.append(name)
    for path in OUT.rglob("*"):
        if path.is_file() and str(path.relative_to(OUT)) not in files and path not in (STAMP, OUT / "lock"):
            path.unlink()
            changed.append(str(path.relative_to(OUT)))
    return changed


def main(arguments: list[str]) -> int:
    if arguments == ["--lock"]:
        fetch.lock()
        return 0
    OUT.mkdir(parents=True, exist_ok=True)
    with open(OUT / "lock", "w") as lock:  # Several build folders share this one.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not arguments and STAMP.exists() and STAMP.read_text() == fingerprint():
            return 0
        everything = sources.read()
        if arguments == ["--store"]:
            missing = stored.missing(merge.build(everything), everything)
            stored.append(missing)
            print(f"tlgen: {len(missing)} forms added to schema/stored.tl")
            everything = sources.read()
            golden.GOLDEN.write_text(golden.appended(everything.stored, golden.read()))
        model = merge.build(everything)
        wrong = check(everything, model) if arguments == ["--check"] else []
        changed = write(generate(everything, model))
        STAMP.write_text(fingerprint())
        if changed:
            print(f"tlgen: {len(changed)} files of build/generated changed")
        for line in wrong:
            print(f"tlgen: {line}")
        return 1 if arguments == ["--check"] and (changed or wrong) else 0


def check(everything: sources.Sources, model: merge.Model) -> list[str]:
    """That stored bytes stay readable (schema/stored.tl)."""
    missing = stored.missing(model, everything)
    wrong = [f"not in schema/stored.tl (run `python3 tools/tlgen --store`): {d}" for d in missing]
    wrong += [f"schema/stored.tl: was changed: {d}" for d in stored.changed(model, everything)]
    bytes_of = golden.read()
    lacking = golden.missing(everything.stored, bytes_of)
    wrong += [f"not in schema/golden.txt (run `python3 tools/tlgen --store`): {d}" for d in lacking]
    wrong += [f"schema/golden.txt: was changed at, or before: {form}" for form in golden.touched(bytes_of)]
    return wrong + append_only.broken()


sys.exit(main(sys.argv[1:]))
