// tests/crash/power_loss.cpp: a library to preload, which remembers how to forget what was not flushed.
//
// Shape:   before a call changes a file or a name below POWER_LOSS_ROOT, a record of what was there goes into the
//          folder POWER_LOSS_UNDO. It goes away only after the flush that makes the change durable succeeded. Both
//          folders exist, on one file system, neither inside the other. After kill -9 of the process, power_loss_cut
//          makes of the two what a power cut could have left.
// Strict:  as POSIX, not as today's file systems. A file's flush keeps its bytes and its length, not its name; a
//          folder's flush keeps the names in it; sync_file_range keeps nothing. A rename is one change, kept when
//          either of its folders is flushed.
// Failure: what a failed flush should have kept is lost, whatever a later flush says: the kernel marks such pages
//          clean. Bytes that are written over it again and flushed are lost as well, so let the process end.
//          With POWER_LOSS_FAIL_SYNC=N or N:TEXT every N-th flush of files and folders whose path has TEXT fails: EIO.
// Threads: any. Changes of one file are made one after the other, and so are all changes of names.
// Process: one at a time, which does not fork. A later one may go on with the same folders: what the earlier one did
//          not flush is still not flushed.
// Unseen:  what stdio writes from its buffers (RocksDB's LOG; the file itself is seen), mk*temp, io_uring, raw
//          system calls, attributes. A writable shared mapping ends the process, for nobody makes one yet.
// Own I/O: raw system calls, so that whoever else is preloaded to break calls does not break these.
// Format:  tests/crash/power_loss_cut reads it.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;

// A test that goes on without its records would prove nothing.
[[noreturn]] void die(const std::string& what) {
  const std::string line = "power_loss: " + what + ": " + std::strerror(errno) + "\n";
  syscall(SYS_write, STDERR_FILENO, line.data(), line.size());
  std::abort();
}

#define REAL(name) static const auto real = reinterpret_cast<decltype(&::name)>(dlsym(RTLD_NEXT, #name))

// ---- Records

u32 crc32(const std::string& bytes) {
  static const auto table = [] {
    std::array<u32, 256> made{};
    for (u32 i = 0; i < 256; ++i) {
      u32 value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0xEDB88320u : 0);
      made[i] = value;
    }
    return made;
  }();
  u32 crc = ~0u;
  for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

void append_u32(std::string& out, u32 value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
void append_u64(std::string& out, u64 value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// checksum of the body (u32), its size (u32), the body.
void write_record(int log, const std::string& body) {
  std::string record;
  append_u32(record, crc32(body));
  append_u32(record, static_cast<u32>(body.size()));
  record += body;
  for (std::size_t done = 0; done < record.size();) {
    const auto written = syscall(SYS_write, log, record.data() + done, record.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) die("a record cannot be written");
    done += static_cast<std::size_t>(written);
  }
}

// The bodies of the whole records of a log.
std::vector<std::string> read_records(const std::string& bytes) {
  std::vector<std::string> bodies;
  for (std::size_t at = 0; at + 8 <= bytes.size();) {
    u32 checksum, size;
    std::memcpy(&checksum, bytes.data() + at, 4);
    std::memcpy(&size, bytes.data() + at + 4, 4);
    if (bytes.size() - at - 8 < size) break;
    bodies.push_back(bytes.substr(at + 8, size));
    if (crc32(bodies.back()) != checksum) die("a record is damaged");
    at += 8 + size;
  }
  return bodies;
}

int raw_open(const std::string& path, int flags) {
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path.c_str(), flags | O_CLOEXEC, 0600));
}
void raw_close(int fd) {
  syscall(SYS_close, fd);
}
void raw_unlink(const std::string& path) {
  syscall(SYS_unlinkat, AT_FDCWD, path.c_str(), 0);
}
bool raw_rename(const std::string& from, const std::string& to) {
  return syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), 0) == 0;
}
std::string read_link(const std::string& path) {
  char buffer[PATH_MAX];
  const auto size = syscall(SYS_readlinkat, AT_FDCWD, path.c_str(), buffer, sizeof buffer);
  return size <= 0 ? std::string() : std::string(buffer, static_cast<std::size_t>(size));
}
std::string path_of(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
}
std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  DIR* const open = opendir(folder.c_str());
  if (!open) return names;
  while (const dirent* entry = readdir(open)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  closedir(open);
  return names;
}

// ---- What is remembered

