"""tables_NN.cpp: what each struct is made of, form by form; vectors.cpp, types.cpp, index.cpp: what tables point to."""
from __future__ import annotations

import zlib

from emit_headers import FIRST_LINE, boxed_types, forward
from merge import API, FOREVER, MTPROTO, RECORDS, STORED, Member, Model, Struct, Variant, ranges
from model import Field, Type
from names import SCALARS, Names, field, in_optional, leaf

PARTS = 24  # Files of about 110 structs each; a type stays in its file when others come and go.
FAMILIES = {API: "Family::kApi", MTPROTO: "Family::kMtproto", RECORDS: "Family::kRecords"}
KINDS = {
    "#": "kFlags", "true": "kTrue", "Bool": "kBool", "int": "kInt", "long": "kLong", "double": "kDouble",
    "int128": "kInt128", "int256": "kInt256", "string": "kString", "bytes": "kBytes", "!": "kQuery",
}
MINIMUM = {"kLong": 8, "kDouble": 8, "kInt128": 16, "kInt256": 32, "kTrue": 0}


class Tables:
    def __init__(self, model: Model, names: Names, old_forms: set[tuple[str, bool, str]]):
        self.model, self.names, self.old_forms = model, names, old_forms
        self.types = sorted(model.constructors())
        self.type_index = {name: i for i, name in enumerate(self.types)}
        self.vectors: dict[tuple, int] = {}
        self.bare: list[Struct] = []

    # --- rows ---

    def kind(self, type: Type, member: Type) -> str:
        if type.item:
            return "kVector"
        if type.name == "int" and member.name == "long":
            return "kIntAsLong"
        return KINDS.get(type.name) or ("kBare" if type.bare else "kObject")

    def aux(self, type: Type, member: Type, optional: bool) -> int:
        if type.item:
            return self.vector(type, member, optional)
        if self.kind(type, member) == "kBare":
            return self.bare_class(type.name)
        return self.type_index.get(type.name, 0)

    def vector(self, type: Type, member: Type, optional: bool) -> int:
        item = self.kind(type.item, member.item)
        aux = self.aux(type.item, member.item, False)
        key = (self.names.value(member.item), optional, item, type.bare, aux, self.minimum(type.item, item))
        return self.vectors.setdefault(key, len(self.vectors))

    def bare_class(self, name: str) -> int:
        struct = self.model.struct(name)
        if struct not in self.bare:
            self.bare.append(struct)
        return self.bare.index(struct)

    def minimum(self, type: Type, kind: str) -> int:
        if kind == "kBare":
            definition = self.model.struct(type.name).variants[0].definition
            return sum(self.minimum(f.type, self.kind(f.type, f.type)) for f in definition.fields if not f.flags)
        return MINIMUM.get(kind, 4)

    def row(self, struct: Struct, variant: Variant, f: Field, member: Member | None, words: list[str]) -> str:
        name = self.names.struct(struct)
        if member is None:
            bits = sum({1 << g.bit: 0 for g, _ in variant.fields if g.flags == f.name})
            return f"    {{{code('kFlags')}, {words.index(f.name)}, 0, 0x{bits:x}}},\n"
        flag = f"{words.index(f.flags) * 32 + f.bit}" if f.flags else "kAlways"
        old = (struct.name, struct.method, member.name) in self.old_forms
        kind = code(self.kind(f.type, member.type), may_be_absent(member), old)
        aux = self.aux(f.type, member.type, in_optional(member))
        return f"    {{{kind}, {flag}, offsetof({name}, {field(member, struct)}), {aux}}},\n"

    # --- files ---

    def part(self, structs: list[Struct]) -> str:
        names = self.names
        includes = {names.header(s.family, s.name if s.method else s.type) for s in structs}
        lines = [FIRST_LINE, "#include <cstddef>\n\n", '#include "tl/table.h"\n']
        lines += [f'#include "{i}"\n' for i in sorted(includes)]
        # The structs are polymorphic, but have one base each and no virtual one: their offsets are plain numbers.
        lines.append('\n#pragma GCC diagnostic ignored "-Winvalid-offsetof"\n\nnamespace helio::tl {\nnamespace {\n\n')
        lines += [self.rows(s) for s in structs]
        lines.append("}  // namespace\n\n")
        lines += [self.descriptor(s) for s in structs]
        lines.append("}  // namespace helio::tl\n")
        return "".join(lines)

    def rows(self, struct: Struct) -> str:
        text, name = "", mangled(struct)
        for number, variant in enumerate(struct.variants):
            words = [f.name for f, m in variant.fields if m is None]
            rows = "".join(self.row(struct, variant, f, m, words) for f, m in values_first(variant))
            if rows:
                text += f"// {variant.definition}\nconstexpr Field f{number}_{name}[] = {{\n{rows}}};\n"
        members = ""
        for m in struct.members:
            old = (struct.name, struct.method, m.name) in self.old_forms
            kind = code(self.kind(m.type, m.type), may_be_absent(m), old)
            members += (
                f'    {{"{m.name}", {kind}, offsetof({self.names.struct(struct)}, '
                f"{field(m, struct)}), {self.aux(m.type, m.type, in_optional(m))}}},\n"
            )
        if members:
            text += f"constexpr Member m_{name}[] = {{\n{members}}};\n"
        return text + "\n"

    def descriptor(self, struct: Struct) -> str:
        name, cpp = mangled(struct), self.names.struct(struct)
        short = cpp.rsplit("::", 1)[-1]
        lines, count, index = "", 0, {}
        for number, variant in enumerate(struct.variants):
            spans = ranges(variant, self.model.layers) or [(1, 0)]
            if variant_is_decoded(self.model, variant):
                index[variant.definition.id] = count
            words = sum(m is None for _, m in variant.fields)
            values = sum(not is_flag(f) for f, _ in variant.fields)
            old = any(m and (struct.name, struct.method, m.name) in self.old_forms for _, m in variant.fields)
            for first, last in spans:
                fields = f"f{number}_{name}" if variant.fields else "nullptr"
                lines += (
                    f"    {{0x{variant.definition.id:08x}, {first}, {last}, &c_{name}, {fields}, "
                    f"{values}, {len(variant.fields)}, {words}, {flag(STORED in variant.layers)}, {flag(old)}}},\n"
                )
                count += 1
        struct.decoded = index
        hooked = any((struct.name, struct.method, m.name) in self.old_forms for m in struct.members)
        hooks = f"upgrade_{name}, downgrade_{name}" if hooked else "nullptr, nullptr"
        type = "kMethod" if struct.method else self.type_index[struct.type]
        members = f"m_{name}" if struct.members else "std::span<const Member>()"
        text = f"extern const Variant v_{name}[];\nextern const Class c_{name};\n"
        if hooked:
            text += f"void upgrade_{name}(Object& object);\nbool downgrade_{name}(const Object& from, Object* to);\n"
        text += f"const Variant v_{name}[] = {{\n{lines}}};\n"
        text += (
            f'const Class c_{name}{{"{struct.name}", 0x{struct.id:08x}, {type}, {FAMILIES[struct.family]}, create<{cpp}>,\n'
            f"    {{v_{name}, {count}}}, {members}, {hooks}}};\n"
        )
        text += f"{cpp}::{short}() = default;\n{cpp}::~{short}() = default;\n"
        text += f"const Class& {cpp}::tl_class() const noexcept {{ return c_{name}; }}\n\n"
        return text

    def vectors_file(self) -> str:
        used = {t for s in self.model.structs for m in s.members for t in boxed_types(m.type, self.names)}
        lines = [FIRST_LINE, '#include "tl/table.h"\n\n', forward(used), "namespace helio::tl {\n\n"]
        lines.append("extern const Vector kVectors[] = {\n")
        for cpp, optional, item, bare, aux, least in self.vectors:
            ops = "kOptionalVectorOps" if optional else "kVectorOps"
            lines.append(f"    {{Kind::{item}, {flag(bare)}, {aux}, {least}, &{ops}<{cpp}>}},\n")
        lines.append("    {}};\n\n")
        lines += [f"extern const Class c_{mangled(s)};\n" for s in self.bare]
        lines.append("extern const Class* const kBareClasses[] = {" + "".join(f"&c_{mangled(s)}, " for s in self.bare))
        lines.append("nullptr};\n\n}  // namespace helio::tl\n")
        return "".join(lines)

    def types_file(self, fallbacks: dict[str, str], empties: dict[str, str]) -> str:
        """`fallbacks`: type -> "drop" or a constructor; `empties`: type -> a constructor."""
        lines = [FIRST_LINE, '#include "tl/table.h"\n\nnamespace helio::tl {\n\n']
        used = sorted({n for n in [*fallbacks.values(), *empties.values()] if n != "drop"})
        lines += [f"extern const Class c_{mangled(self.model.struct(n))};\n" for n in used]
        lines.append("\nextern const Type kTypes[] = {\n")
        for type in self.types:
            rule = fallbacks.get(type)
            kind = {"drop": "kDrop", None: "kNone"}.get(rule, "kConstructor")
            constructor = f"&c_{mangled(self.model.struct(rule))}" if kind == "kConstructor" else "nullptr"
            empty = f"&c_{mangled(self.model.struct(empties[type]))}" if type in empties else "nullptr"
            lines.append(f'    {{"{type}", Fallback::{kind}, {constructor}, {empty}}},\n')
        lines.append("};\n\n}  // namespace helio::tl\n")
        return "".join(lines)

    def index_file(self) -> str:
        """id -> form, by open addressing; and the list of layers."""
        size = 1 << (len(self.model.by_id) * 2 - 1).bit_length()
        slots: list[str | None] = [None] * size
        for number, (struct, _) in sorted(self.model.by_id.items()):
            at = (number * 0x9E3779B1 & 0xFFFFFFFF) >> (32 - size.bit_length() + 1)
            while slots[at]:
                at = (at + 1) % size
            slots[at] = f"    {{0x{number:08x}, &v_{mangled(struct)}[{struct.decoded[number]}]}},\n"
        lines = [FIRST_LINE, '#include "tl/index.h"\n#include "tl/layers.h"\n\nnamespace helio::tl {\n\n']
        structs = sorted(self.model.structs, key=mangled)
        lines += [f"extern const Variant v_{mangled(s)}[];\nextern const Class c_{mangled(s)};\n" for s in structs]
        lines.append(f"\nextern const int kIndexBits = {size.bit_length() - 1};\nextern const IndexSlot kIndex[] = {{\n")
        lines += [s or "    {0, nullptr},\n" for s in slots]
        lines.append("};\n\nextern const Class* const kClasses[] = {\n")
        lines += [f"    &c_{mangled(s)},\n" for s in structs]
        lines.append(f"}};\nextern const int kClassCount = {len(structs)};\n\n")
        lines.append(f"extern const int kLayers[] = {{{', '.join(map(str, self.model.layers))}}};\n")
        lines.append(f"extern const int kLayerCount = {len(self.model.layers)};\n")
        lines.append(f"extern const Layer kNewestLayer{{{self.model.layers[-1]}}};\n\n}}  // namespace helio::tl\n")
        return "".join(lines)

    def files(self, fallbacks: dict[str, str], empties: dict[str, str]) -> dict[str, str]:
        parts: list[list[Struct]] = [[] for _ in range(PARTS)]
        for struct in sorted(self.model.structs, key=mangled):
            parts[zlib.crc32((struct.type or struct.name).encode()) % PARTS].append(struct)
        files = {f"tl/tables/tables_{i:02}.cpp": self.part(structs) for i, structs in enumerate(parts)}
        files["tl/tables/vectors.cpp"] = self.vectors_file()
        files["tl/tables/types.cpp"] = self.types_file(fallbacks, empties)
        files["tl/tables/index.cpp"] = self.index_file()
        return files


def is_flag(f: Field) -> bool:
    return f.type.name == "true" and f.flags is not None


def values_first(variant: Variant) -> list[tuple[Field, Member | None]]:
    """Fields in wire order; then flags that are nothing but a bit, which take no bytes wherever they stand."""
    return sorted(variant.fields, key=lambda pair: is_flag(pair[0]))


def may_be_absent(member: Member) -> bool:
    """Held in std::optional, or a box that may be null without being a bug."""
    if member.type.item or member.type.name in SCALARS:
        return in_optional(member)
    return member.optional or member.last_layer > 0


def variant_is_decoded(model: Model, variant: Variant) -> bool:
    return model.by_id[variant.definition.id][1] == variant.definition


def mangled(struct: Struct) -> str:
    space = {MTPROTO: "mt_"}.get(struct.family, "")
    return space + "_".join([*struct.name.split(".")[:-1], leaf(struct)])


def code(kind: str, optional: bool = False, old: bool = False) -> str:
    bits = "".join([" | kOptional"] * optional + [" | kOldForm"] * old)
    value = f"std::uint8_t(Kind::{kind})"
    return f"std::uint8_t(std::uint8_t(Kind::{kind}){bits})" if bits else value


def flag(value: bool) -> str:
    return "true" if value else "false"
