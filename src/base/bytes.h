// base/bytes.h: byte strings, fixed-width integers inside them, and hex.
#pragma once
#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace helio {

using Bytes = std::string;      // Owns bytes; small ones live inside the object.
using View = std::string_view;  // Borrows bytes for the length of a full expression.

static_assert(std::endian::native == std::endian::little, "wire integers are copied as they are");

// Little-endian, as TL and MTProto have them. `from` needs sizeof(T) bytes.
template <std::integral T>
T load_le(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
template <std::integral T>
void store_le(void* to, T value) {
  std::memcpy(to, &value, sizeof value);
}
template <std::integral T>
void append_le(Bytes& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Big-endian, so that keys of a store order as their numbers do (unsigned or non-negative ones).
template <std::integral T>
void append_be(Bytes& to, T value) {
  for (int shift = (sizeof(T) - 1) * 8; shift >= 0; shift -= 8) {
    to.push_back(static_cast<char>(static_cast<std::make_unsigned_t<T>>(value) >> shift));
  }
}
// `from` needs sizeof(T) bytes.
template <std::integral T>
T load_be(const void* from) {
  std::make_unsigned_t<T> value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<std::make_unsigned_t<T>>((value << 8) | static_cast<const unsigned char*>(from)[i]);
  }
  return static_cast<T>(value);
}

std::string to_hex(View bytes);                       // Lower case, two digits a byte.
std::optional<Bytes> from_hex(std::string_view hex);  // Spaces are skipped; nullopt for anything else that is no hex.

}  // namespace helio
