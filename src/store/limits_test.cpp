#include "store/limits.h"

#include <gtest/gtest.h>

namespace helio::store {

namespace {

Batch one_put(std::size_t partition_size, std::size_t key_size, std::size_t value_size) {
  Batch batch{.partition = Bytes(partition_size, 'p')};
  batch.puts.push_back({Bytes(key_size, 'k'), Bytes(value_size, 'v')});
  return batch;
}

}  // namespace

TEST(Limits, LetPassWhatJustFits) {
  assert_within_limits(one_put(kPartitionSizeMax, kKeySizeMax, kValueSizeMax));
  Batch many{.partition = "p", .erase = std::vector<Bytes>(kBatchChangesMax, "k")};
  assert_within_limits(many);
}

TEST(LimitsDeathTest, EndTheProcessForWhatDoesNot) {
  EXPECT_DEATH(assert_within_limits(one_put(0, 1, 1)), "empty");
  EXPECT_DEATH(assert_within_limits(one_put(kPartitionSizeMax + 1, 1, 1)), "kPartitionSizeMax");
  EXPECT_DEATH(assert_within_limits(one_put(1, kKeySizeMax + 1, 1)), "kKeySizeMax");
  EXPECT_DEATH(assert_within_limits(one_put(1, 1, kValueSizeMax + 1)), "kValueSizeMax");

  Batch many{.partition = "p", .erase = std::vector<Bytes>(kBatchChangesMax + 1, "k")};
  EXPECT_DEATH(assert_within_limits(many), "kBatchChangesMax");
  Batch heavy{.partition = "p"};
  for (int i = 0; i < 17; ++i) heavy.puts.push_back({std::to_string(i), Bytes(kValueSizeMax, 'v')});
  EXPECT_DEATH(assert_within_limits(heavy), "kBatchSizeMax");
  Batch range{.partition = "p", .erase_ranges = {{"", Bytes(kKeySizeMax + 1, 'k')}}};
  EXPECT_DEATH(assert_within_limits(range), "kKeySizeMax");

  const Scan scan{.from = "", .to = "z", .limit = 0};
  EXPECT_DEATH(assert_within_limits("p", scan), "limit");
}

}  // namespace helio::store
