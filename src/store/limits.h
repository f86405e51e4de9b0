// store/limits.h: the limits of store/kv.h, asserted by every engine before it looks at a request.
#pragma once
#include "store/kv.h"

namespace helio::store {

void assert_within_limits(const Batch& batch);
void assert_within_limits(View partition, const std::vector<Bytes>& keys);
void assert_within_limits(View partition, const Scan& scan);

// Bytes that a batch brings: its keys, bounds and values.
std::size_t size_of(const Batch& batch);

}  // namespace helio::store
