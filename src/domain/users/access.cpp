#include "domain/users/access.h"

#include "crypto/hmac.h"

namespace helio::domain {

std::int64_t AccessHashes::of(UserId viewer, PeerId peer) const {
  Bytes what = "access";
  append_le(what, viewer.value);
  append_le(what, static_cast<std::uint8_t>(peer.kind));
  append_le(what, peer.id);
  const auto mac = crypto::hmac_sha256(key_.reveal(), what);
  return load_le<std::int64_t>(mac.data());
}

}  // namespace helio::domain
