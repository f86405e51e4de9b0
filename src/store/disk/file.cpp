#include "store/disk/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace helio::store::disk {

namespace {

// Repeats what a signal interrupted.
template <class F>
auto persist(F call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

struct stat status_of(int descriptor, const std::string& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) fail("look at", path, errno);
  return status;
}

timespec timespec_of(Wall time) {
  const auto whole = std::chrono::floor<seconds>(time);
  return {.tv_sec = whole.time_since_epoch().count(),
          .tv_nsec = std::chrono::duration_cast<std::chrono::nanoseconds>(time - whole).count()};
}

}  // namespace

void fail(std::string_view what, const std::string& path, int error) {
  const std::string text =
      "cannot " + std::string(what) + " " + path + ": " + std::error_code(error, std::generic_category()).message();
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) throw DiskFull(text);
  throw StoreDown(text);
}

std::optional<File> File::open(const std::string& path, int flags, int none) {
  const int descriptor = persist([&] { return ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600); });
  if (descriptor >= 0) return File(path, descriptor);
  if (errno == none) return std::nullopt;
  fail("open", path, errno);
}

std::optional<File> File::open(const std::string& path) {
  return open(path, O_RDONLY, ENOENT);
}

std::optional<File> File::reopen(const std::string& path) {
  return open(path, O_RDWR, ENOENT);
}

std::optional<File> File::create(const std::string& path) {
  return open(path, O_RDWR | O_CREAT | O_EXCL, EEXIST);
}

File::~File() {
  // What close() could still report has been asked of flush() wherever it matters.
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::uint64_t File::size() const {
  return static_cast<std::uint64_t>(status_of(descriptor_, path_).st_size);
}

std::uint64_t File::links() const {
  return status_of(descriptor_, path_).st_nlink;
}

Bytes File::read(std::uint64_t offset, std::size_t size) const {
  Bytes bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const auto more = persist(
        [&] { return ::pread(descriptor_, bytes.data() + done, size - done, static_cast<off_t>(offset + done)); });
    if (more < 0) fail("read", path_, errno);
    if (more == 0) break;
    done += static_cast<std::size_t>(more);
  }
  bytes.resize(done);
  return bytes;
}

void File::write(std::uint64_t offset, View bytes) {
  while (!bytes.empty()) {
    const auto done =
        persist([&] { return ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (done < 0) fail("write", path_, errno);
    if (done == 0) fail("write", path_, EIO);
    bytes.remove_prefix(static_cast<std::size_t>(done));
    offset += static_cast<std::uint64_t>(done);
  }
}

void File::cut(std::uint64_t size) {
  if (persist([&] { return ::ftruncate(descriptor_, static_cast<off_t>(size)); }) != 0) fail("cut", path_, errno);
}

void File::set_time(Wall time) {
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, timespec_of(time)};
  if (::futimens(descriptor_, times) != 0) fail("date", path_, errno);
}

void File::flush() {
  if (::fsync(descriptor_) != 0) fail("flush", path_, errno);
}

std::optional<Found> find(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return std::nullopt;
    fail("look at", path, errno);
  }
  if (!S_ISREG(status.st_mode)) throw StoreDown(path + " is no file");
  const auto since_epoch = seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec);
  return Found{.size = static_cast<std::uint64_t>(status.st_size),
               .changed = Wall(std::chrono::duration_cast<Wall::duration>(since_epoch))};
}

bool touch(const std::string& path, Wall time) {
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, timespec_of(time)};
  if (::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0) return true;
  if (errno == ENOENT) return false;
  fail("date", path, errno);
}

void rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail("rename " + from + " to", to, errno);
}

bool remove(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  fail("remove", path, errno);
}

void make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return;
  struct stat status {};
  if (errno == EEXIST && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return;
  fail("make", path, errno);
}

void flush_directory(const std::string& path) {
  const int descriptor = persist([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (descriptor < 0) fail("open", path, errno);
  const int flushed = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  if (flushed != 0) fail("flush", path, error);
}

std::vector<std::string> names_in(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> opened(::opendir(directory.c_str()),
                                                   [](DIR* it) { return ::closedir(it); });
  if (!opened) fail("open", directory, errno);
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(opened.get());
    if (!entry) break;
    const View name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) fail("list", directory, errno);
  return names;
}

}  // namespace helio::store::disk
