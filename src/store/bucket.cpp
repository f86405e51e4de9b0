#include <xxhash.h>

#include "store/kv.h"

namespace helio::store {

std::uint32_t bucket_of(View partition) {
  return static_cast<std::uint32_t>(XXH64(partition.data(), partition.size(), 0) % kBuckets);
}

}  // namespace helio::store
