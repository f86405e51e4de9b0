"""What a schema says: definitions (constructors and methods) with typed fields, and the layers they are in."""
from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field

# Types written into the struct itself. int53 is how one package marks longs that fit a JavaScript number.
SCALARS = {"int", "long", "double", "string", "bytes", "int128", "int256", "Bool", "true", "#"}


@dataclass(frozen=True)
class Type:
    """`int`, `InputPeer`, `Vector<long>`, `vector<future_salt>`, `!X`."""

    name: str  # A scalar, a boxed type, a bare constructor (bare=True), "Vector", or "!" for a query inside a query.
    bare: bool = False  # Without the constructor id in front: `vector`, `%Message`, `future_salt`.
    item: "Type | None" = None  # Of a vector.

    def __str__(self) -> str:
        if self.item:
            return f"{'vector' if self.bare else 'Vector'}<{self.item}>"
        return {"!": "!X"}.get(self.name, self.name)


@dataclass(frozen=True)
class Field:
    name: str
    type: Type
    flags: str | None = None  # The flags field that says whether this one is present,
    bit: int = 0  # and the bit there.

    def __str__(self) -> str:
        return f"{self.name}:{f'{self.flags}.{self.bit}?' if self.flags else ''}{self.type}"


@dataclass(frozen=True)
class Definition:
    name: str
    id: int
    fields: tuple[Field, ...]
    result: Type
    method: bool
    generic: bool = False

    def __str__(self) -> str:
        generic = "{X:Type} " if self.generic else ""
        fields = "".join(f"{f} " for f in self.fields)
        result = "X" if self.result.name == "!" else self.result
        return f"{self.name}#{self.id:08x} {generic}{fields}= {result};"


@dataclass
class Schema:
    """Everything one package, or one of our files, declares."""

    source: str
    layer: int = 0  # 0: not an API layer.
    definitions: dict[int, Definition] = field(default_factory=dict)

    def add(self, definition: Definition) -> None:
        before = self.definitions.setdefault(definition.id, definition)
        if str(before) != str(definition):
            raise SystemExit(f"tlgen: {self.source}: two definitions of one id:\n  {before}\n  {definition}")


def parse_type(text: str, generics: tuple[str, ...] = ()) -> Type:
    if text.startswith("!") or text in generics:
        return Type("!")
    if match := re.fullmatch(r"([Vv])ector<(.+)>", text):
        return Type("Vector", bare=match[1] == "v", item=parse_type(match[2], generics))
    if text.startswith("%"):
        return Type(text[1:], bare=True)
    if text == "int53":
        return Type("long")
    last = text.rsplit(".", 1)[-1]
    return Type(text, bare=text not in SCALARS and last[0].islower())


def computed_id(text: str) -> int:
    """The id of a definition that is written without one: the CRC32 of its words, as TL has it."""
    text = re.sub(r"#[0-9a-f]+ ", " ", text.rstrip(";").strip(), count=1)
    text = re.sub(r"[<>{}]", " ", text).replace(":bytes ", ":string ").replace("?bytes ", "?string ")
    return zlib.crc32(" ".join(text.split()).encode())
