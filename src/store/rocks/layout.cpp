#include "store/rocks/layout.h"

#include "base/assert.h"
#include "store/kv.h"

namespace helio::store::rocks {

static_assert(kPartitionSizeMax <= 255, "the length of a partition is one byte");
static_assert(kBuckets <= 256, "a bucket is one byte");

Bytes row_prefix(View partition) {
  ASSERT(partition.size() <= kPartitionSizeMax);
  Bytes prefix;
  prefix.reserve(1 + partition.size());
  prefix.push_back(static_cast<char>(partition.size()));
  prefix.append(partition);
  return prefix;
}

Bytes head_key(View partition) {
  Bytes key;
  key.reserve(1 + partition.size());
  key.push_back('v');
  key.append(partition);
  return key;
}

Bytes encode_head(const Head& head) {
  Bytes bytes;
  append_le(bytes, head.version);
  bytes.push_back(head.pending ? 1 : 0);
  return bytes;
}

std::optional<Head> decode_head(View bytes) {
  if (bytes.size() != 9 || (bytes[8] != 0 && bytes[8] != 1)) return std::nullopt;
  return Head{.version = load_le<std::uint64_t>(bytes.data()), .pending = bytes[8] == 1};
}

Bytes pending_prefix(std::uint32_t bucket) {
  ASSERT(bucket < kBuckets);
  return Bytes{'p', static_cast<char>(bucket)};
}

Bytes pending_key(std::uint32_t bucket, View partition) {
  return pending_prefix(bucket).append(partition);
}

}  // namespace helio::store::rocks
