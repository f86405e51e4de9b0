"""Schemas written as mtcute's JSON: `api-schema.json` ({l: layer, e: entries}) and `mtp-schema.json` (entries)."""
from __future__ import annotations

import json

from model import Definition, Field, Schema, Type, parse_type


def parse(text: str, source: str, layer: int = 0) -> Schema:
    data = json.loads(text)
    entries = data
    if isinstance(data, dict):
        entries = data["e"]
        if data["l"] != layer:
            raise SystemExit(f"tlgen: {source} is layer {data['l']}, not {layer}")
    schema = Schema(source, layer)
    for entry in entries:
        if not entry["name"].startswith("mtcute.") and not entry["name"].endswith("Prefix"):  # Its own inventions.
            schema.add(definition(entry))
    return schema


def definition(entry: dict) -> Definition:
    generics = tuple(g["name"] for g in entry.get("generics") or ())
    fields = []
    for argument in entry["arguments"]:
        modifiers = argument.get("typeModifiers") or {}
        flags, _, bit = (modifiers.get("predicate") or "").partition(".")
        kind = typed(argument["type"], modifiers, generics)
        fields.append(Field(argument["name"], kind, flags or None, int(bit or 0)))
    vector = (entry.get("typeModifiers") or {}).get("isVector")
    result = typed(entry["type"], {"isVector": vector}, generics)
    method = entry["kind"] == "method"
    return Definition(plain(entry["name"]), entry["id"], tuple(fields), result, method, bool(generics))


def typed(name: str, modifiers: dict, generics: tuple[str, ...]) -> Type:
    kind = parse_type(plain(name), generics)
    if modifiers.get("isBareType"):
        kind = Type(kind.name, bare=True)
    if modifiers.get("isVector") or modifiers.get("isBareVector"):
        kind = Type("Vector", bare=bool(modifiers.get("isBareVector")), item=kind)
    return kind


def plain(name: str) -> str:
    """MTProto's own names carry a prefix there."""
    return name.removeprefix("mt_")
