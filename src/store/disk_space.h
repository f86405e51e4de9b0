// store/disk_space.h: how much room the disk has, and how much of it is not for us.
//
// A disk that is really full stops more than the store, and what has to be written to free space finds no room. So a
// reserve stays: 5 % of the disk, at most 1 GiB. New files are refused within the reserve, commits only within the
// last half of it; compaction, which frees space, may use all.
#pragma once
#include <cstdint>
#include <filesystem>

namespace helio::store {

struct DiskSpace {
  std::uint64_t free = 0, total = 0;  // Bytes; `free` is what this user may use.

  std::uint64_t reserve() const;
};

// A disk that does not tell is taken to have room: the write itself will say.
DiskSpace disk_space(const std::filesystem::path& folder);

}  // namespace helio::store
