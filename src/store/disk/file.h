// store/disk/file.h: files and directories by libc calls, with failures as exceptions that name the file.
//
// Every call blocks. Interrupted calls and short reads and writes are continued; a failed flush is never tried again by
// this room, because the kernel forgets what it could not write.
// Errors: DiskFull (no space, quota or largest file size), StoreDown for everything else.
#pragma once
#include <optional>
#include <string>

#include "base/clock.h"
#include "store/kv.h"

namespace helio::store::disk {

// No StoreDown: the machine is sound, and the caller says kNoRoom.
struct DiskFull : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// "cannot write /some/file: Input/output error", as DiskFull or StoreDown.
[[noreturn]] void fail(std::string_view what, const std::string& path, int error);

class File {
 public:
  static std::optional<File> open(const std::string& path);    // To read; nullopt where there is none.
  static std::optional<File> reopen(const std::string& path);  // To read and write; nullopt where there is none.
  static std::optional<File> create(const std::string& path);  // To read and write; nullopt where there is one.
  File(File&& other) noexcept : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~File();

  const std::string& path() const { return path_; }
  int descriptor() const { return descriptor_; }
  std::uint64_t size() const;
  std::uint64_t links() const;  // How many names it has.
  // The bytes from `offset`, `size` of them or up to the end.
  Bytes read(std::uint64_t offset, std::size_t size) const;
  void write(std::uint64_t offset, View bytes);
  void cut(std::uint64_t size);
  void set_time(Wall time);  // Of its last change.
  void flush();

 private:
  File(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  static std::optional<File> open(const std::string& path, int flags, int none);

  std::string path_;
  int descriptor_;
};

struct Found {
  std::uint64_t size = 0;
  Wall changed = {};
};
std::optional<Found> find(const std::string& path);  // A regular file's; nullopt where there is none.
bool touch(const std::string& path, Wall time);      // Sets the time of its last change; false where there is none.
void rename(const std::string& from, const std::string& to);
bool remove(const std::string& path);          // False where there was none.
void make_directory(const std::string& path);  // Unless it is there.
void flush_directory(const std::string& path);
std::vector<std::string> names_in(const std::string& directory);

}  // namespace helio::store::disk
