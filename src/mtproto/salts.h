// mtproto/salts.h: the salts of one auth key: a new one each half hour, valid for an hour.
//
// Nothing is stored: a salt is a part of the SHA-256 of a secret made at every start of the server, the key's id and
// the half hour; one hash has the salts of four half hours. So each restart voids all salts, and a frame that was
// recorded before it runs into bad_server_salt (docs/security.md C07). Source:
// https://core.telegram.org/mtproto/description#server-salt
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "crypto/fixed.h"

namespace helio::mtproto {

using SaltSecret = crypto::Fixed<32>;

class Salts {
 public:
  static constexpr std::int32_t kPeriod = 1800;  // Seconds.

  struct Salt {
    std::int32_t since = 0, until = 0;  // Unixtime; valid while since <= now < until.
    std::int64_t value = 0;
  };

  Salts(const SaltSecret& secret, std::int64_t auth_key_id) : secret_(&secret), auth_key_id_(auth_key_id) {}

  // The salt that the key exchange gave; it lasts as long as any other.
  void add_first(std::int64_t value, std::int32_t now) { first_ = {now, now + 2 * kPeriod, value}; }

  std::int64_t current(std::int32_t now) { return at(now / kPeriod).value; }
  bool accepts(std::int64_t salt, std::int32_t now);
  // The present salt and those that follow.
  std::vector<Salt> future(std::int32_t now, int count) const;

 private:
  using Group = std::array<Salt, 4>;
  Group make(std::int32_t group) const;
  const Salt& at(std::int32_t period);

  const SaltSecret* secret_;  // Lives as long as the server.
  std::int64_t auth_key_id_;
  Salt first_;
  std::array<Salt, 2> recent_;  // By period modulo 2: made once a half hour, not once a message.
};

}  // namespace helio::mtproto
