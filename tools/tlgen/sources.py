"""Reads every schema there is: the packaged API layers, MTProto's own types, and our records."""
from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

import fetch
import parse_json
import parse_tl
from model import Definition, Schema, Type

SCHEMA = fetch.ROOT / "schema"
RECORDS = SCHEMA / "records.tl"
STORED = SCHEMA / "stored.tl"
BETWEEN = SCHEMA / "layers_between.txt"

# Written by hand in the codec (Bool, True, Null), or never sent (error: an rpc_error travels instead).
BY_HAND = {"boolTrue", "boolFalse", "true", "null", "error"}
# Of MTProto's own schema: files a client fetches elsewhere, and how TLS hellos are imitated.
NOT_MTPROTO = re.compile(r"tls\w+|ipPort\w*|accessPointRule|help\.configSimple")


@dataclass
class Sources:
    layers: list[Schema]  # Oldest first.
    mtproto: Schema
    records: Schema
    stored: Schema  # Every form in which a constructor was ever stored; the last of a name is the one written today.
    errors: str  # raw-errors.json


def read() -> Sources:
    fetch.fetch()
    layers = {}
    for layer, spec in fetch.packages().items():
        place = fetch.folder(spec)
        file, parser = ("api.json", parse_json) if (place / "api.json").exists() else ("api.tl", parse_tl)
        layers[layer] = without(parser.parse((place / file).read_text(), spec, layer))
    for layer, schema in between(layers).items():
        layers[layer] = schema
    newest = fetch.packages()[max(fetch.packages())]
    text = fetch.folder(next(s for s in reversed(fetch.packages().values()) if s.startswith("telegram@")))
    mtproto = parse_tl.parse((text / "mtproto.tl").read_text(), "mtproto.tl")
    return Sources(
        [layers[layer] for layer in sorted(layers)],
        as_bytes(mtproto),
        parse_tl.parse(RECORDS.read_text(), "schema/records.tl"),
        parse_tl.parse(STORED.read_text() if STORED.exists() else "", "schema/stored.tl"),
        (fetch.folder(newest) / "errors.json").read_text(),
    )


def without(schema: Schema) -> Schema:
    def ours(d: Definition) -> bool:  # A prefix is how some packages spell a wrapper without its query.
        return d.name in BY_HAND or (d.name.endswith("Prefix") and str(d.result) == "Error")

    schema.definitions = {i: d for i, d in schema.definitions.items() if not ours(d)}
    return schema


def as_bytes(schema: Schema) -> Schema:
    """MTProto's schema says string where it means bytes: numbers, encrypted data."""
    kept = {}
    for number, d in schema.definitions.items():
        if not NOT_MTPROTO.fullmatch(d.name):
            fields = (dataclasses.replace(f, type=Type("bytes")) if f.type.name == "string" else f for f in d.fields)
            kept[number] = dataclasses.replace(d, fields=tuple(fields))
    schema.definitions = kept
    return schema


def between(layers: dict[int, Schema]) -> dict[int, Schema]:
    """Layers that no package has, put together from their neighbours as layers_between.txt lists."""
    made, current, taken = {}, None, {}
    for line in BETWEEN.read_text().splitlines() if BETWEEN.exists() else ():
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if words[0] == "layer":  # layer 144 between 143 145
            current, low, high = int(words[1]), layers[int(words[3])], layers[int(words[4])]
            both = {i: high.definitions[i] for i in low.definitions if i in high.definitions}
            made[current] = Schema(f"layer {current}, from {low.source} and {high.source}", current, both)
        elif words[0] == "from":  # from 145: name#id ...
            taken = layers[int(words[1].rstrip(":"))].definitions
        else:
            for word in words:
                name, _, number = word.partition("#")
                definition: Definition | None = taken.get(int(number, 16))
                if not definition or definition.name != name:
                    raise SystemExit(f"tlgen: {BETWEEN.name}: {word} is not there")
                made[current].definitions[definition.id] = definition
    return made
