// tl/slots.h: from a kind of the tables to the C++ type that holds its value.
#pragma once
#include "tl/table.h"

namespace helio::tl {

// Calls visit(std::type_identity<T>) with the type of the slot: T or std::optional<T>; BoxBase for objects. Not for
// flags words (they have no slot) and vectors (their element type is known to VectorOps alone).
template <class Visit>
void with_slot(std::uint8_t kind, Visit&& visit) {
  const bool optional = kind & kOptional;
  const auto either = [&]<class T>(std::type_identity<T>) {
    if (optional) {
      visit(std::type_identity<std::optional<T>>());
    } else {
      visit(std::type_identity<T>());
    }
  };
  switch (static_cast<Kind>(kind & kKindMask)) {
    case Kind::kTrue:
    case Kind::kBool: either(std::type_identity<bool>()); break;
    case Kind::kInt: either(std::type_identity<std::int32_t>()); break;
    case Kind::kLong:
    case Kind::kIntAsLong: either(std::type_identity<std::int64_t>()); break;
    case Kind::kDouble: either(std::type_identity<double>()); break;
    case Kind::kInt128: either(std::type_identity<std::array<char, 16>>()); break;
    case Kind::kInt256: either(std::type_identity<std::array<char, 32>>()); break;
    case Kind::kString:
    case Kind::kBytes: either(std::type_identity<std::string>()); break;
    case Kind::kObject:
    case Kind::kBare:
    case Kind::kQuery: visit(std::type_identity<BoxBase>()); break;
    case Kind::kFlags:
    case Kind::kVector: break;
  }
}

}  // namespace helio::tl
