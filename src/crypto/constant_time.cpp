#include "crypto/constant_time.h"

#include <openssl/crypto.h>

namespace helio::crypto {

std::uint32_t equal_mask(View a, View b) {
  if (a.size() != b.size()) return 0;
  const auto differs = static_cast<std::uint32_t>(CRYPTO_memcmp(a.data(), b.data(), a.size()));
  return ((differs | (0 - differs)) >> 31) - 1;
}

bool equal_constant_time(View a, View b) {
  return equal_mask(a, b) != 0;
}

}  // namespace helio::crypto
