// crypto/hmac.h: HMAC-SHA256 (RFC 2104) of one or more parts laid end to end.
#pragma once
#include "crypto/sha.h"

namespace helio::crypto {

// At most seven parts.
Sha256 hmac_sha256_of(View key, std::span<const View> parts);

template <class Key, class... Parts>
Sha256 hmac_sha256(const Key& key, const Parts&... parts) {
  return hmac_sha256_of(view(key), std::array<View, sizeof...(Parts)>{view(parts)...});
}

}  // namespace helio::crypto
