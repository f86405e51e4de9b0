#include "crypto/srp.h"

#include <gtest/gtest.h>

#include "crypto/dh_group.h"
#include "crypto/test_bytes.h"

namespace helio::crypto {
namespace {

constexpr View kPassword = "пароль pass";
const SrpSalts kSalts{.salt1 = hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627"),
                      .salt2 = hex("808182838485868788898a8b8c8d8e8f")};
const Bytes kA = hex("d5cb20681994539d132afe9e4d8dcc9fa444fd0324e7bc08f8136fb280ae7fa9");
const Bytes kB = hex("7169019169f291718d1c95d59b5b90e6dbdcf0616634df5585564d776fad3dd3");

const Number256& verifier() {
  static const Number256 v = srp_verifier(kPassword, kSalts);  // 50 ms: once is enough.
  return v;
}

// Expected values from the formulas of https://core.telegram.org/api/srp, written with Python's hashlib and pow(), and
// found equal to what an independent client computes.
TEST(Srp, KnownAnswers) {
  EXPECT_EQ(hex_of(sha256(verifier())), "4563ad54512c9e2208b598a174d554af25c5d5ed099d81ee8981eb1d7bc8493c");
  const auto challenge = SrpChallenge::from_secret(verifier(), kB);
  ASSERT_TRUE(challenge);
  EXPECT_EQ(hex_of(sha256(challenge->B())), "605eb5582618aa471c1eeed1371e5a6b018bd73dfc86fe15125c21b8a88d5175");
  const auto pair = DhPair::from_secret(kA);
  ASSERT_TRUE(pair);
  const auto answer = srp_answer(kPassword, kSalts, view(challenge->B()), *pair);
  ASSERT_TRUE(answer);
  EXPECT_EQ(hex_of(sha256(answer->A)), "798daa5a734246dc8fb026b31fe56dea53b840ecb4265407f5c9f26e1bed42f8");
  EXPECT_EQ(hex_of(answer->m1), "8768b2908642376a491ed9fa4acef950d466f3ea9edca9fab01076d809473870");
  EXPECT_TRUE(challenge->check(view(answer->A), view(answer->m1), kSalts));
}

TEST(Srp, TheRightPasswordPassesAndNothingElse) {
  SeededRandom random(20);
  const SrpChallenge challenge = SrpChallenge::fresh(verifier(), random);
  const auto right = srp_answer(kPassword, kSalts, view(challenge.B()), random);
  ASSERT_TRUE(right);
  EXPECT_TRUE(challenge.check(view(right->A), view(right->m1), kSalts));

  const auto wrong = srp_answer("another", kSalts, view(challenge.B()), random);
  ASSERT_TRUE(wrong);
  EXPECT_FALSE(challenge.check(view(wrong->A), view(wrong->m1), kSalts));

  EXPECT_FALSE(challenge.check(view(right->A), view(wrong->m1), kSalts));
  EXPECT_FALSE(challenge.check(view(right->A), view(right->m1).substr(1), kSalts));
  EXPECT_FALSE(challenge.check(view(right->A), "", kSalts));
  EXPECT_FALSE(challenge.check(view(right->A), view(right->m1), {kSalts.salt1 + 'x', kSalts.salt2}));

  // An answer to one challenge is none to the next.
  const SrpChallenge next = SrpChallenge::fresh(verifier(), random);
  EXPECT_NE(next.B(), challenge.B());
  EXPECT_FALSE(next.check(view(right->A), view(right->m1), kSalts));
}

TEST(Srp, TakesAWithoutItsLeadingZeros) {
  // A client may send A without leading zeros; it is padded before hashing. 2^k of them need no search: any A will do
  // whose first byte is zero.
  SeededRandom random(21);
  const SrpChallenge challenge = SrpChallenge::fresh(verifier(), random);
  std::optional<DhPair> pair;
  for (std::uint32_t i = 1; !pair || pair->public_number()[0] != 0; ++i) {
    Bytes secret(31, '\x77');
    append_be(secret, i);
    pair = DhPair::from_secret(secret);
  }
  const auto answer = srp_answer(kPassword, kSalts, view(challenge.B()), *pair);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(challenge.check(view(answer->A).substr(1), view(answer->m1), kSalts));
  EXPECT_TRUE(challenge.check(view(answer->A), view(answer->m1), kSalts));
}

// With A = 0 or p the shared number is 0, and with a few others it is one of few, for whoever knows nothing. Each comes
// with the right proof, made from the server's own secrets, so that only the look at A can refuse it.
TEST(Srp, RefusesAThatNeedsNoPassword) {
  const auto challenge = SrpChallenge::from_secret(verifier(), kB);
  ASSERT_TRUE(challenge);
  const auto context = new_context();
  const auto right_proof = [&](const Number256& a) {
    const Number v = to_number(view(verifier())), b = to_number(kB), number = to_number(view(a));
    const Number u = to_number(view(sha256(a, challenge->B())));
    const Number base = dh_multiply(number.get(), dh_power(v.get(), u.get(), context.get()).get(), context.get());
    const Number256 shared = to_bytes(dh_power(base.get(), b.get(), context.get()).get());
    Sha256 group = sha256(dh_prime());
    const Sha256 g_hash = sha256(hex_fixed<256>("03"));
    for (std::size_t i = 0; i < 32; ++i) group[i] = static_cast<char>(group[i] ^ g_hash[i]);
    return sha256(group, sha256(kSalts.salt1), sha256(kSalts.salt2), a, challenge->B(), sha256(shared));
  };
  const auto near_p = [](int difference) {
    Number256 number = dh_prime();
    number[255] = static_cast<char>(number[255] + difference);
    return number;
  };
  Number256 largest;
  largest.fill('\xff');
  struct Case {
    std::string_view name;
    Number256 a;
    bool good;
  } cases[] = {
      {"0", hex_fixed<256>("00"), false}, {"1", hex_fixed<256>("01"), false}, {"2", hex_fixed<256>("02"), true},
      {"p - 2", near_p(-2), true},        {"p - 1", near_p(-1), false},       {"p", near_p(0), false},
      {"p + 1", near_p(1), false},        {"2^2048 - 1", largest, false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(challenge->check(view(c.a), view(right_proof(c.a)), kSalts), c.good);
  }
  const Number256 two = hex_fixed<256>("02");
  EXPECT_TRUE(challenge->check("\2", view(right_proof(two)), kSalts));
  EXPECT_FALSE(challenge->check('\0' + Bytes(view(two)), view(right_proof(two)), kSalts));  // Over-long.
  EXPECT_FALSE(challenge->check("", view(right_proof(Number256{})), kSalts));
}

TEST(Srp, AClientRefusesABadB) {
  SeededRandom random(23);
  for (const Bytes& b : {Bytes(), Bytes(256, '\0'), Bytes(view(dh_prime())), Bytes(257, '\1')}) {
    EXPECT_FALSE(srp_answer(kPassword, kSalts, b, random));
  }
}

TEST(Srp, JudgesANewPassword) {
  EXPECT_TRUE(srp_verifier_is_good(view(verifier())));
  Number256 minus_one = dh_prime(), minus_two = dh_prime();
  minus_one[255] = static_cast<char>(minus_one[255] - 1);
  minus_two[255] = static_cast<char>(minus_two[255] - 2);
  EXPECT_TRUE(srp_verifier_is_good("\2"));
  EXPECT_TRUE(srp_verifier_is_good(view(minus_two)));
  for (const Bytes& bad : {Bytes(), Bytes(256, '\0'), Bytes("\1"), Bytes(view(minus_one)), Bytes(view(dh_prime())),
                           Bytes(256, '\xff'), Bytes(257, '\1')}) {
    EXPECT_FALSE(srp_verifier_is_good(bad));
  }
  EXPECT_TRUE(srp_new_salt_is_good("server", "server" + Bytes(32, 'x')));
  EXPECT_FALSE(srp_new_salt_is_good("server", "server" + Bytes(31, 'x')));
  EXPECT_FALSE(srp_new_salt_is_good("server", "server" + Bytes(33, 'x')));
  EXPECT_FALSE(srp_new_salt_is_good("server", "Server" + Bytes(32, 'x')));
  EXPECT_FALSE(srp_new_salt_is_good("server", ""));
}

}  // namespace
}  // namespace helio::crypto
