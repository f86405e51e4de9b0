"""Schemas written as TL text: GramJS's `apiTl.js` and `schemaTl.js`, and our own files.

https://core.telegram.org/mtproto/TL
"""
from __future__ import annotations

import re

from model import Definition, Field, Schema, computed_id, parse_type

LINE = re.compile(r"([\w.]+)(?:#([0-9a-f]+))?\s*((?:\{\w+:Type\}\s*)*)(.*?)\s*=\s*([\w.<>!%]+)\s*")


def parse(text: str, source: str, layer: int = 0) -> Schema:
    schema, method = Schema(source, layer), False
    if "module.exports" in text:  # A JavaScript module that exports one template string.
        text = text.split("`")[1]
    statement = ""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.split("//")[0].strip()
        if line in ("---functions---", "---types---"):
            method = line == "---functions---"
            continue
        statement = f"{statement} {line}".strip()
        if not statement.endswith(";"):
            continue
        if "[ t ]" not in statement:  # `vector` is the parser's own.
            schema.add(parse_line(statement[:-1], method, f"{source}:{number}"))
        statement = ""
    if statement:
        raise SystemExit(f"tlgen: {source}: unfinished: {statement}")
    return schema


def parse_line(line: str, method: bool, where: str) -> Definition:
    match = LINE.fullmatch(line)
    if not match:
        raise SystemExit(f"tlgen: {where}: not TL: {line}")
    name, written_id, generics, body, result = match.groups()
    names = tuple(re.findall(r"\{(\w+):Type\}", generics))
    fields = []
    for word in body.split():
        field_name, _, kind = word.partition(":")
        if not kind:  # mtproto's own schema may leave out a name; ours never does.
            raise SystemExit(f"tlgen: {where}: a field without a type: {word}")
        flags = re.fullmatch(r"(\w+)\.(\d+)\?(.+)", kind)
        if flags:
            fields.append(Field(field_name, parse_type(flags[3], names), flags[1], int(flags[2])))
        else:
            fields.append(Field(field_name, parse_type(kind, names)))
    number = int(written_id, 16) if written_id else computed_id(line)
    return Definition(name, number, tuple(fields), parse_type(result, names), method, bool(names))
