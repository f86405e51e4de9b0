#include "store/disk_space.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <limits>

namespace helio::store {

std::uint64_t DiskSpace::reserve() const {
  return std::min<std::uint64_t>(total / 20, 1 << 30);
}

DiskSpace disk_space(const std::filesystem::path& folder) {
  struct statvfs found {};
  if (::statvfs(folder.c_str(), &found) != 0) return {std::numeric_limits<std::uint64_t>::max(), 0};
  return {std::uint64_t{found.f_bavail} * found.f_frsize, std::uint64_t{found.f_blocks} * found.f_frsize};
}

}  // namespace helio::store
