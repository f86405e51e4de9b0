"""tl/errors.h: the names of API errors, from the newest package's error data and schema/errors.tsv."""
from __future__ import annotations

import json
import re

from emit_headers import FIRST_LINE
from sources import SCHEMA


def emit(raw: str) -> dict[str, str]:
    packaged = json.loads(raw)["errors"].items()
    errors = {name: (entry["code"], entry.get("description") or "") for name, entry in packaged}
    for line in (SCHEMA / "errors.tsv").read_text().splitlines()[1:]:
        code, name, meaning = line.split("\t")
        errors[name] = (int(code), meaning)
    lines = [
        FIRST_LINE,
        '#pragma once\n#include "base/result.h"\n\n',
        "// What a client reads in rpc_error. Names that end in '_' are completed by the argument.\n",
        "namespace helio::error {\n\n",
    ]
    for name, (code, meaning) in sorted(errors.items()):
        lines.append(line_of(name, code, " ".join(meaning.split()), errors))
    lines.append("\n}  // namespace helio::error\n")
    return {"tl/errors.h": "".join(lines)}


def line_of(name: str, code: int, meaning: str, others: dict) -> str:
    prefix, number, rest = name.partition("%d")
    if not re.fullmatch(r"[A-Z]\w*", prefix) or rest:
        return ""  # A number in the middle of the name: none that we send.
    if not number:
        return f'inline constexpr Error {name}{{{code}, "{name}"}};  // {meaning}\n'
    call = prefix.rstrip("_")
    call += "_" if call in others else ""  # AUTH_RESTART and AUTH_RESTART_%d are two.
    return f'constexpr Error {call}(int value) {{ return {{{code}, "{prefix}", value}}; }}  // {meaning}\n'
