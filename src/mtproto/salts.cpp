#include "mtproto/salts.h"

#include "crypto/hmac.h"

namespace helio::mtproto {

Salts::Salt Salts::make(std::int32_t period) const {
  Bytes what;
  append_le(what, auth_key_id_);
  append_le(what, period);
  const auto mac = crypto::hmac_sha256(*secret_, View(what));
  return {period * kPeriod, (period + 2) * kPeriod, load_le<std::int64_t>(mac.data())};
}

const Salts::Salt& Salts::at(std::int32_t period) {
  Salt& salt = recent_[static_cast<std::size_t>(period) % recent_.size()];
  if (salt.since != period * kPeriod || salt.until == 0) salt = make(period);
  return salt;
}

bool Salts::accepts(std::int64_t salt, std::int32_t now) {
  const std::int32_t period = now / kPeriod;
  return at(period).value == salt || at(period - 1).value == salt ||
         (first_.value == salt && first_.since <= now && now < first_.until);
}

}  // namespace helio::mtproto
