"""Our own words about layers: schema/conversions.txt and schema/downgrades.txt, and the code that they become."""
from __future__ import annotations

import re
from dataclasses import dataclass

from emit_headers import FIRST_LINE
from emit_tables import mangled
from merge import Member, Model, Struct
from names import Names, field
from sources import SCHEMA


@dataclass
class Conversion:
    struct: Struct
    old: list[Member]
    new: Member
    converter: str


def lines_of(name: str) -> list[str]:
    lines = (line.split("#")[0].strip() for line in (SCHEMA / name).read_text().splitlines())
    return [line for line in lines if line]


def conversions(model: Model) -> list[Conversion]:
    found = []
    for line in lines_of("conversions.txt"):
        match = re.fullmatch(r"([\w.]+): ([\w ]+) -> (\w+) by (\w+)", line)
        struct = match and (model.struct(match[1]) or model.struct(match[1], method=True))
        members = [struct.member(name) for name in (*match[2].split(), match[3])] if struct else [None]
        if None in members:
            raise SystemExit(f"tlgen: conversions.txt: there is no such struct or field: {line}")
        found.append(Conversion(struct, members[:-1], members[-1], match[4]))
    return found


def old_forms(found: list[Conversion]) -> set[tuple[str, bool, str]]:
    return {(c.struct.name, c.struct.method, m.name) for c in found for m in c.old}


def conversions_file(found: list[Conversion], names: Names) -> dict[str, str]:
    structs = {mangled(c.struct): c.struct for c in found}
    includes = {names.header(s.family, s.name if s.method else s.type) for s in structs.values()}
    lines = [FIRST_LINE, '#include "tl/convert.h"\n'] + [f'#include "{i}"\n' for i in sorted(includes)]
    lines.append("\nnamespace helio::tl {\n\n")
    for name, struct in sorted(structs.items()):
        mine, cpp = [c for c in found if c.struct is struct], names.struct(struct)
        lines.append(f"void upgrade_{name}(Object& object);\nbool downgrade_{name}(const Object& from, Object* to);\n")
        lines.append(f"void upgrade_{name}(Object& object) {{\n  auto& o = static_cast<{cpp}&>(object);\n")
        for c in mine:
            old = ", ".join(f"o.{field(m, struct)}" for m in c.old)
            lines.append(f"  convert::{c.converter}_up({old}, o.{field(c.new, struct)});\n")
        lines.append(f"}}\nbool downgrade_{name}(const Object& from, Object* to) {{\n")
        today = ", ".join(f"f.{field(c.new, struct)}" for c in mine)
        lines.append(f"  const auto& f = static_cast<const {cpp}&>(from);\n")
        lines.append(f"  if (!to) return convert::any_set({today});\n  auto& t = static_cast<{cpp}&>(*to);\n")
        for c in mine:
            lines += [f"  t.{field(m, struct)} = f.{field(m, struct)};\n" for m in c.old]
            old = ", ".join(f"t.{field(m, struct)}" for m in c.old)
            lines.append(f"  convert::{c.converter}_down(f.{field(c.new, struct)}, {old});\n")
        lines.append("  return true;\n}\n\n")
    lines.append("}  // namespace helio::tl\n")
    return {"tl/tables/conversions.cpp": "".join(lines)}


def downgrades(model: Model) -> tuple[dict[str, str], dict[str, str]]:
    """(type -> "drop" or a constructor, type -> what stands for null)."""
    types, fallbacks, empties = model.constructors(), {}, {}
    for line in lines_of("downgrades.txt"):
        match = re.fullmatch(r"(null )?([\w.]+) -> ([\w.]+)", line)
        known = match and match[2] in types and (match[3] == "drop" or model.struct(match[3]) in types[match[2]])
        if not known:
            raise SystemExit(f"tlgen: downgrades.txt: there is no such type or constructor: {line}")
        (empties if match[1] else fallbacks)[match[2]] = match[3]
    return fallbacks, empties
