"""What schema names are called in C++, and which header holds them."""
from __future__ import annotations

from merge import MTPROTO, RECORDS, Member, Model, Struct
from model import Type

KEYWORDS = set(
    "alignas alignof and asm auto bool break case catch char class concept const constexpr continue default delete do "
    "double else enum explicit export extern false float for friend goto if inline int long mutable namespace new not "
    "nullptr operator or private protected public register requires return short signed sizeof static struct switch "
    "template this throw true try typedef typename union unsigned using virtual void volatile while xor linux unix".split()
)


def escaped(word: str) -> str:
    return word + "_" if word in KEYWORDS else word


def field(member: Member, struct: Struct) -> str:
    """A member may not be called as its struct is."""
    name = escaped(member.name)
    return name + "_" if name in (leaf(struct), "Result", "kId", "clone", "tl_class") else name


def leaf(struct: Struct) -> str:
    name = struct.name.rsplit(".", 1)[-1]
    return escaped(name) if struct.method else name[0].upper() + name[1:]


class Names:
    """Knows which family declares each type."""

    def __init__(self, model: Model):
        self.families = {s.type: s.family for s in reversed(model.structs) if not s.method}
        self.types = {s.name: s.type for s in reversed(model.structs) if not s.method}
        spaced = {self.type_leaf(name) for name in self.families if self.space(self.families[name], name)}
        self.shadowed = {self.type(name) for name in self.families if self.type(name) in spaced}

    def space(self, family: str, name: str) -> str:
        """The namespace inside helio::tl: `messages`, `mt`, `record`, or nothing."""
        return "mt" if family == MTPROTO else ".".join(name.split(".")[:-1])

    def struct(self, struct: Struct) -> str:
        space = self.space(struct.family, struct.name)
        return f"{space}::{leaf(struct)}" if space else leaf(struct)

    def type_leaf(self, name: str) -> str:
        return "Type" + name.rsplit(".", 1)[-1]

    def type(self, name: str) -> str:
        """`messages.Dialogs` -> messages::TypeDialogs."""
        space = self.space(self.families[name], name)
        return f"{space}::{self.type_leaf(name)}" if space else self.type_leaf(name)

    def header(self, family: str, name: str) -> str:
        """Of a type or a method: tl/types/api/messages/Dialogs.h. Records drop their own `record.`."""
        if family == RECORDS:
            name = name.removeprefix("record.")
        return f"tl/types/{family}/{name.replace('.', '/')}.h"

    def boxed(self, type: Type) -> str:
        """A bare constructor lives in a box of its type: future_salt in Box<TypeFutureSalt>."""
        return self.types[type.name] if type.bare else type.name

    def value(self, type: Type) -> str:
        """The C++ type of a value that is there."""
        if type.item:
            return f"std::vector<{self.value(type.item)}>"
        scalars = {
            "int": "std::int32_t", "long": "std::int64_t", "double": "double", "string": "std::string",
            "bytes": "std::string", "int128": "std::array<char, 16>", "int256": "std::array<char, 32>",
            "Bool": "bool", "true": "bool", "!": "Box<Object>", "Error": "Box<Object>",
        }
        if type.name in scalars:
            return scalars[type.name]
        boxed = self.type(self.boxed(type))
        # Inside `account`, TypeThemes alone would be account::TypeThemes.
        return f"Box<tl::{boxed}>" if boxed in self.shadowed else f"Box<{boxed}>"

    def slot(self, member: Member) -> str:
        value = self.value(member.type)
        return f"std::optional<{value}>" if in_optional(member) else value


def in_optional(member: Member) -> bool:
    """Boxes are their own optional: null is absent."""
    return member.optional and (bool(member.type.item) or member.type.name in SCALARS)


SCALARS = {"int", "long", "double", "string", "bytes", "int128", "int256", "Bool", "true"}