// The unflushed changes of a file. Its inode has a second name in UNDO/inodes, so that its number stays its own.
struct File {
  explicit File(u64 number) : inode(number) {}
  struct Log {
    u64 sequence;
    bool lost;  // A flush that should have kept it failed.
  };
  const u64 inode;
  std::mutex mutex;
  bool dead = false;  // No name leads to it any more, nor will.
  int log = -1;       // The newest of `logs`, while it takes records.
  std::vector<Log> logs;
};

// A change of names that no flush has kept yet. An inode of 0 is none.
struct Change {
  u64 sequence;
  bool lost;
  std::vector<u64> folders, inodes;  // Where names changed; to what they led before.
};

struct Place {
  std::string path;
  u64 folder;
  std::string name;
};

struct Seen {
  u64 inode = 0;
  bool folder = false;
};

constexpr u32 kChanged = 1, kFlushed = 2, kLost = 3;
constexpr u64 kPart = 1 << 20;  // Old bytes in one record.

class Memory {
 public:
  Memory(const char* root, const char* undo) {
    char buffer[PATH_MAX];
    if (!realpath(root, buffer)) die("POWER_LOSS_ROOT");
    root_ = buffer;
    if (!undo || !realpath(undo, buffer)) die("POWER_LOSS_UNDO");
    undo_ = buffer;
    if (below(undo_ + "/") || root_.starts_with(undo_ + "/")) die("POWER_LOSS_UNDO and POWER_LOSS_ROOT overlap");
    for (const char* folder : {"/inodes", "/data", "/folders"}) {
      if (syscall(SYS_mkdirat, AT_FDCWD, (undo_ + folder).c_str(), 0700) != 0 && errno != EEXIST) die(folder);
    }
    names_ = raw_open(undo_ + "/names", O_RDWR | O_CREAT | O_APPEND);
    if (names_ < 0) die("POWER_LOSS_UNDO/names");
    struct stat own;
    if (fstat(names_, &own) != 0) die("POWER_LOSS_UNDO/names");
    device_ = own.st_dev;
    resume();
    if (const char* wish = std::getenv("POWER_LOSS_FAIL_SYNC")) {
      char* rest = nullptr;
      fail_sync_ = std::strtoull(wish, &rest, 10);
      fail_where_ = *rest == ':' ? rest + 1 : "";
    }
  }

  // Makes `call`, which changes bytes [offset, offset + length) of the file. No offset: where the descriptor is.
  template <class Call>
  auto change_bytes(int fd, std::optional<off_t> offset, u64 length, Call call) -> decltype(call()) {
    const auto file = find(fd);
    if (!file) return call();
    const std::lock_guard lock(file->mutex);
    if (file->dead) return call();
    const int flags = fcntl(fd, F_GETFL);
    const u64 size = size_of(fd);
    const off_t at = (flags & O_APPEND) ? static_cast<off_t>(size) : offset ? *offset : lseek(fd, 0, SEEK_CUR);
    if (at < 0) return call();
    const bool begun = file->log < 0;
    const u64 before = begun ? 0 : size_of(file->log);
    remember(*file, path_of(fd), size, static_cast<u64>(at), length);
    const auto result = call();
    // Such a write is its own flush, and of nothing but itself.
    if (result >= 0 && (flags & O_DSYNC)) {
      if (begun) {
        drop_log(*file, file->logs.back().sequence);
      } else if (syscall(SYS_ftruncate, file->log, before) != 0) {
        die("a log cannot be cut");
      }
    }
    return result;
  }

  // Makes `call`, which sets the size of the file.
  template <class Call>
  int resize(int fd, u64 size, Call call) {
    const auto file = find(fd);
    return file ? resize(*file, path_of(fd), size, call) : call();
  }
  template <class Call>
  int resize(const char* path, u64 size, Call call) {
    const auto place = place_of(AT_FDCWD, path);
    std::shared_ptr<File> file;
    if (place) {
      if (const Seen seen = look(place->path); seen.inode && !seen.folder) file = keep(seen.inode, place->path);
    }
    return file ? resize(*file, place->path, size, call) : call();
  }

  template <class Call>
  int flush(int fd, Call call) {
    struct stat seen;
    if (fstat(fd, &seen) != 0) return call();
    const auto checked = [&] {
      if (!must_fail(fd)) return call();
      errno = EIO;
      return -1;
    };
    if (S_ISDIR(seen.st_mode)) return flush_folder(seen.st_ino, checked);
    if (!S_ISREG(seen.st_mode) || seen.st_dev != device_) return call();
    return flush_file(seen, checked);
  }

