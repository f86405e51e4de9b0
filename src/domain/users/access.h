// domain/users/access.h: access hashes: proof that the viewer was shown a peer.
//
// Derived, never stored: the first 8 bytes of HMAC-SHA256(secret, viewer, kind, id). Useless to another account.
// Source: https://core.telegram.org/api/peers
#pragma once
#include "base/secret.h"
#include "domain/box/ids.h"

namespace helio::domain {

class AccessHashes {
 public:
  explicit AccessHashes(Secret<Bytes> key) : key_(std::move(key)) {}

  std::int64_t of(UserId viewer, PeerId peer) const;
  bool right(UserId viewer, PeerId peer, std::int64_t access_hash) const { return of(viewer, peer) == access_hash; }

 private:
  Secret<Bytes> key_;
};

}  // namespace helio::domain
