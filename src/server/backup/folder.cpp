#include "server/backup/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "server/owner_error.h"

namespace helio::server::backup {

namespace {

namespace fs = std::filesystem;

constexpr int kDigits = 8;

}  // namespace

fs::path Folder::backup(std::uint32_t number) const {
  std::string digits = std::to_string(number);
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return path_ / "backups" / digits;
}

// A folder or a manifest that only cannot be read must not look like none: what is not there is removed from the store.
std::vector<std::uint32_t> Folder::numbers(bool with_manifest) const {
  std::vector<std::uint32_t> found;
  if (!is_there(path_ / "backups")) return found;
  for (const auto& entry : fs::directory_iterator(path_ / "backups")) {
    const std::string name = entry.path().filename().string();
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || end != name.data() + name.size() || backup(number) != entry.path()) continue;
    if (is_there(manifest(number)) == with_manifest) found.push_back(number);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::uint32_t> Folder::finished() const {
  return numbers(true);
}

std::vector<std::uint32_t> Folder::unfinished() const {
  return numbers(false);
}

Manifest Folder::read(std::optional<std::uint32_t> number) const {
  const auto there = finished();
  if (there.empty()) {
    throw OwnerError("there is no backup in " + path_.string() +
                     ": name the folder that `heliograph backup` was given");
  }
  const std::uint32_t chosen = number.value_or(there.back());
  if (!std::binary_search(there.begin(), there.end(), chosen)) {
    std::string all;
    for (const auto each : there) all += (all.empty() ? "" : ", ") + std::to_string(each);
    throw OwnerError("there is no backup " + std::to_string(chosen) + " in " + path_.string() + ", only " + all);
  }
  const auto file = manifest(chosen);
  Manifest found = parse_manifest(read_small_file(file), file.string());
  if (found.number != chosen) {
    throw damaged(file.string() + " belongs to backup " + std::to_string(found.number));
  }
  return found;
}

FolderLock::FolderLock(const Folder& folder, Use use) {
  const auto file = folder.path() / "lock";
  std::error_code none;
  if (use == Use::kWrite) {
    if (!fs::exists(file, none) && !is_empty_or_missing(folder.path())) {
      throw OwnerError(folder.path().string() +
                       " holds something else than backups: choose a folder that is empty or does not exist");
    }
    make_folder(folder.path());
    lock_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0) throw OwnerError("cannot write into " + folder.path().string() + ": " + std::strerror(errno));
  } else {
    lock_ = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (lock_ < 0) return;
  }
  if (flock(lock_, (use == Use::kWrite ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
    const int error = errno;
    close(lock_);
    if (error != EWOULDBLOCK) throw OwnerError("cannot lock " + file.string() + ": " + std::strerror(error));
    throw OwnerError("the backups in " + folder.path().string() + " are in use by another command: wait until it ends");
  }
}

FolderLock::~FolderLock() {
  if (lock_ >= 0) close(lock_);
}

std::string size_text(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) value /= 1024, ++unit;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string time_text(std::int64_t unixtime) {
  const std::time_t time = unixtime;
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text;
}

}  // namespace helio::server::backup