  // Opens, maybe makes, maybe empties a file.
  template <class Call>
  auto open(int at, const char* path, int flags, Call call) -> decltype(call()) {
    if (!(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE) return call();
    const std::unique_lock names(names_mutex_);
    const auto place = place_of(at, path);
    if (!place) return call();
    const Seen seen = look(place->path);
    if (!seen.inode) {
      if (flags & O_CREAT) record({{*place, {}}});
      return call();
    }
    if (!(flags & O_TRUNC) || (flags & O_EXCL) || seen.folder) return call();
    const auto file = keep(seen.inode, place->path);
    if (!file) return call();
    const std::lock_guard lock(file->mutex);
    struct stat now;
    if (stat(place->path.c_str(), &now) == 0 && S_ISREG(now.st_mode)) {
      remember(*file, place->path, static_cast<u64>(now.st_size), 0, static_cast<u64>(now.st_size));
    }
    return call();
  }

  // Makes `call`, which makes a name.
  template <class Call>
  int make(int at, const char* path, Call call) {
    const std::unique_lock names(names_mutex_);
    const auto place = place_of(at, path);
    if (place && !look(place->path).inode) record({{*place, {}}});
    return call();
  }

  template <class Call>
  int unlink(int at, const char* path, Call call) {
    const std::unique_lock names(names_mutex_);
    if (const auto place = place_of(at, path)) {
      const Seen seen = look(place->path);
      if (seen.inode && !seen.folder && keep(seen.inode, place->path)) record({{*place, seen}});
    }
    return call();
  }

  // A folder that is removed lives on in UNDO/folders, where its number stays its own.
  template <class Call>
  int remove_folder(int at, const char* path, Call call) {
    const std::unique_lock names(names_mutex_);
    const auto place = place_of(at, path);
    if (!place) return call();
    const Seen seen = look(place->path);
    if (!seen.folder || !names_in(place->path).empty()) return call();
    put_away(*place, seen);
    return 0;
  }

  template <class Call>
  int rename(int from_at, const char* from, int to_at, const char* to, Call call) {
    const std::unique_lock names(names_mutex_);
    const auto source = place_of(from_at, from), target = place_of(to_at, to);
    if (!source && !target) return call();
    struct stat moved;
    if (fstatat(from_at, from, &moved, AT_SYMLINK_NOFOLLOW) != 0) return call();
    const Seen here = {moved.st_ino, S_ISDIR(moved.st_mode)};
    const Seen there = target ? look(target->path) : Seen{};
    if (here.inode == there.inode) return call();
    if (here.folder && !(source && target)) die("a folder is moved into or out of POWER_LOSS_ROOT");
    if (there.folder) {
      if (!here.folder || !names_in(target->path).empty()) return call();
      put_away(*target, there);
    } else if (there.inode) {
      keep(there.inode, target->path);
    }
    std::vector<std::pair<Place, Seen>> changes;
    if (source) {
      if (!here.folder) keep(here.inode, source->path);
      changes.push_back({*source, here});
    }
    if (target) changes.push_back({*target, there.folder ? Seen{} : there});
    record(changes);
    return call();
  }

  bool below(const std::string& path) const { return path == root_ || path.starts_with(root_ + "/"); }

 private:
  std::string kept(u64 inode) const { return undo_ + "/inodes/" + std::to_string(inode); }
  std::string put_away_at(u64 inode) const { return undo_ + "/folders/" + std::to_string(inode); }
  std::string log_of(u64 inode, File::Log log) const {
    return undo_ + "/data/" + std::to_string(inode) + "." + std::to_string(log.sequence) + (log.lost ? ".lost" : "");
  }

  // What an earlier process left.
  void resume() {
    for (const std::string& name : names_in(undo_ + "/inodes")) {
      const u64 inode = std::stoull(name);
      files_[inode] = std::make_shared<File>(inode);
    }
    for (const std::string& name : names_in(undo_ + "/data")) {
      const auto dot = name.find('.');
      const u64 sequence = std::stoull(name.substr(dot + 1));
      const auto found = files_.find(std::stoull(name));
      if (found == files_.end()) die("a log without its file");
      found->second->logs.push_back({sequence, name.ends_with(".lost")});
      sequence_ = std::max(sequence_.load(), sequence);
    }
    std::string bytes(size_of(names_), '\0');
    if (pread(names_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) die("the log of names");
    std::size_t whole = 0;
    for (const std::string& body : read_records(bytes)) {
      whole += 8 + body.size();
      const auto u32_at = [&](std::size_t at) { return *reinterpret_cast<const u32*>(body.data() + at); };
      const auto u64_at = [&](std::size_t at) {
        u64 value;
        std::memcpy(&value, body.data() + at, sizeof value);
        return value;
      };
      if (u32_at(0) != kChanged) {
        settle(u64_at(4), u64_at(12), u32_at(0) == kLost);
        continue;
      }
      Change change = {u64_at(4), false, {}, {}};
      sequence_ = std::max(sequence_.load(), change.sequence);
      for (std::size_t at = 12; at < body.size(); at += 24 + u32_at(at + 20)) {
        change.folders.push_back(u64_at(at));
        change.inodes.push_back(u64_at(at + 8));
      }
      changes_.push_back(std::move(change));
    }
    if (syscall(SYS_ftruncate, names_, whole) != 0) die("the log of names cannot be cut");
  }

  static u64 size_of(int fd) {
    struct stat seen;
    if (fstat(fd, &seen) != 0) die("a file's size");
    return static_cast<u64>(seen.st_size);
  }

  static Seen look(const std::string& path) {
    struct stat seen;
    if (lstat(path.c_str(), &seen) != 0) return {};
    return {seen.st_ino, S_ISDIR(seen.st_mode)};
  }

  // Where a path leads to, if that is below the root.
  std::optional<Place> place_of(int at, const char* path) const {
    std::string whole = path[0] == '/' || at == AT_FDCWD ? path : path_of(at) + "/" + path;
    while (whole.size() > 1 && whole.ends_with('/')) whole.pop_back();
    const auto slash = whole.rfind('/');
    const std::string parent = slash == std::string::npos ? "." : whole.substr(0, slash + 1);
    Place place;
    place.name = slash == std::string::npos ? whole : whole.substr(slash + 1);
    char buffer[PATH_MAX];
    if (place.name.empty() || place.name == "." || place.name == ".." || !realpath(parent.c_str(), buffer)) return {};
    if (!below(buffer)) return {};
    struct stat folder;
    if (stat(buffer, &folder) != 0) return {};
    place.folder = folder.st_ino;
    place.path = std::string(buffer) + "/" + place.name;
    return place;
  }

  // The file, if it is a regular one below the root.
  std::shared_ptr<File> find(int fd) {
    struct stat seen;
    if (fstat(fd, &seen) != 0 || !S_ISREG(seen.st_mode) || seen.st_dev != device_) return nullptr;
    {
      const std::shared_lock lock(files_mutex_);
      if (const auto found = files_.find(seen.st_ino); found != files_.end()) return found->second;
    }
    if (!below(read_link(path_of(fd)))) return nullptr;
    return keep(seen.st_ino, path_of(fd), AT_SYMLINK_FOLLOW);
  }

  // The file with a name in UNDO/inodes; null when it has no other name any more.
  std::shared_ptr<File> keep(u64 inode, const std::string& path, int flags = 0) {
    const std::unique_lock lock(files_mutex_);
    auto& file = files_[inode];
    if (file) return file;
    if (syscall(SYS_linkat, AT_FDCWD, path.c_str(), AT_FDCWD, kept(inode).c_str(), flags) != 0) {
      if (errno != ENOENT) die("a file cannot be kept: " + path);
      files_.erase(inode);
      return nullptr;
    }
    file = std::make_shared<File>(inode);
    return file;
  }

  // The body of a record: size of the file (u64), offset (u64), length (u64), and as many of those bytes as there are.
  void remember(File& file, const std::string& path, u64 size, u64 offset, u64 length) {
    if (file.log < 0) {
      file.logs.push_back({++sequence_, false});
      file.log = raw_open(log_of(file.inode, file.logs.back()), O_WRONLY | O_CREAT | O_EXCL | O_APPEND);
      if (file.log < 0) die("a log cannot be made");
    }
    const u64 end = std::max(offset, std::min(offset + length, size));
    int reader = -1;
    u64 at = offset;
    do {
      const u64 there = std::min(end - at, kPart);
      std::string body;
      append_u64(body, size);
      append_u64(body, at);
      append_u64(body, at + there < end ? there : offset + length - at);
      const auto head = body.size();
      body.resize(head + there);
      if (there && reader < 0) {
        reader = raw_open(path, O_RDONLY);
        if (reader < 0) die("a file cannot be read: " + path);
      }
      for (u64 done = 0; done < there;) {
        const auto got = syscall(SYS_pread64, reader, body.data() + head + done, there - done, at + done);
        if (got <= 0) die("old bytes cannot be read");
        done += static_cast<u64>(got);
      }
      write_record(file.log, body);
      at += there;
    } while (at < end);
    if (reader >= 0) raw_close(reader);
  }

  template <class Call>
  int resize(File& file, const std::string& path, u64 size, Call call) {
    const std::lock_guard lock(file.mutex);
    struct stat seen;
    if (!file.dead && stat(path.c_str(), &seen) == 0) {
      const u64 old = static_cast<u64>(seen.st_size);
      remember(file, path, old, std::min(old, size), std::max(old, size) - std::min(old, size));
    }
    return call();
  }

  void drop_log(File& file, u64 sequence) {
    const auto found =
        std::find_if(file.logs.begin(), file.logs.end(), [&](const auto& log) { return log.sequence == sequence; });
    if (found == file.logs.end()) return;
    if (file.log >= 0 && found + 1 == file.logs.end()) {
      raw_close(file.log);
      file.log = -1;
    }
    raw_unlink(log_of(file.inode, *found));
    file.logs.erase(found);
  }

  template <class Call>
  int flush_file(const struct stat& seen, Call call) {
    std::shared_ptr<File> file;
    {
      const std::shared_lock lock(files_mutex_);
      if (const auto found = files_.find(seen.st_ino); found != files_.end()) file = found->second;
    }
    if (!file) return call();
    std::vector<File::Log> covered;
    {
      // What is written from here on is not this flush's.
      const std::lock_guard lock(file->mutex);
      if (file->log >= 0) raw_close(std::exchange(file->log, -1));
      covered = file->logs;
    }
    const int result = call();
    const int error = errno;
    {
      const std::lock_guard lock(file->mutex);
      for (const File::Log& log : covered) {
        if (log.lost) continue;
        if (result == 0) {
          drop_log(*file, log.sequence);
        } else {
          lose_log(*file, log.sequence);
        }
      }
    }
    if (seen.st_nlink == 1) {
      const std::unique_lock names(names_mutex_);
      forget(file->inode);
    }
    errno = error;
    return result;
  }

  void lose_log(File& file, u64 sequence) {
    for (File::Log& log : file.logs) {
      if (log.sequence != sequence || log.lost) continue;
      if (!raw_rename(log_of(file.inode, log), log_of(file.inode, {sequence, true}))) die("a log cannot be marked");
      log.lost = true;
    }
  }

  // ---- Names; with names_mutex_.

  // The body of a record: kChanged (u32), sequence (u64), then for each name its folder (u64), to which inode it led
  // (u64), whether that is a folder (u32), its length (u32), the name.
  void record(const std::vector<std::pair<Place, Seen>>& names) {
    Change change = {++sequence_, false, {}, {}};
    std::string body;
    append_u32(body, kChanged);
    append_u64(body, change.sequence);
    for (const auto& [place, seen] : names) {
      append_u64(body, place.folder);
      append_u64(body, seen.inode);
      append_u32(body, seen.folder);
      append_u32(body, static_cast<u32>(place.name.size()));
      body += place.name;
      change.folders.push_back(place.folder);
      change.inodes.push_back(seen.inode);
    }
    write_record(names_, body);
    changes_.push_back(std::move(change));
  }

  void put_away(const Place& place, const Seen& seen) {
    record({{place, seen}});
    if (!raw_rename(place.path, put_away_at(seen.inode))) die("a folder cannot be kept: " + place.path);
  }

  template <class Call>
  int flush_folder(u64 folder, Call call) {
    u64 until = 0;
    {
      const std::unique_lock names(names_mutex_);
      until = sequence_;
    }
    const int result = call();
    const int error = errno;
    const std::unique_lock names(names_mutex_);
    settled(folder, until, result != 0);
    if (changes_.empty() && syscall(SYS_ftruncate, names_, 0) != 0) die("the log of names cannot be cut");
    errno = error;
    return result;
  }

  // The body of a record: kFlushed or kLost (u32), the folder (u64), the newest sequence that it is about (u64).
  void settled(u64 folder, u64 until, bool lost) {
    const auto concerned = [&](const Change& change) { return concerns(change, folder, until); };
    if (std::none_of(changes_.begin(), changes_.end(), concerned)) return;
    std::string body;
    append_u32(body, lost ? kLost : kFlushed);
    append_u64(body, folder);
    append_u64(body, until);
    write_record(names_, body);
    for (const u64 inode : settle(folder, until, lost)) forget(inode);
  }

  static bool concerns(const Change& change, u64 folder, u64 until) {
    return !change.lost && change.sequence <= until &&
           std::find(change.folders.begin(), change.folders.end(), folder) != change.folders.end();
  }

  // The inodes that fewer changes need now.
  std::vector<u64> settle(u64 folder, u64 until, bool lost) {
    std::vector<u64> inodes;
    for (Change& change : changes_) {
      if (!concerns(change, folder, until)) continue;
      if (lost) {
        change.lost = true;
      } else {
        inodes.insert(inodes.end(), change.inodes.begin(), change.inodes.end());
      }
    }
    if (!lost) std::erase_if(changes_, [&](const Change& change) { return concerns(change, folder, until); });
    return inodes;
  }

  // Lets go of what can never have a name again.
  void forget(u64 inode) {
    if (!inode) return;
    for (const Change& change : changes_) {
      if (std::find(change.inodes.begin(), change.inodes.end(), inode) != change.inodes.end()) return;
    }
    if (look(put_away_at(inode)).folder) {
      settled(inode, sequence_, false);  // Whatever happened in there.
      syscall(SYS_unlinkat, AT_FDCWD, put_away_at(inode).c_str(), AT_REMOVEDIR);
      return;
    }
    const std::unique_lock lock(files_mutex_);
    const auto found = files_.find(inode);
    if (found == files_.end()) return;
    const auto file = found->second;
    const std::lock_guard held(file->mutex);
    struct stat seen;
    if (lstat(kept(inode).c_str(), &seen) != 0 || seen.st_nlink > 1) return;
    while (!file->logs.empty()) drop_log(*file, file->logs.back().sequence);
    raw_unlink(kept(inode));
    file->dead = true;
    files_.erase(found);
  }

  bool must_fail(int fd) {
    if (fail_sync_ == 0) return false;
    const std::string path = read_link(path_of(fd));
    if (!below(path) || path.find(fail_where_) == std::string::npos) return false;
    return ++flushes_ % fail_sync_ == 0;
  }

  std::string root_, undo_;
  dev_t device_ = 0;   // Of files. Some file systems give folders another one.
  u64 fail_sync_ = 0;  // 0 = never.
  std::string fail_where_;
  std::atomic<u64> flushes_ = 0;
  std::atomic<u64> sequence_ = 0;

  std::mutex names_mutex_;  // Before files_mutex_, before the mutex of a File.
  int names_ = -1;
  std::vector<Change> changes_;

  std::shared_mutex files_mutex_;
  std::unordered_map<u64, std::shared_ptr<File>> files_;
};

// Null when nothing is to be remembered. Never destroyed: threads may outlive main().
Memory* memory() {
  static Memory* const made = [] {
    const char* root = std::getenv("POWER_LOSS_ROOT");
    return root ? new Memory(root, std::getenv("POWER_LOSS_UNDO")) : nullptr;
  }();
  return made;
}

u64 size_of(const iovec* parts, int count) {
  u64 size = 0;
  for (int i = 0; i < count; ++i) size += parts[i].iov_len;
  return size;
}

template <class Call>
auto change_bytes(int fd, std::optional<off_t> offset, u64 length, Call call) {
  Memory* const made = memory();
  return made ? made->change_bytes(fd, offset, length, call) : call();
}

template <class Call>
auto opening(int at, const char* path, int flags, Call call) {
  // Most calls change nothing, and an allocator may make them before it can allocate.
  if (!(flags & (O_CREAT | O_TRUNC))) return call();
  Memory* const made = memory();
  return made ? made->open(at, path, flags, call) : call();
}

template <class Call>
auto opening(const char* path, const char* mode, Call call) {
  return opening(AT_FDCWD, path, mode[0] == 'w' ? O_CREAT | O_TRUNC : mode[0] == 'a' ? O_CREAT : 0, call);
}

template <class Call>
int making(int at, const char* path, Call call) {
  Memory* const made = memory();
  return made ? made->make(at, path, call) : call();
}

template <class Call>
int flushing(int fd, Call call) {
  Memory* const made = memory();
  return made ? made->flush(fd, call) : call();
}

mode_t mode_of(int flags, va_list arguments) {
  return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

// ---- Bytes

EXPORT ssize_t write(int fd, const void* bytes, size_t size) {
  REAL(write);
  return change_bytes(fd, {}, size, [&] { return real(fd, bytes, size); });
}
EXPORT ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  REAL(pwrite);
  return change_bytes(fd, offset, size, [&] { return real(fd, bytes, size, offset); });
}
EXPORT ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  REAL(pwrite64);
  return change_bytes(fd, offset, size, [&] { return real(fd, bytes, size, offset); });
}
EXPORT ssize_t writev(int fd, const iovec* parts, int count) {
  REAL(writev);
  return change_bytes(fd, {}, size_of(parts, count), [&] { return real(fd, parts, count); });
}
EXPORT ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) {
  REAL(pwritev);
  return change_bytes(fd, offset, size_of(parts, count), [&] { return real(fd, parts, count, offset); });
}
EXPORT ssize_t pwritev64(int fd, const iovec* parts, int count, off64_t offset) {
  REAL(pwritev64);
  return change_bytes(fd, offset, size_of(parts, count), [&] { return real(fd, parts, count, offset); });
}
EXPORT ssize_t pwritev2(int fd, const iovec* parts, int count, off_t offset, int flags) {
  REAL(pwritev2);
  const auto at = offset == -1 ? std::nullopt : std::optional(offset);
  return change_bytes(fd, at, size_of(parts, count), [&] { return real(fd, parts, count, offset, flags); });
}
EXPORT ssize_t pwritev64v2(int fd, const iovec* parts, int count, off64_t offset, int flags) {
  REAL(pwritev64v2);
  const auto at = offset == -1 ? std::nullopt : std::optional(offset);
  return change_bytes(fd, at, size_of(parts, count), [&] { return real(fd, parts, count, offset, flags); });
}
EXPORT ssize_t sendfile(int out, int in, off_t* offset, size_t size) {
  REAL(sendfile);
  return change_bytes(out, {}, size, [&] { return real(out, in, offset, size); });
}
EXPORT ssize_t sendfile64(int out, int in, off64_t* offset, size_t size) {
  REAL(sendfile64);
  return change_bytes(out, {}, size, [&] { return real(out, in, offset, size); });
}
EXPORT ssize_t copy_file_range(int in, off64_t* in_offset, int out, off64_t* out_offset, size_t size, unsigned flags) {
  REAL(copy_file_range);
  const auto at = out_offset ? std::optional(*out_offset) : std::nullopt;
  return change_bytes(out, at, size, [&] { return real(in, in_offset, out, out_offset, size, flags); });
}
EXPORT int fallocate(int fd, int mode, off_t offset, off_t size) {
  REAL(fallocate);
  if (mode == FALLOC_FL_KEEP_SIZE) return real(fd, mode, offset, size);
  if (mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)) die("fallocate moves bytes");
  return change_bytes(fd, offset, static_cast<u64>(size), [&] { return real(fd, mode, offset, size); });
}
EXPORT int fallocate64(int fd, int mode, off64_t offset, off64_t size) {
  return fallocate(fd, mode, offset, size);
}
EXPORT int posix_fallocate(int fd, off_t offset, off_t size) {
  REAL(posix_fallocate);
  return change_bytes(fd, offset, static_cast<u64>(size), [&] { return real(fd, offset, size); });
}
EXPORT int posix_fallocate64(int fd, off64_t offset, off64_t size) {
  return posix_fallocate(fd, offset, size);
}
EXPORT int ftruncate(int fd, off_t size) noexcept {
  REAL(ftruncate);
  const auto call = [&] { return real(fd, size); };
  return memory() ? memory()->resize(fd, static_cast<u64>(size), call) : call();
}
EXPORT int ftruncate64(int fd, off64_t size) noexcept {
  return ftruncate(fd, size);
}
EXPORT int truncate(const char* path, off_t size) noexcept {
  REAL(truncate);
  const auto call = [&] { return real(path, size); };
  return memory() ? memory()->resize(path, static_cast<u64>(size), call) : call();
}
EXPORT int truncate64(const char* path, off64_t size) noexcept {
  return truncate(path, size);
}
EXPORT void* mmap(void* where, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  if (fd >= 0 && (flags & MAP_SHARED) && (protection & PROT_WRITE) && memory() &&
      memory()->below(read_link(path_of(fd)))) {
    die("a writable shared mapping");
  }
  return reinterpret_cast<void*>(syscall(SYS_mmap, where, size, protection, flags, fd, offset));
}
EXPORT void* mmap64(void* where, size_t size, int protection, int flags, int fd, off64_t offset) noexcept {
  return mmap(where, size, protection, flags, fd, offset);
}

