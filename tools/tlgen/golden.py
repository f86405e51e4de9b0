"""schema/golden.txt: stored bytes of every form that was ever stored, with what they mean, for every later release.

One line a form: a checksum, the form's name and id, the bytes in hex, and the value as JSON, every field set. Append
only: `--store` adds lines for forms of schema/stored.tl that have none; nothing is changed or removed. A checksum
covers its line and the checksum before it, so that a line that was touched, moved or taken out is noticed.

The bytes are written here, by the letter of the form; src/tl/golden_test.cpp reads them with the codec.
"""
from __future__ import annotations

import hashlib
import json
import struct
import zlib

from fetch import ROOT
from model import Definition, Schema, Type

GOLDEN = ROOT / "schema" / "golden.txt"
HEADER = """\
// Stored bytes of every form in schema/stored.tl, and what they decode to, for ever. Append only: `python3 tools/tlgen
// --store` adds a line for a form that has none; nothing is changed or removed (tools/tlgen/golden.py).
"""
DEPTH_MAX = 3  # Beyond, boxed fields take constructors that hold no others.
VECTOR_ID, TRUE_ID, FALSE_ID = 0x1CB5C415, 0x997275B5, 0xBC799737


class Writer:
    """Writes one value of a form, with every field set, the same for the same form."""

    def __init__(self, schema: Schema, form: Definition):
        self.newest = {d.name: d for d in schema.definitions.values()}
        self.seed = str(form)
        self.count = 0

    def number(self, size: int) -> int:
        """Of `size` bytes; none is 0, and about every second one is negative."""
        self.count += 1
        digest = hashlib.sha256(f"{self.seed} {self.count}".encode()).digest()
        return int.from_bytes(digest[:size], "little", signed=True) | 1

    def constructors(self, type: str) -> list[Definition]:
        return sorted((d for d in self.newest.values() if str(d.result) == type), key=lambda d: d.name)

    def boxed(self, form: Definition, depth: int) -> tuple[bytes, dict]:
        words: dict[str, int] = {}
        for field in form.fields:
            if field.flags:
                words[field.flags] = words.get(field.flags, 0) | 1 << field.bit
        out, values = struct.pack("<I", form.id), {"_": form.name}
        for field in form.fields:
            if field.type.name == "#":
                out += struct.pack("<I", words.get(field.name, 0))
            elif field.type.name == "true":
                values[field.name] = True
            else:
                data, values[field.name] = self.value(field.type, depth)
                out += data
        return out, values

    def value(self, type: Type, depth: int) -> tuple[bytes, object]:
        match type.name:
            case "int":
                value = self.number(4)
                return struct.pack("<i", value), value
            case "long":
                value = self.number(8)
                return struct.pack("<q", value), str(value)
            case "Bool":
                return struct.pack("<I", TRUE_ID), True
            case "double":
                return struct.pack("<d", 0.1), 0.1
            case "string":
                # A short one and, every fourth, one whose length takes four bytes; both with more than ASCII.
                text = f"héliographe {self.number(4)} ☀"
                text += "." * (300 if self.count % 4 == 0 else 0)
                return string(text.encode()), text
            case "bytes":
                data = b"\0\xff" + struct.pack("<q", self.number(8))
                return string(data), data.hex()
            case "Vector":
                if type.bare:
                    raise SystemExit(f"tlgen: golden bytes of {type} are not known")
                items = self.items(type.item, depth)
                head = struct.pack("<Ii", VECTOR_ID, len(items))
                return head + b"".join(data for data, _ in items), [value for _, value in items]
        if type.bare or type.name in ("!", "int128", "int256"):
            raise SystemExit(f"tlgen: golden bytes of {type} are not known")
        choices = self.constructors(type.name)
        if depth >= DEPTH_MAX:
            choices = [d for d in choices if not any(self.constructors(f.type.name) for f in d.fields)] or choices
        return self.boxed(choices[self.number(4) % len(choices)], depth + 1)

    def items(self, item: Type, depth: int) -> list[tuple[bytes, object]]:
        """One of each constructor, or two of what has none."""
        choices = self.constructors(item.name)
        if choices:
            return [self.boxed(d, depth + 1) for d in choices]
        return [self.value(item, depth) for _ in range(2)]


def string(data: bytes) -> bytes:
    head = bytes([len(data)]) if len(data) < 254 else b"\xfe" + struct.pack("<I", len(data))[:3]
    return head + data + bytes(-(len(head) + len(data)) % 4)


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("//")]


def form_of(line: str) -> str:
    return line.split(" ", 2)[1]


def checksum(before: str, rest: str) -> str:
    return f"{zlib.crc32(f'{before} {rest}'.encode()):08x}"


def missing(stored: Schema, text: str) -> list[Definition]:
    have = {form_of(line) for line in lines(text)}
    return [d for d in stored.definitions.values() if f"{d.name}#{d.id:08x}" not in have]


def touched(text: str) -> list[str]:
    """The forms of the first line that is not as it was written, or not where it was; none, or one."""
    before = ""
    for line in lines(text):
        found, rest = line.split(" ", 1)
        if found != checksum(before, rest):
            return [form_of(line)]
        before = found
    return []


def appended(stored: Schema, text: str) -> str:
    """`text` with a line for every form that had none."""
    text = text or HEADER
    before = lines(text)[-1].split(" ", 1)[0] if lines(text) else ""
    for form in missing(stored, text):
        data, value = Writer(stored, form).boxed(form, 0)
        rest = f"{form.name}#{form.id:08x} {data.hex()} {json.dumps(value, ensure_ascii=False)}"
        before = checksum(before, rest)
        text += f"{before} {rest}\n"
    return text


def read() -> str:
    return GOLDEN.read_text() if GOLDEN.exists() else ""
