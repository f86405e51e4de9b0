#include "crypto/srp.h"

#include "crypto/constant_time.h"
#include "crypto/dh_group.h"

namespace helio::crypto {
namespace {

constexpr int kRounds = 100'000;  // Fixed by the clients.

Number256 pad(View number) {
  Number256 padded{};
  ASSERT(number.size() <= padded.size());
  std::memcpy(padded.data() + padded.size() - number.size(), number.data(), number.size());
  return padded;
}

Number256 generator() {
  const char g = kDhGenerator;
  return pad(View(&g, 1));
}

// k = H(p | g).
Number multiplier() {
  return to_number(view(sha256(dh_prime(), generator())));
}

// u = H(A | B).
Sha256 scrambler(const Number256& a_public, const Number256& b_public) {
  return sha256(a_public, b_public);
}

Sha256 proof(const SrpSalts& salts, const Number256& a_public, const Number256& b_public, const Number256& shared) {
  Sha256 group = sha256(dh_prime());
  const Sha256 g_hash = sha256(generator());
  for (std::size_t i = 0; i < group.size(); ++i) group[i] = static_cast<char>(group[i] ^ g_hash[i]);
  return sha256(group, sha256(salts.salt1), sha256(salts.salt2), a_public, b_public, sha256(shared));
}

// x = SH(PBKDF2(SH(SH(password, salt1), salt2), salt1), salt2) with SH(data, salt) = H(salt | data | salt).
Number password_number(View password, const SrpSalts& salts) {
  const auto salted = [](View data, View salt) { return sha256(salt, data, salt); };
  const Sha256 once = salted(view(salted(password, salts.salt1)), salts.salt2);
  const Sha512 slow = pbkdf2_sha512(view(once), salts.salt1, kRounds);
  return to_secret_number(view(salted(view(slow), salts.salt2)));
}

}  // namespace

SrpChallenge SrpChallenge::fresh(const Number256& verifier, Random& random) {
  while (true) {
    Number256 secret;
    random.fill(secret);
    auto challenge = from_secret(verifier, view(secret));
    wipe(secret);
    if (challenge) return std::move(*challenge);
  }
}

std::optional<SrpChallenge> SrpChallenge::from_secret(const Number256& verifier, View secret) {
  auto pair = DhPair::from_secret(secret);
  if (!pair) return std::nullopt;
  const auto context = new_context();
  const Number v = to_secret_number(view(verifier));
  const Number kv = dh_multiply(multiplier().get(), v.get(), context.get());
  const Number g_b = to_number(view(pair->public_number()));
  Number b_public = new_number();
  const int ok = BN_mod_add(b_public.get(), kv.get(), g_b.get(), dh_group().p.get(), context.get());
  ASSERT(ok == 1);
  const Number256 bytes = to_bytes(b_public.get());
  if (!dh_public_is_good(view(bytes))) return std::nullopt;
  return SrpChallenge(verifier, std::move(*pair), bytes);
}

bool SrpChallenge::check(View a_bytes, View m1, const SrpSalts& salts) const {
  if (a_bytes.size() > 256 || m1.size() != std::tuple_size_v<Sha256>) return false;
  const Number a = to_number(a_bytes);
  if (BN_is_zero(a.get()) || BN_is_one(a.get()) || BN_cmp(a.get(), dh_group().p_minus_1.get()) >= 0) return false;
  const Number256 a_public = to_bytes(a.get());
  const Number u = to_number(view(scrambler(a_public, b_public_)));
  if (BN_is_zero(u.get())) return false;

  // S = (A * v^u)^b.
  const auto context = new_context();
  const Number v = to_secret_number(view(verifier_)), b = to_secret_number(view(pair_.secret()));
  const Number v_u = dh_power(v.get(), u.get(), context.get());
  const Number base = dh_multiply(a.get(), v_u.get(), context.get());
  Number256 shared = to_bytes(dh_power(base.get(), b.get(), context.get()).get());
  const Sha256 expected = proof(salts, a_public, b_public_, shared);
  wipe(shared);
  return equal_constant_time(view(expected), m1);
}

bool srp_verifier_is_good(View verifier) {
  if (verifier.size() > 256) return false;
  const Number v = to_number(verifier);
  return !BN_is_zero(v.get()) && !BN_is_one(v.get()) && BN_cmp(v.get(), dh_group().p_minus_1.get()) < 0;
}

bool srp_new_salt_is_good(View server_salt1, View new_salt1) {
  return new_salt1.starts_with(server_salt1) && new_salt1.size() == server_salt1.size() + 32;
}

Number256 srp_verifier(View password, const SrpSalts& salts) {
  Number g = new_number();
  ASSERT(BN_set_word(g.get(), kDhGenerator) == 1);
  return to_bytes(dh_power(g.get(), password_number(password, salts).get(), new_context().get()).get());
}

std::optional<SrpAnswer> srp_answer(View password, const SrpSalts& salts, View b_public, Random& random) {
  return srp_answer(password, salts, b_public, DhPair::fresh(random));
}

std::optional<SrpAnswer> srp_answer(View password, const SrpSalts& salts, View b_public, const DhPair& pair) {
  if (!dh_public_is_good(b_public)) return std::nullopt;
  const Number256 b_bytes = pad(b_public);
  const Number u = to_number(view(scrambler(pair.public_number(), b_bytes)));
  if (BN_is_zero(u.get())) return std::nullopt;

  // S = (B - k * g^x)^(a + u * x).
  const auto context = new_context();
  const Number x = password_number(password, salts);
  Number g = new_number();
  ASSERT(BN_set_word(g.get(), kDhGenerator) == 1);
  const Number v = dh_power(g.get(), x.get(), context.get());
  const Number kv = dh_multiply(multiplier().get(), v.get(), context.get());
  Number base = new_number(), exponent = new_number();
  BN_set_flags(exponent.get(), BN_FLG_CONSTTIME);
  int ok = BN_mod_sub(base.get(), to_number(b_public).get(), kv.get(), dh_group().p.get(), context.get());
  ok &= BN_mul(exponent.get(), u.get(), x.get(), context.get());
  ok &= BN_add(exponent.get(), exponent.get(), to_secret_number(view(pair.secret())).get());
  ASSERT(ok == 1);
  Number256 shared = to_bytes(dh_power(base.get(), exponent.get(), context.get()).get());
  const SrpAnswer answer{.A = pair.public_number(), .m1 = proof(salts, pair.public_number(), b_bytes, shared)};
  wipe(shared);
  return answer;
}

}  // namespace helio::crypto
