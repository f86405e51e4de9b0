// crypto/sha.h: SHA-1, SHA-256 and SHA-512 of one or more parts laid end to end, SHA-256 of long files, and PBKDF2.
//
// Made for short messages: sha256(msg_key, part_of_key) copies nothing and allocates nothing after a thread's first
// call. SHA-1 is here because MTProto names things with it; nothing of ours relies on it against collisions. Threads:
// any.
#pragma once
#include <memory>
#include <span>

#include "crypto/fixed.h"

struct evp_md_ctx_st;

namespace helio::crypto {

using Sha1 = Fixed<20>;
using Sha256 = Fixed<32>;
using Sha512 = Fixed<64>;

Sha1 sha1_of(std::span<const View> parts);
Sha256 sha256_of(std::span<const View> parts);
Sha512 sha512_of(std::span<const View> parts);

template <class... Parts>
Sha1 sha1(const Parts&... parts) {
  return sha1_of(std::array<View, sizeof...(Parts)>{view(parts)...});
}
template <class... Parts>
Sha256 sha256(const Parts&... parts) {
  return sha256_of(std::array<View, sizeof...(Parts)>{view(parts)...});
}
template <class... Parts>
Sha512 sha512(const Parts&... parts) {
  return sha512_of(std::array<View, sizeof...(Parts)>{view(parts)...});
}

// SHA-256 of what comes piece by piece: for files that no memory holds whole. One thread at a time.
class Sha256Pieces {
 public:
  Sha256Pieces();
  void add(View piece);
  Sha256 finish();  // Of everything added since the last finish().

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// PBKDF2 with HMAC-SHA512 (RFC 8018). 100,000 rounds take about 50 ms: not on a network thread.
Sha512 pbkdf2_sha512(View password, View salt, int rounds);

}  // namespace helio::crypto
