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

// p and (p - 1) / 2 are prime, and 3 generates the subgroup of that order. Some 50 ms; a server asks once at start.
bool dh_group_is_sound();

// 1 < number < p - 1 and 2^1984 <= number <= p - 2^1984, written in at most 256 bytes.
bool dh_public_is_good(View number);

// One side of one exchange. The secret is wiped at the end.
class DhPair {
 public:
  // A fresh secret of 2048 bits whose public number is good.
  static DhPair fresh(Random& random);
  // nullopt when the public number is not good.
  static std::optional<DhPair> from_secret(View secret);

  DhPair(DhPair&& other) noexcept : secret_(other.secret_), public_(other.public_) { wipe(other.secret_); }
  DhPair& operator=(DhPair&& other) noexcept {
    std::swap(secret_, other.secret_);
    std::swap(public_, other.public_);
    return *this;
  }
  ~DhPair() { wipe(secret_); }

  const Number256& secret() const { return secret_; }
  const Number256& public_number() const { return public_; }  // g^secret mod p.

  // theirs^secret mod p: the auth_key. nullopt when dh_public_is_good(theirs) does not hold.
  std::optional<Number256> shared(View theirs) const;

 private:
  DhPair(const Number256& secret, const Number256& public_number) : secret_(secret), public_(public_number) {}

  Number256 secret_;
  Number256 public_;
};

}  // namespace helio::crypto
