// store/rocks/bench/meters.h: what the operating system says of this process and of the disk.
#pragma once
#include <filesystem>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace helio::store::rocks::bench {

double cpu_seconds();  // Of all threads of the process, user and system.
// Bytes of the files' pages that the process has changed, in whole large pages: whether it writes, not how much. 0
// where the kernel does not count.
std::uint64_t written_bytes();
std::uint64_t resident_bytes();       // Now.
std::uint64_t peak_resident_bytes();  // The most since forget_peak(), or since the start where it cannot be forgotten.
void forget_peak();

// Bytes of the *.sst files below a folder.
std::uint64_t table_bytes(const std::filesystem::path& directory);
// Asks the kernel to drop what it caches of the files below: the next open reads the disk. Without a right to that it
// just does not happen.
void forget_cached_files(const std::filesystem::path& directory);

// Microseconds of one 4 KiB overwrite of a preallocated file followed by fdatasync, `times` of them.
std::vector<double> flush_times(const std::filesystem::path& directory, Clock& clock, int times);

// 0 <= share <= 1; sorts. 0 for no values.
double quantile(std::vector<double>& values, double share);
inline double median(std::vector<double> values) {
  return quantile(values, 0.5);
}

inline double seconds_between(Ticks from, Ticks to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace helio::store::rocks::bench
