#include "store/limits.h"

#include "base/assert.h"

namespace helio::store {

namespace {

void assert_partition(View partition) {
  ASSERT(!partition.empty());
  ASSERT(partition.size() <= kPartitionSizeMax);
}

void assert_key(View key) {
  ASSERT(key.size() <= kKeySizeMax);
}

}  // namespace

void assert_within_limits(const Batch& batch) {
  assert_partition(batch.partition);
  ASSERT(batch.erase_ranges.size() + batch.erase.size() + batch.puts.size() <= kBatchChangesMax);
  ASSERT(size_of(batch) <= kBatchSizeMax);
  for (const Range& range : batch.erase_ranges) {
    assert_key(range.from);
    assert_key(range.to);
  }
  for (const Bytes& key : batch.erase) assert_key(key);
  for (const Put& put : batch.puts) {
    assert_key(put.key);
    ASSERT(put.value.size() <= kValueSizeMax);
  }
}

void assert_within_limits(View partition, const std::vector<Bytes>& keys) {
  assert_partition(partition);
  for (const Bytes& key : keys) assert_key(key);
}

void assert_within_limits(View partition, const Scan& scan) {
  assert_partition(partition);
  assert_key(scan.from);
  assert_key(scan.to);
  ASSERT(scan.limit >= 1);
}

std::size_t size_of(const Batch& batch) {
  std::size_t size = batch.partition.size();
  for (const Range& range : batch.erase_ranges) size += range.from.size() + range.to.size();
  for (const Bytes& key : batch.erase) size += key.size();
  for (const Put& put : batch.puts) size += put.key.size() + put.value.size();
  return size;
}

}  // namespace helio::store
