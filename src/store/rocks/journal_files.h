// store/rocks/journal_files.h: the system calls of the journal, with what their failures mean.
//
// Whole:   a short write or read goes on, EINTR is tried again; nothing else ever is: after a failed flush the kernel
//          has forgotten the bytes.
// Errors:  JournalFailed, which names the file; its child NoRoom where the disk or a quota is full.
// Threads: any, for files and directories that are not the same object.
#pragma once
#include <filesystem>
#include <span>
#include <stdexcept>
#include <vector>

#include "base/bytes.h"

namespace helio::store::rocks {

// What failed, for the log; the process has to end.
struct JournalFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

namespace journal {

struct NoRoom : JournalFailed {
  using JournalFailed::JournalFailed;
};

class File {
 public:
  File(std::filesystem::path path, int flags);  // Of open(2); made files are the owner's alone.
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const;
  void write(View bytes, std::uint64_t at) const;
  // Bytes read into `to`: fewer than asked only at the end of the file.
  std::size_t read(std::span<char> to, std::uint64_t at) const;
  void flush() const;        // Bytes and size are on the disk.
  void flush_names() const;  // Of a directory: the names in it are.
  // Waits until these bytes have been handed to the disk, which promises nothing, but leaves less for flush() to do.
  void hand_over(std::uint64_t at, std::uint64_t size) const;
  // Takes room for `size` bytes where the file system can do so beforehand.
  void allocate(std::uint64_t size) const;
  // What is read next comes from the disk: after a failed flush memory may still show what never got there.
  void forget_cached() const;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

// Names below are those of files in this directory.
class Directory {
 public:
  explicit Directory(std::filesystem::path path);  // It exists.

  std::filesystem::path file(const std::string& name) const { return path_ / name; }
  std::vector<std::string> names() const;
  void rename(const std::string& from, const std::string& to) const;
  void remove(const std::string& name) const;  // It need not exist.
  void flush() const;                          // Names are on the disk.

 private:
  std::filesystem::path path_;
  File file_;
};

}  // namespace journal
}  // namespace helio::store::rocks