// ---- Flushes

EXPORT int fsync(int fd) {
  REAL(fsync);
  return flushing(fd, [&] { return real(fd); });
}
EXPORT int fdatasync(int fd) {
  REAL(fdatasync);
  return flushing(fd, [&] { return real(fd); });
}

// ---- Names

#define OPENS(name, AT, PARAMETERS, ARGUMENTS)                       \
  EXPORT int name PARAMETERS {                                       \
    REAL(name);                                                      \
    va_list arguments;                                               \
    va_start(arguments, flags);                                      \
    const mode_t mode = mode_of(flags, arguments);                   \
    va_end(arguments);                                               \
    return opening(AT, path, flags, [&] { return real ARGUMENTS; }); \
  }
OPENS(open, AT_FDCWD, (const char* path, int flags, ...), (path, flags, mode))
OPENS(open64, AT_FDCWD, (const char* path, int flags, ...), (path, flags, mode))
OPENS(openat, at, (int at, const char* path, int flags, ...), (at, path, flags, mode))
OPENS(openat64, at, (int at, const char* path, int flags, ...), (at, path, flags, mode))
#undef OPENS

// What open() without a mode becomes in fortified programs.
EXPORT int __open_2(const char* path, int flags) {
  return open(path, flags);
}
EXPORT int __open64_2(const char* path, int flags) {
  return open64(path, flags);
}
EXPORT int __openat_2(int at, const char* path, int flags) {
  return openat(at, path, flags);
}
EXPORT int __openat64_2(int at, const char* path, int flags) {
  return openat64(at, path, flags);
}
EXPORT int creat(const char* path, mode_t mode) {
  return open(path, O_CREAT | O_TRUNC | O_WRONLY, mode);
}
EXPORT int creat64(const char* path, mode_t mode) {
  return open64(path, O_CREAT | O_TRUNC | O_WRONLY, mode);
}
EXPORT FILE* fopen(const char* path, const char* mode) {
  REAL(fopen);
  return opening(path, mode, [&] { return real(path, mode); });
}
EXPORT FILE* fopen64(const char* path, const char* mode) {
  REAL(fopen64);
  return opening(path, mode, [&] { return real(path, mode); });
}
EXPORT int mkdir(const char* path, mode_t mode) noexcept {
  REAL(mkdir);
  return making(AT_FDCWD, path, [&] { return real(path, mode); });
}
EXPORT int mkdirat(int at, const char* path, mode_t mode) noexcept {
  REAL(mkdirat);
  return making(at, path, [&] { return real(at, path, mode); });
}
EXPORT int link(const char* from, const char* to) noexcept {
  REAL(link);
  return making(AT_FDCWD, to, [&] { return real(from, to); });
}
EXPORT int linkat(int from_at, const char* from, int to_at, const char* to, int flags) noexcept {
  REAL(linkat);
  return making(to_at, to, [&] { return real(from_at, from, to_at, to, flags); });
}
EXPORT int symlink(const char* target, const char* path) noexcept {
  REAL(symlink);
  return making(AT_FDCWD, path, [&] { return real(target, path); });
}
EXPORT int symlinkat(const char* target, int at, const char* path) noexcept {
  REAL(symlinkat);
  return making(at, path, [&] { return real(target, at, path); });
}
EXPORT int rmdir(const char* path) noexcept {
  REAL(rmdir);
  const auto call = [&] { return real(path); };
  return memory() ? memory()->remove_folder(AT_FDCWD, path, call) : call();
}
EXPORT int unlink(const char* path) noexcept {
  REAL(unlink);
  const auto call = [&] { return real(path); };
  return memory() ? memory()->unlink(AT_FDCWD, path, call) : call();
}
EXPORT int unlinkat(int at, const char* path, int flags) noexcept {
  REAL(unlinkat);
  const auto call = [&] { return real(at, path, flags); };
  if (!memory()) return call();
  return (flags & AT_REMOVEDIR) ? memory()->remove_folder(at, path, call) : memory()->unlink(at, path, call);
}
EXPORT int remove(const char* path) noexcept {
  struct stat seen;
  if (lstat(path, &seen) != 0) return -1;
  return S_ISDIR(seen.st_mode) ? rmdir(path) : unlink(path);
}
EXPORT int rename(const char* from, const char* to) noexcept {
  REAL(rename);
  const auto call = [&] { return real(from, to); };
  return memory() ? memory()->rename(AT_FDCWD, from, AT_FDCWD, to, call) : call();
}
EXPORT int renameat(int from_at, const char* from, int to_at, const char* to) noexcept {
  REAL(renameat);
  const auto call = [&] { return real(from_at, from, to_at, to); };
  return memory() ? memory()->rename(from_at, from, to_at, to, call) : call();
}
EXPORT int renameat2(int from_at, const char* from, int to_at, const char* to, unsigned flags) noexcept {
  REAL(renameat2);
  if (flags & RENAME_EXCHANGE) die("a rename exchanges two names");
  const auto call = [&] { return real(from_at, from, to_at, to, flags); };
  return memory() ? memory()->rename(from_at, from, to_at, to, call) : call();
}
