// crypto/fixed.h: byte strings whose length is part of their type: keys, nonces, hashes, 2048-bit numbers.
#pragma once
#include <array>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/secret.h"

namespace helio::crypto {

template <std::size_t N>
using Fixed = std::array<char, N>;  // As TL's int128 and int256 are.

using Number256 = Fixed<256>;  // A number below 2^2048: big-endian, with leading zeros.

// Anything made of bytes, as bytes.
inline View view(View bytes) {
  return bytes;
}
template <std::size_t N>
View view(const Fixed<N>& bytes) {
  return {bytes.data(), N};
}

// The first N bytes of `bytes`, which has at least as many.
template <std::size_t N>
Fixed<N> fixed(View bytes) {
  ASSERT(bytes.size() >= N);
  Fixed<N> result;
  std::memcpy(result.data(), bytes.data(), N);
  return result;
}

// Overwrites what a compiler would leave behind.
using helio::wipe;
template <std::size_t N>
void wipe(Fixed<N>& bytes) {
  explicit_bzero(bytes.data(), N);
}

}  // namespace helio::crypto
