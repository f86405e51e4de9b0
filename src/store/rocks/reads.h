// store/rocks/reads.h: the reads of store/kv.h, each from one snapshot of the database.
//
// Each returns false when kBlockCacheTier was asked for and memory alone cannot answer; then `out` means nothing.
// They throw StoreDown when the disk fails or is damaged.
#pragma once
#include "store/rocks/database.h"

namespace helio::store::rocks {

bool read_values(Database& database, View partition, const std::vector<Bytes>& keys, rocksdb::ReadTier tier,
                 Values& out);
bool read_page(Database& database, View partition, const Scan& scan, rocksdb::ReadTier tier, Page& out);
bool read_pending(Database& database, std::uint32_t bucket, rocksdb::ReadTier tier, std::vector<Bytes>& out);

}  // namespace helio::store::rocks
