"""schema/stored.tl: every form in which a constructor was ever stored, so that stored bytes never depend on packages.

Append only: `--store` adds the newest form of each constructor that a record can hold and the file lacks. The last form
of a name is the one that is written; all of them are read.
"""
from __future__ import annotations

import dataclasses

from merge import Model, Struct
from model import Definition, Type, computed_id
from sources import STORED, Sources

HEADER = """\
// Every constructor that was ever stored, in every form, so that what is stored can be read for ever. Append only:
// `python3 tools/tlgen --store` adds what records reach and this file lacks; nothing is changed or removed.
"""


def reachable(model: Model, sources: Sources) -> list[Struct]:
    """What a stored record can hold, in a fixed order. Commands are not stored."""
    types, seen = model.constructors(), {}
    records = {d.name for d in sources.records.definitions.values() if not d.method}
    waiting = [s for s in model.structs if s.name in records]
    while waiting:
        struct = waiting.pop()
        if struct.method or struct.name in seen:
            continue
        seen[struct.name] = struct
        for member in struct.members:
            waiting += types.get(boxed(member.type), [])
    return [seen[name] for name in sorted(seen)]


def boxed(type: Type) -> str:
    return boxed(type.item) if type.item else type.name


def missing(model: Model, sources: Sources) -> list[Definition]:
    last: dict[str, Definition] = {d.name: d for d in sources.stored.definitions.values()}
    newest = (s.variants[0].definition for s in reachable(model, sources))
    return [d for d in newest if last.get(d.name) != d]


def changed(model: Model, sources: Sources) -> list[Definition]:
    """Lines that are not what they were: neither a form of some layer nor named by their own words' id."""
    known = {str(v.definition) for s in model.structs for v in s.variants if any(layer > 0 for layer in v.layers)}
    ours = {str(d) for d in sources.stored.definitions.values() if computed_id(plain(d)) == d.id}
    return [d for d in sources.stored.definitions.values() if str(d) not in known | ours]


def plain(definition: Definition) -> str:
    return str(dataclasses.replace(definition)).rstrip(";")


def append(definitions: list[Definition]) -> None:
    text = STORED.read_text() if STORED.exists() else HEADER
    STORED.write_text(text + "".join(f"{d}\n" for d in definitions))
