// store/rocks/check.h: whether a store is what docs/storage.md says, down to every block of its files.
//
// Looks at: the checksum of every block of every table file; every entry of the family meta (heads decode, versions
//           begin at 1, marks and heads agree about what is pending, in the right bucket); every row (its partition
//           exists, sizes are within the limits of store/kv.h).
// Threads:  blocks; commits may go on, one snapshot is checked. Reads past the block cache.
// Errors:   what is wrong is in the report; Stopped, when the Watch says so.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "store/watch.h"

namespace helio::store::rocks {

class Database;

struct CheckReport {
  std::uint64_t files = 0;  // Table files.
  std::uint64_t partitions = 0;
  std::uint64_t pending = 0;  // Partitions of them.
  std::uint64_t rows = 0;
  std::uint64_t size = 0;               // Bytes of keys and values of the rows.
  std::uint64_t faults = 0;             // 0 = the store is whole.
  std::vector<std::string> named = {};  // The first kFaultsNamedMax of them, a sentence each.
};
inline constexpr std::size_t kFaultsNamedMax = 100;

CheckReport check(Database& database, const Watch& watch);

}  // namespace helio::store::rocks
