#include "server/backup/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>

#include "server/owner_error.h"

namespace helio::server::backup {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = 1 << 20;
constexpr std::uint64_t kSmallMax = 64 << 20;

[[noreturn]] void fail(const char* what, const fs::path& file, int error = errno) {
  throw OwnerError("cannot " + std::string(what) + " " + file.string() + ": " + std::strerror(error));
}

class File {
 public:
  File(const fs::path& path, int flags, mode_t mode, const char* what)
      : path_(path), fd_(open(path.c_str(), flags | O_CLOEXEC, mode)) {
    if (fd_ < 0) fail(what, path);
  }
  File(const File&) = delete;
  ~File() { close(fd_); }

  std::size_t read_some(Bytes& piece) {
    for (;;) {
      const ssize_t size = ::read(fd_, piece.data(), piece.size());
      if (size >= 0) return static_cast<std::size_t>(size);
      if (errno != EINTR) fail("read", path_);
    }
  }
  void write_all(View bytes) {
    while (!bytes.empty()) {
      const ssize_t size = ::write(fd_, bytes.data(), bytes.size());
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) fail("write", path_);
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
  }
  void flush() {
    if (fsync(fd_) != 0) fail("flush", path_);
  }

 private:
  const fs::path& path_;
  int fd_;
};

class Summing {
 public:
  Summing() : state_(XXH3_createState()) { XXH3_128bits_reset(state_); }
  Summing(const Summing&) = delete;
  ~Summing() { XXH3_freeState(state_); }

  void add(View bytes) {
    XXH3_128bits_update(state_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  Sum sum() const {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_));
    return {size_, to_hex(View(reinterpret_cast<const char*>(canonical.digest), sizeof canonical.digest))};
  }

 private:
  XXH3_state_t* state_;
  std::uint64_t size_ = 0;
};

}  // namespace

void each_piece(const fs::path& path, const store::Watch& watch, const std::function<void(View)>& seen) {
  File file(path, O_RDONLY, 0, "read");
  Bytes piece(kPiece, '\0');
  for (;;) {
    store::stop_if_asked(watch);
    const std::size_t size = file.read_some(piece);
    if (size == 0) return;
    seen(View(piece.data(), size));
  }
}

Bytes read_small_file(const fs::path& path) {
  Bytes content;
  each_piece(path, {}, [&](View piece) {
    if (content.size() + piece.size() > kSmallMax) fail("read", path, EFBIG);
    content += piece;
  });
  return content;
}

Sum sum_of(const fs::path& path, const store::Watch& watch) {
  Summing summing;
  each_piece(path, watch, [&](View piece) { summing.add(piece); });
  return summing.sum();
}

Sum sum_of_bytes(View bytes) {
  Summing summing;
  summing.add(bytes);
  return summing.sum();
}

Sum copy_file(const fs::path& from, const fs::path& to, mode_t mode, const store::Watch& watch,
              const std::function<void(View)>& seen) {
  File copy(to, O_WRONLY | O_CREAT | O_TRUNC, mode, "write");
  Summing summing;
  each_piece(from, watch, [&](View piece) {
    summing.add(piece);
    if (seen) seen(piece);
    copy.write_all(piece);
  });
  copy.flush();
  return summing.sum();
}

void replace_file(const fs::path& path, View content) {
  const fs::path beside = path.string() + ".new";
  {
    File file(beside, O_WRONLY | O_CREAT | O_TRUNC, 0600, "write");
    file.write_all(content);
    file.flush();
  }
  if (rename(beside.c_str(), path.c_str()) != 0) fail("write", path);
  flush_folder(path.parent_path());
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  if (folder.empty() || fs::is_directory(folder, error)) return;
  make_folder(folder.parent_path());
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) fail("make the folder", folder);
  flush_folder(folder.parent_path());
}

void flush_folder(const fs::path& folder) {
  const fs::path path = folder.empty() ? fs::path(".") : folder;
  File(path, O_RDONLY | O_DIRECTORY, 0, "flush").flush();
}

void flush_file(const fs::path& file) {
  File(file, O_RDONLY, 0, "flush").flush();
}

bool is_there(const fs::path& file) {
  std::error_code error;
  const auto status = fs::status(file, error);
  if (status.type() == fs::file_type::none) fail("look at", file, error.value());
  return fs::exists(status);
}

bool is_empty_or_missing(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(folder, error))) return true;
  const bool empty = fs::is_directory(folder, error) && fs::is_empty(folder, error);
  if (error) fail("read", folder, error.value());
  return empty;
}

void remove_folder(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) fail("remove", folder, error.value());
}

}  // namespace helio::server::backup
