#include "store/rocks/bench/meters.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <system_error>

namespace helio::store::rocks::bench {

namespace fs = std::filesystem;

namespace {

// The number behind `name` in one of the kernel's tables; 0 = it is not there.
std::uint64_t number_in(const char* file, std::string_view name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name)) return std::strtoull(line.c_str() + name.size(), nullptr, 10);
  }
  return 0;
}

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// Files of a store that works come and go while they are looked at.
template <class Visit>
void each_file(const fs::path& directory, Visit visit) {
  std::error_code error;
  for (fs::recursive_directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    if (at->is_regular_file(gone)) visit(at->path());
  }
}

std::uint64_t size_of(const fs::path& file) {
  std::error_code gone;
  const auto size = fs::file_size(file, gone);
  return gone ? 0 : size;
}

}  // namespace

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds_of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

std::uint64_t written_bytes() {
  return number_in("/proc/self/io", "write_bytes:");
}

std::uint64_t resident_bytes() {
  return number_in("/proc/self/status", "VmRSS:") << 10;
}

std::uint64_t peak_resident_bytes() {
  return number_in("/proc/self/status", "VmHWM:") << 10;
}

void forget_peak() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

std::uint64_t table_bytes(const fs::path& directory) {
  std::uint64_t bytes = 0;
  each_file(directory, [&](const fs::path& file) { bytes += file.extension() == ".sst" ? size_of(file) : 0; });
  return bytes;
}

void forget_cached_files(const fs::path& directory) {
  each_file(directory, [](const fs::path& file) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    if (::fdatasync(fd) == 0) ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    ::close(fd);
  });
}

std::vector<double> flush_times(const fs::path& directory, Clock& clock, int times) {
  constexpr std::size_t kBlock = 4096, kBlocks = 4096;
  const fs::path path = directory / "flushes";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) fail("a file for the measurement cannot be made");

  std::vector<double> micros;
  Bytes block(kBlock, 'f');
  bool good = true;
  for (std::size_t i = 0; i < kBlocks && good; ++i) good = ::write(fd, block.data(), kBlock) == ssize_t(kBlock);
  good = good && ::fdatasync(fd) == 0;
  for (int i = 0; i < times && good; ++i) {
    store_le(block.data(), i);
    const Ticks begin = clock.ticks();
    good =
        ::pwrite(fd, block.data(), kBlock, off_t(static_cast<std::size_t>(i) % kBlocks * kBlock)) == ssize_t(kBlock) &&
        ::fdatasync(fd) == 0;
    micros.push_back(seconds_between(begin, clock.ticks()) * 1e6);
  }
  const int error = errno;
  ::close(fd);
  ::unlink(path.c_str());
  errno = error;
  if (!good) fail("the disk of the measurement cannot be written");
  return micros;
}

double quantile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

}  // namespace helio::store::rocks::bench
