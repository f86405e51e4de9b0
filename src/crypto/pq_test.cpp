#include "crypto/pq.h"

#include <gtest/gtest.h>

#include "crypto/test_bytes.h"

namespace helio::crypto {
namespace {

TEST(Pq, KnowsPrimesFromTheirImitators) {
  for (std::uint64_t prime :
       {2ull, 3ull, 37ull, 41ull, 2147483647ull, 4294967291ull, 9223372036854775783ull, 18446744073709551557ull}) {
    EXPECT_TRUE(is_prime(prime)) << prime;
  }
  // Carmichael numbers, strong pseudoprimes to the first bases, squares, and the ends of the range.
  for (std::uint64_t composite : {0ull, 1ull, 4ull, 561ull, 2047ull, 3215031751ull, 3825123056546413051ull, 1681ull,
                                  341550071728321ull, 18446744073709551615ull, 4611686014132420609ull}) {
    EXPECT_FALSE(is_prime(composite)) << composite;
  }
}

TEST(Pq, AgreesWithTrialDivision) {
  for (std::uint64_t n = 0; n < 5000; ++n) {
    bool prime = n >= 2;
    for (std::uint64_t d = 2; d * d <= n; ++d) prime = prime && n % d != 0;
    ASSERT_EQ(is_prime(n), prime) << n;
  }
}

TEST(Pq, MakesWhatItsOwnClientFactors) {
  SeededRandom random(4);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 100; ++i) {
    const Pq pq = make_pq(random);
    ASSERT_LT(pq.p, pq.q);
    ASSERT_TRUE(is_prime(pq.p) && is_prime(pq.q));
    ASSERT_EQ(write_pq_number(pq.product()).size(), 8u);
    ASSERT_EQ(write_pq_number(pq.p).size(), 4u);
    ASSERT_TRUE(seen.insert(pq.product()).second);
    const auto factors = factor_pq(pq.product());
    ASSERT_TRUE(factors);
    ASSERT_EQ(factors->p, pq.p);
    ASSERT_EQ(factors->q, pq.q);
  }
}

TEST(Pq, FactorsThePublishedExample) {
  const auto factors = factor_pq(0x17ed48941a08f981);  // https://core.telegram.org/mtproto/samples-auth_key
  ASSERT_TRUE(factors);
  EXPECT_EQ(factors->p, 0x494c553bu);
  EXPECT_EQ(factors->q, 0x53911073u);
}

TEST(Pq, RefusesWhatIsNoProductOfTwoOddPrimes) {
  for (std::uint64_t n : {0ull, 1ull, 2ull, 13ull, 14ull, 25ull, 105ull, 4611686014132420609ull, 2147483647ull,
                          18446744073709551615ull}) {
    EXPECT_FALSE(factor_pq(n)) << n;
  }
  EXPECT_TRUE(factor_pq(15));
  EXPECT_TRUE(factor_pq(21));
}

TEST(Pq, ANumberHasOneForm) {
  EXPECT_EQ(to_hex(write_pq_number(0x494c553b)), "494c553b");
  EXPECT_EQ(to_hex(write_pq_number(255)), "ff");
  EXPECT_EQ(read_pq_number(hex("494c553b")), 0x494c553bu);
  EXPECT_EQ(read_pq_number(hex("ffffffffffffffff")), 0xffffffffffffffffu);
  for (std::string_view refused : {"", "00", "00494c553b", "010000000000000000"}) {
    EXPECT_FALSE(read_pq_number(hex(refused))) << refused;
  }
}

}  // namespace
}  // namespace helio::crypto
