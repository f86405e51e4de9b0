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

// The same bytes, overwritten where they end and where they are moved away from: for secrets that pass through calls,
// coroutines and mailboxes. A plain Fixed<N> made from one is a copy that somebody else must wipe.
template <std::size_t N>
struct Wiped : Fixed<N> {
  Wiped() noexcept : Fixed<N>{} {}
  explicit Wiped(const Fixed<N>& bytes) noexcept : Fixed<N>(bytes) {}
  Wiped(const Wiped& other) noexcept = default;
  Wiped(Wiped&& other) noexcept : Fixed<N>(other) { wipe(other); }
  Wiped& operator=(const Wiped& other) noexcept = default;
  Wiped& operator=(Wiped&& other) noexcept {
    Fixed<N>::operator=(other);
    if (this != &other) wipe(other);
    return *this;
  }
  ~Wiped() { wipe(*this); }
};

}  // namespace helio::crypto
