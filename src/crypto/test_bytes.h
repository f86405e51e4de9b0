// crypto/test_bytes.h: test data from hex.
#pragma once
#include "crypto/fixed.h"

namespace helio::crypto {

inline Bytes hex(std::string_view digits) {
  auto bytes = from_hex(digits);
  ASSERT(bytes);
  return std::move(*bytes);
}

// Exactly N bytes, or fewer with zeros before them: a number.
template <std::size_t N>
Fixed<N> hex_fixed(std::string_view digits) {
  const Bytes bytes = hex(digits);
  ASSERT(bytes.size() <= N);
  Fixed<N> padded{};
  std::memcpy(padded.data() + N - bytes.size(), bytes.data(), bytes.size());
  return padded;
}

template <class T>
std::string hex_of(const T& bytes) {
  return to_hex(view(bytes));
}

}  // namespace helio::crypto
