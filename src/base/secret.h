// base/secret.h: values that no log, stream or message may show.
#pragma once
#include <cstring>
#include <utility>

#include "base/bytes.h"

namespace helio {

// Holds a key, code, token or password. It does not print and does not convert: reveal() is where a reviewer looks.
template <class T>
class Secret {
 public:
  Secret() = default;
  explicit Secret(T value) : value_(std::move(value)) {}
  const T& reveal() const { return value_; }

 private:
  T value_{};
};

// Overwrites what a compiler would leave behind.
inline void wipe(Bytes& bytes) {
  explicit_bzero(bytes.data(), bytes.size());
  bytes.clear();
}

}  // namespace helio
