#include "crypto/dh.h"

#include "crypto/dh_group.h"

namespace helio::crypto {
namespace {

constexpr int kMarginBits = 2048 - 64;

// The prime itself: https://core.telegram.org/mtproto/security_guidelines.
constexpr std::string_view kPrimeHex =
    "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f"
    "48198a0aa7c14058229493d22530f4dbfa336f6e0ac925139543aed44cce7c37"
    "20fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64"
    "2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4"
    "a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754"
    "fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4"
    "e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f"
    "0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b";

DhGroup make_group() {
  DhGroup group{.p = to_number(view(dh_prime())),
                .p_minus_1 = to_number(view(dh_prime())),
                .low = new_number(),
                .high = new_number(),
                .montgomery = Owned<BN_MONT_CTX>(BN_MONT_CTX_new())};
  int ok = BN_sub_word(group.p_minus_1.get(), 1);
  ok &= BN_set_bit(group.low.get(), kMarginBits);
  ok &= BN_sub(group.high.get(), group.p.get(), group.low.get());
  ok &= BN_MONT_CTX_set(group.montgomery.get(), group.p.get(), new_context().get());
  ASSERT(ok == 1);
  return group;
}

}  // namespace

const Number256& dh_prime() {
  static const Number256 prime = [] {
    const auto bytes = from_hex(kPrimeHex);
    ASSERT(bytes && bytes->size() == 256);
    return fixed<256>(*bytes);
  }();
  return prime;
}

const DhGroup& dh_group() {
  static const DhGroup group = make_group();
  return group;
}

Number dh_power(const BIGNUM* base, const BIGNUM* exponent, BN_CTX* context) {
  const DhGroup& group = dh_group();
  Number result = new_number();
  const int ok =
      BN_mod_exp_mont_consttime(result.get(), base, exponent, group.p.get(), context, group.montgomery.get());
  ASSERT(ok == 1);
  return result;
}

Number dh_multiply(const BIGNUM* a, const BIGNUM* b, BN_CTX* context) {
  Number result = new_number();
  const int ok = BN_mod_mul(result.get(), a, b, dh_group().p.get(), context);
  ASSERT(ok == 1);
  return result;
}

bool dh_group_is_sound(const Number256& prime, int generator) {
  const auto context = new_context();
  const Number p = to_number(view(prime));
  Number half = new_number();
  ASSERT(BN_rshift1(half.get(), p.get()) == 1);
  // For g = 3 the table of the security guidelines asks for p mod 3 = 2.
  return generator == 3 && BN_num_bits(p.get()) == 2048 && BN_mod_word(p.get(), 3) == 2 &&
         BN_check_prime(p.get(), context.get(), nullptr) == 1 &&
         BN_check_prime(half.get(), context.get(), nullptr) == 1;
}

bool dh_public_is_good(View bytes) {
  if (bytes.size() > 256) return false;
  const Number number = to_number(bytes);
  // The margins lie inside 1 < number < p - 1.
  return BN_cmp(number.get(), dh_group().low.get()) >= 0 && BN_cmp(number.get(), dh_group().high.get()) <= 0;
}

std::optional<DhPair> DhPair::from_secret(View bytes) {
  const Number exponent = to_secret_number(bytes);
  if (BN_num_bits(exponent.get()) > 2048) return std::nullopt;
  const auto context = new_context();
  Number g = new_number();
  ASSERT(BN_set_word(g.get(), kDhGenerator) == 1);
  const Number256 public_number = to_bytes(dh_power(g.get(), exponent.get(), context.get()).get());
  if (!dh_public_is_good(view(public_number))) return std::nullopt;
  return DhPair(to_secret_bytes(exponent.get()), public_number);
}

DhPair DhPair::fresh(Random& random) {
  while (true) {
    Wiped<256> secret;
    random.fill(secret);
    if (auto pair = from_secret(view(secret))) return std::move(*pair);
  }
}

std::optional<Wiped<256>> DhPair::shared(View theirs) const {
  if (!dh_public_is_good(theirs)) return std::nullopt;
  const auto context = new_context();
  const Number base = to_number(theirs), exponent = to_secret_number(view(secret_));
  return to_secret_bytes(dh_power(base.get(), exponent.get(), context.get()).get());
}

}  // namespace helio::crypto
