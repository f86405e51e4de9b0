#include "store/stretches.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace helio::store {
namespace {

TEST(Stretches, NeighboursBecomeOne) {
  Stretches stretches;
  EXPECT_FALSE(stretches.whole());
  EXPECT_TRUE(stretches.add({10, 20}));
  EXPECT_EQ(stretches.reached(), 0u);
  EXPECT_FALSE(stretches.whole());
  EXPECT_TRUE(stretches.add({0, 10}));
  EXPECT_EQ(stretches.reached(), 20u);
  EXPECT_TRUE(stretches.whole());
  EXPECT_TRUE(stretches.add({30, 40}));
  EXPECT_EQ(stretches.missing({15, 35}), 10u);
  EXPECT_EQ(stretches.missing({20, 30}), 10u);
  EXPECT_FALSE(stretches.whole());
  EXPECT_TRUE(stretches.add({15, 35}));
  EXPECT_TRUE(stretches.whole());
  EXPECT_EQ(stretches.size(), 40u);
}

// Against a plain list of bytes.
TEST(Stretches, KnowsWhatIsThereWhateverTheOrder) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SeededRandom random(seed);
    Stretches stretches;
    std::string bytes(64, '.');
    for (int i = 0; i < 30; ++i) {
      const std::uint64_t from = random.below(60), to = from + 1 + random.below(i % 10 == 0 ? 4 : 2);
      const auto missing =
          std::count(bytes.begin() + static_cast<long>(from), bytes.begin() + static_cast<long>(to), '.');
      ASSERT_EQ(stretches.missing({from, to}), static_cast<std::uint64_t>(missing)) << seed;
      ASSERT_TRUE(stretches.add({from, to}));
      bytes.replace(from, to - from, to - from, 'x');
      ASSERT_EQ(stretches.reached(), bytes.find('.')) << seed << " " << bytes;
      ASSERT_EQ(stretches.end(), bytes.rfind('x') + 1) << seed << " " << bytes;
      ASSERT_EQ(stretches.size(), static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), 'x'))) << seed;
    }
  }
}

TEST(Stretches, TooManyHolesAreRefused) {
  Stretches stretches;
  for (std::uint64_t i = 0; i < Stretches::kMax; ++i) ASSERT_TRUE(stretches.add({2 * i, 2 * i + 1}));
  const std::uint64_t end = 2 * Stretches::kMax;
  EXPECT_FALSE(stretches.takes({end, end + 1}));
  EXPECT_FALSE(stretches.add({end, end + 1}));
  EXPECT_EQ(stretches.size(), Stretches::kMax);
  EXPECT_TRUE(stretches.add({1, 2}));  // Two become one.
  EXPECT_TRUE(stretches.add({end, end + 1}));
}

}  // namespace
}  // namespace helio::store
