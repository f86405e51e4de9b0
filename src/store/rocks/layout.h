// store/rocks/layout.h: what partitions and their keys look like inside RocksDB.
// Format: docs/storage.md, "The embedded engine". Stored bytes: what is written here is read by every later release.
#pragma once
#include <optional>

#include "base/bytes.h"

namespace helio::store::rocks {

inline constexpr std::uint32_t kFormat = 2;

inline constexpr const char* kRowsFamily = "kv";
inline constexpr const char* kMetaFamily = "meta";

// Folders beside the files of RocksDB.
inline constexpr const char* kJournalFolder = "journal";
inline constexpr const char* kScratchFolder = "fold";

// Family kv. All keys of a partition lie together, in their own order.
Bytes row_prefix(View partition);

// Family meta.
inline constexpr View kFormatKey = "format";    // u32 LE.
inline constexpr View kBucketsKey = "buckets";  // u32 LE.
inline constexpr View kFoldedKey = "folded";    // u64 LE: the last record of the journal that is in here.
inline constexpr View kLostIdsMaxKey =
    "lost_ids_max";  // u32 LE: ids that restores forgot, at most; none: never restored.

// A partition's version and whether it is pending: u64 LE, one byte 0 or 1.
struct Head {
  std::uint64_t version = 0;
  bool pending = false;
};
Bytes head_key(View partition);
Bytes encode_head(const Head& head);
std::optional<Head> decode_head(View bytes);  // nullopt when the bytes are none: the database is damaged.

// Exists, empty, while the partition is pending.
Bytes pending_key(std::uint32_t bucket, View partition);
Bytes pending_prefix(std::uint32_t bucket);

}  // namespace helio::store::rocks
