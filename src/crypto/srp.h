// crypto/srp.h: proving knowledge of the two-step password without sending it: SRP-6a as Telegram varies it.
//
// Group:   the prime and generator of crypto/dh.h. All numbers are 256 bytes, big-endian, leading zeros kept.
// Secret:  the verifier v is worth as much as a password hash: it is stored encrypted and never logged.
// Time:    the server's side is two exponentiations (milliseconds); whatever knows the password also runs PBKDF2 with
//          100,000 rounds (50 ms). Neither belongs on a network thread.
// Threads: any, except as Random says.
// Source:  https://core.telegram.org/api/srp.
#pragma once
#include <optional>

#include "crypto/dh.h"
#include "crypto/sha.h"

namespace helio::crypto {

// passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow, without p and g, which are dh.h's.
struct SrpSalts {
  Bytes salt1;
  Bytes salt2;
};

// The server's side of one attempt: made for account.getPassword, used for one account.checkPassword, then dropped.
class SrpChallenge {
 public:
  static SrpChallenge fresh(const Number256& verifier, Random& random);
  // With a given secret b, for known answers in tests. nullopt when g^b or B is not good.
  static std::optional<SrpChallenge> from_secret(const Number256& verifier, View secret);

  // srp_B: k * v + g^b mod p. Good as dh_public_is_good() says, since clients check that.
  const Number256& B() const { return b_public_; }

  // Whether `m1` proves the password. Refuses A that is too long, 0, 1, p - 1 or not below p, and u = 0.
  bool check(View a_public, View m1, const SrpSalts& salts) const;

 private:
  SrpChallenge(const Number256& verifier, DhPair pair, const Number256& b_public)
      : verifier_(verifier), pair_(std::move(pair)), b_public_(b_public) {}

  Number256 verifier_;
  DhPair pair_;
  Number256 b_public_;
};

// What a client may send as a new password: v in 2..p-2 in at most 256 bytes, and the server's salt1 with exactly 32
// bytes of the client's own added.
bool srp_verifier_is_good(View verifier);
bool srp_new_salt_is_good(View server_salt1, View new_salt1);

// The client's side: for the server's own tools, for tests and for load drivers.
Number256 srp_verifier(View password, const SrpSalts& salts);
struct SrpAnswer {
  Number256 A{};
  Sha256 m1{};
};
// nullopt when the server's B is not good.
std::optional<SrpAnswer> srp_answer(View password, const SrpSalts& salts, View b_public, Random& random);
std::optional<SrpAnswer> srp_answer(View password, const SrpSalts& salts, View b_public, const DhPair& pair);

}  // namespace helio::crypto
