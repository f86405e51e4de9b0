#include "mtproto/salts.h"

#include <gtest/gtest.h>

#include <set>

namespace helio::mtproto {

namespace {

constexpr std::int32_t kNow = 1'700'000'100;

}  // namespace

TEST(Salts, C06_SaltsBelongToOneKey) {
  const SaltSecret secret{1, 2, 3};
  Salts one(secret, 77), other(secret, 78);
  EXPECT_NE(one.current(kNow), other.current(kNow));
  EXPECT_TRUE(one.accepts(one.current(kNow), kNow));
  EXPECT_FALSE(one.accepts(other.current(kNow), kNow));
}

TEST(Salts, C06_TheFirstSaltLastsAsLongAsAnyOther) {
  const SaltSecret secret{1, 2, 3};
  Salts salts(secret, 77);
  salts.add_first(12345, kNow);
  EXPECT_FALSE(salts.accepts(12345, kNow - 1));
  EXPECT_TRUE(salts.accepts(12345, kNow));
  EXPECT_TRUE(salts.accepts(12345, kNow + 2 * Salts::kPeriod - 1));
  EXPECT_FALSE(salts.accepts(12345, kNow + 2 * Salts::kPeriod));
}

TEST(Salts, C06_NoSaltIsZeroBeforeTheFirstIsKnown) {
  const SaltSecret secret{1, 2, 3};
  Salts salts(secret, 77);
  EXPECT_FALSE(salts.accepts(0, kNow));
}

TEST(Salts, C06_FutureSaltsAreThoseThatCome) {
  const SaltSecret secret{1, 2, 3};
  Salts salts(secret, 77);
  for (const std::int32_t now :
       {kNow, kNow + 1 * Salts::kPeriod, kNow + 2 * Salts::kPeriod, kNow + 3 * Salts::kPeriod}) {
    const auto future = salts.future(now, 64);
    ASSERT_EQ(future.size(), 64u);
    std::set<std::int64_t> values;
    for (std::int32_t i = 0; i < 64; ++i) {
      const Salts::Salt& salt = future[static_cast<std::size_t>(i)];
      EXPECT_EQ(salt.value, salts.current(now + i * Salts::kPeriod));
      EXPECT_LE(salt.since, now + i * Salts::kPeriod);
      EXPECT_EQ(salt.until, salt.since + 2 * Salts::kPeriod);
      values.insert(salt.value);
    }
    EXPECT_EQ(values.size(), 64u);
  }
}

}  // namespace helio::mtproto
