#include "store/rocks/journal_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace helio::store::rocks::journal {

namespace {

std::string said(const char* call, const std::filesystem::path& path, int error) {
  return std::string(call) + " " + path.string() + ": " + std::generic_category().message(error);
}

[[noreturn]] void fail(const char* call, const std::filesystem::path& path, int error) {
  if (error == ENOSPC || error == EDQUOT) throw NoRoom(said(call, path, error));
  throw JournalFailed(said(call, path, error));
}

template <class Call>
auto retried(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

int open_file(const std::filesystem::path& path, int flags) {
  const int descriptor = retried([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0600); });
  if (descriptor < 0) fail("open", path, errno);
  return descriptor;
}

}  // namespace

File::File(std::filesystem::path path, int flags) : path_(std::move(path)), descriptor_(open_file(path_, flags)) {}

File::File(File&& other) noexcept : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::uint64_t File::size() const {
  struct stat status = {};
  if (::fstat(descriptor_, &status) != 0) fail("stat", path_, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

void File::write(View bytes, std::uint64_t at) const {
  while (!bytes.empty()) {
    const auto wrote =
        retried([&] { return ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(at)); });
    if (wrote <= 0) fail("write", path_, wrote < 0 ? errno : EIO);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
    at += static_cast<std::uint64_t>(wrote);
  }
}

std::size_t File::read(std::span<char> to, std::uint64_t at) const {
  std::size_t total = 0;
  while (total < to.size()) {
    const auto got = retried(
        [&] { return ::pread(descriptor_, to.data() + total, to.size() - total, static_cast<off_t>(at + total)); });
    if (got < 0) fail("read", path_, errno);
    if (got == 0) break;
    total += static_cast<std::size_t>(got);
  }
  return total;
}

void File::flush() const {
  if (retried([&] { return ::fdatasync(descriptor_); }) != 0) fail("flush", path_, errno);
}

void File::flush_names() const {
  // Never NoRoom: the names are as they are, and it is not known on which side of a crash.
  if (retried([&] { return ::fsync(descriptor_); }) != 0) throw JournalFailed(said("flush", path_, errno));
}

void File::hand_over(std::uint64_t at, std::uint64_t size) const {
  constexpr unsigned kAll = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  const int result =
      retried([&] { return ::sync_file_range(descriptor_, static_cast<off_t>(at), static_cast<off_t>(size), kAll); });
  if (result == 0 || errno == EINVAL || errno == ENOSYS) return;
  // The kernel tells of a failure once: flush() would not hear of it any more.
  fail("write", path_, errno);
}

void File::allocate(std::uint64_t size) const {
  if (retried([&] { return ::fallocate(descriptor_, 0, 0, static_cast<off_t>(size)); }) == 0) return;
  // Writing will tell.
  if (errno == EOPNOTSUPP || errno == ENOSYS) return;
  fail("allocate", path_, errno);
}

void File::forget_cached() const {
  // Advice: nothing depends on it while flushes do not fail.
  static_cast<void>(::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_DONTNEED));
}

Directory::Directory(std::filesystem::path path) : path_(std::move(path)), file_(path_, O_RDONLY | O_DIRECTORY) {}

std::vector<std::string> Directory::names() const {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(path_, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) fail("list", path_, error.value());
  return names;
}

void Directory::rename(const std::string& from, const std::string& to) const {
  if (::rename(file(from).c_str(), file(to).c_str()) != 0) fail("rename", file(from), errno);
}

void Directory::remove(const std::string& name) const {
  if (::unlink(file(name).c_str()) != 0 && errno != ENOENT) fail("remove", file(name), errno);
}

void Directory::flush() const {
  file_.flush_names();
}

}  // namespace helio::store::rocks::journal
