"""From many layers to canonical structs: one per constructor name, holding the fields of all its layers.

Newest first, every form (variant) of a constructor adds the fields it has. A field that is there under the same name
and fits (int into long, string and bytes, true and Bool) is the same one; one that does not fit becomes a field of its
own, called NAME_until_LAYER, so that every form of every layer decodes and encodes without loss. What turns an old form
into the new one is written in schema/conversions.txt.
"""
from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from model import Definition, Field, Schema, Type
from sources import Sources

API, MTPROTO, RECORDS = "api", "mtproto", "records"
FOREVER = 32767  # The last layer of a form that is still in use.
STORED = -1  # Stands for a layer: the form that encode_record writes.


@dataclass
class Member:
    """A field of a canonical struct."""

    name: str  # As the schema has it, with _until_LAYER where two forms do not fit each other.
    schema_name: str
    type: Type
    optional: bool = False
    last_layer: int = 0  # 0: in the newest form.


@dataclass
class Variant:
    """One form of a constructor: its id, the layers that have it, its fields and where their values live."""

    definition: Definition
    fields: list[tuple[Field, Member | None]] = field(default_factory=list)  # None: a flags word.
    layers: list[int] = field(default_factory=list)


@dataclass
class Struct:
    name: str
    method: bool
    family: str
    type: str  # The boxed type of a constructor; "" for methods.
    result: Type
    members: list[Member] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)  # Newest first.
    decoded: dict[int, int] = field(default_factory=dict)  # Id -> its place in the table of forms (emit_tables).

    @property
    def id(self) -> int:
        return self.variants[0].definition.id

    def member(self, name: str) -> Member | None:
        return next((m for m in self.members if m.name == name), None)


@dataclass
class Model:
    layers: list[int]
    structs: list[Struct]
    by_id: dict[int, tuple[Struct, Definition]] = field(default_factory=dict)  # What each id decodes as.

    def constructors(self) -> dict[str, list[Struct]]:
        types: dict[str, list[Struct]] = {}
        for struct in self.structs:
            if not struct.method:
                types.setdefault(struct.type, []).append(struct)
        return types

    def struct(self, name: str, method: bool = False) -> Struct | None:
        return next((s for s in self.structs if s.name == name and s.method == method), None)


def fits(member: Type, new: Type) -> bool:
    """Whether a value of an older form's type can live in a member made for a newer one."""
    if member == new or {member.name, new.name} in ({"string", "bytes"}, {"true", "Bool"}):
        return True
    if member.item and new.item:
        return fits(member.item, new.item)
    return (new.name, member.name) == ("int", "long")


def build(sources: Sources) -> Model:
    model = Model([s.layer for s in sources.layers], [])
    add_family(model, API, list(reversed(sources.layers)))
    add_family(model, MTPROTO, [sources.mtproto])
    # The newest form first: what records.tl says now, then the forms of stored.tl, the latest first.
    stored = list(reversed(sources.stored.definitions.values()))
    ours = Schema(sources.stored.source, 0, {d.id: d for d in stored if is_ours(d)})
    add_family(model, RECORDS, [sources.records, ours])
    add_stored(model, [d for d in stored if not is_ours(d)], sources.records)
    index(model)
    return model


def is_ours(definition: Definition) -> bool:
    return definition.name.startswith("record.")


def add_family(model: Model, family: str, schemas: list[Schema]) -> None:
    structs: dict[tuple[str, bool], Struct] = {}
    names: dict[int, str] = {}  # An id that was renamed belongs to its newest name.
    for schema in schemas:
        for definition in schema.definitions.values():
            if names.setdefault(definition.id, definition.name) != definition.name:
                continue
            key = (definition.name, definition.method)
            if key not in structs:
                kind = "" if definition.method else str(definition.result)
                structs[key] = Struct(definition.name, definition.method, family, kind, definition.result)
            add_variant(structs[key], definition, schema.layer)
    model.structs += structs.values()


