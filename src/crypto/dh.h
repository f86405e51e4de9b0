// crypto/dh.h: Diffie-Hellman over the 2048-bit prime that Telegram publishes, with g = 3.
//
// Clients know this prime and skip their slow test of it. g = 2 would be refused, since p mod 8 = 3.
// Numbers are 256 bytes, big-endian, leading zeros kept: an auth_key with a zero in front (one in 256) is hashed with
// it. Time:    about 2 ms for each exponentiation, which is constant-time: not on a network thread. Fresh pairs may be
// made ahead. Threads: any, except as Random says. Source:  https://core.telegram.org/mtproto/auth_key,
// /mtproto/security_guidelines.
#pragma once
#include <optional>
#include <utility>

#include "base/random.h"
#include "crypto/fixed.h"

namespace helio::crypto {

inline constexpr int kDhGenerator = 3;
const Number256& dh_prime();

// Whether `prime` has 2048 bits, it and (prime - 1) / 2 are prime, and `generator` is 3 and generates the subgroup of
// that order. Some 50 ms; a server asks once at start about its own.
bool dh_group_is_sound(const Number256& prime = dh_prime(), int generator = kDhGenerator);

// 1 < number < p - 1 and 2^1984 <= number <= p - 2^1984, written in at most 256 bytes.
bool dh_public_is_good(View number);

// One side of one exchange. The secret is wiped at the end.
class DhPair {
 public:
  // A fresh secret of 2048 bits whose public number is good.
  static DhPair fresh(Random& random);
  // nullopt when the public number is not good.
  static std::optional<DhPair> from_secret(View secret);

  DhPair(DhPair&&) noexcept = default;
  DhPair& operator=(DhPair&&) noexcept = default;

  const Number256& secret() const { return secret_; }
  const Number256& public_number() const { return public_; }  // g^secret mod p.

  // theirs^secret mod p: the auth_key. nullopt when dh_public_is_good(theirs) does not hold.
  std::optional<Wiped<256>> shared(View theirs) const;

 private:
  DhPair(Wiped<256> secret, const Number256& public_number) : secret_(std::move(secret)), public_(public_number) {}

  Wiped<256> secret_;
  Number256 public_;
};

}  // namespace helio::crypto
