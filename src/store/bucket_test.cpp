#include <gtest/gtest.h>

#include "store/kv.h"

namespace helio::store {

// Stored data is placed by these: they never change. The last byte of XXH64's published values for seed 0:
// ef46db3751d8e999, d24ec4f1a98c6e5b, 44bc2cf5ad770999.
TEST(Bucket, IsTheSameEverywhereAndForEver) {
  EXPECT_EQ(bucket_of(""), 0x99u);
  EXPECT_EQ(bucket_of("a"), 0x5bu);
  EXPECT_EQ(bucket_of("abc"), 0x99u);
}

TEST(Bucket, SpreadsNames) {
  std::vector<int> hits(kBuckets);
  for (int i = 0; i < 256'000; ++i) ++hits[bucket_of("u" + std::to_string(i))];
  for (const int count : hits) {
    EXPECT_GT(count, 800);
    EXPECT_LT(count, 1'200);
  }
}

}  // namespace helio::store