def add_variant(struct: Struct, definition: Definition, layer: int) -> Variant:
    known = next((v for v in struct.variants if v.definition == definition), None)
    if not known:
        known = Variant(definition)
        struct.variants.append(known)
        renamed = renamed_flags(struct, definition)
        for f in definition.fields:
            member = renamed.get((f.flags, f.bit)) if f.type.name == "true" else None
            known.fields.append((f, None if f.type.name == "#" else member or place(struct, f, layer)))
    if layer:
        known.layers.append(layer)
    return known


def renamed_flags(struct: Struct, definition: Definition) -> dict[tuple[str | None, int], Member]:
    """The flags of this id in newer layers: a bit of one id means one thing, even where its name changed."""
    same = [v for v in reversed(struct.variants) if v.definition.id == definition.id]
    return {(f.flags, f.bit): m for v in same for f, m in v.fields if m and f.type.name == "true"}


def place(struct: Struct, f: Field, layer: int) -> Member:
    """The member that holds `f`: one that is there, or a new one."""
    same = [m for m in struct.members if m.schema_name == f.name]
    member = next((m for m in same if fits(m.type, f.type)), None)
    newest = len(struct.variants) == 1
    if not member:
        name = f"{f.name}_until_{layer}" if same else f.name
        member = Member(name, f.name, f.type, last_layer=0 if newest else layer)
        struct.members.append(member)
    if f.flags and f.type.name != "true":
        member.optional = True
    return member


def add_stored(model: Model, stored: list[Definition], records: Schema) -> None:
    """Marks the form in which API constructors are stored, and adds forms that no package has any more."""
    by_name = {(s.name, s.method): s for s in model.structs}
    for definition in stored:
        struct = by_name.get((definition.name, False))
        if not struct:
            struct = Struct(definition.name, False, API, str(definition.result), definition.result)
            by_name[definition.name, False] = struct
            model.structs.append(struct)
        written_today = not any(STORED in v.layers for v in struct.variants)
        variant = add_variant(struct, definition, 0)
        if written_today:
            variant.layers.append(STORED)
    current = {d.id for d in records.definitions.values()}
    for struct in model.structs:
        for variant in struct.variants:
            if struct.family == RECORDS and variant.definition.id in current:
                variant.layers.append(STORED)


def index(model: Model) -> None:
    """What an id decodes as: its newest definition, with the flags that only older layers knew."""
    for struct in model.structs:
        for variant in struct.variants:
            number = variant.definition.id
            owner, definition = model.by_id.get(number, (struct, variant.definition))
            if owner is not struct:
                raise SystemExit(f"tlgen: {number:08x} is both {owner.name} and {struct.name}")
            model.by_id[number] = (struct, with_flags_of(definition, variant.definition))
    for number, (struct, definition) in model.by_id.items():
        if not any(v.definition == definition for v in struct.variants):
            variant = Variant(definition)
            for f in definition.fields:
                variant.fields.append((f, None if f.type.name == "#" else place(struct, f, 0)))
            struct.variants.append(variant)


def with_flags_of(newer: Definition, older: Definition) -> Definition:
    """A `true` flag takes no bytes and is left out when ids are made: one id may gain and lose them."""
    bits, names = {(f.flags, f.bit) for f in newer.fields}, {f.name for f in newer.fields}
    flags = [f for f in older.fields if f.type.name == "true"]
    lost = [f for f in flags if (f.flags, f.bit) not in bits and f.name not in names]
    return dataclasses.replace(newer, fields=newer.fields + tuple(lost)) if lost else newer


def ranges(variant: Variant, layers: list[int]) -> list[tuple[int, int]]:
    """The layers of a form as [first, last] ranges, up to the next packaged layer."""
    result: list[tuple[int, int]] = []
    for i, layer in enumerate(layers):
        if layer in variant.layers:
            last = layers[i + 1] - 1 if i + 1 < len(layers) else FOREVER
            if result and result[-1][1] == layer - 1:
                result[-1] = (result[-1][0], last)
            else:
                result.append((layer, last))
    return result
