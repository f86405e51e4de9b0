// store/rocks/reads.h: the reads of store/kv.h, each of one moment of a partition.
//
// What the generations know comes first; the rest comes from RocksDB, as the stack's snapshot shows it. Each returns
// false when kBlockCacheTier was asked for and memory alone cannot answer; then `out` means nothing.
// They throw StoreDown when the disk fails or is damaged.
#pragma once
#include "store/rocks/stack.h"

namespace helio::store::rocks {

bool read_values(Database& database, const Stack& stack, View partition, const std::vector<Bytes>& keys,
                 rocksdb::ReadTier tier, Values& out);
bool read_page(Database& database, const Stack& stack, View partition, const Scan& scan, rocksdb::ReadTier tier,
               Page& out);
bool read_pending(Database& database, const Stack& stack, std::uint32_t bucket, rocksdb::ReadTier tier,
                  std::vector<Bytes>& out);

}  // namespace helio::store::rocks
