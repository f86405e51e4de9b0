// server/backup/folder.h: the folder that backups are kept in.
//
//   DIR/backups/00000007/manifest         what backup 7 consists of; written last, removed first
//   DIR/backups/00000007/blobs            the blobs that it needs
//   DIR/backups/00000007/keys/            the keys of the server
//   DIR/backups/00000007/heliograph.toml  its settings, if it has any
//   DIR/store/                            the database (store/rocks/backup.h)
//   DIR/blobs/                            blobs, shared by all backups
//   DIR/lock                              held by whoever writes or removes a backup
//
// A backup without a manifest was interrupted, and is none. Errors: OwnerError, and filesystem_error for what cannot be
// read.
#pragma once
#include <filesystem>
#include <vector>

#include "server/backup/manifest.h"

namespace helio::server::backup {

class Folder {
 public:
  explicit Folder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path store() const { return path_ / "store"; }
  std::filesystem::path blobs() const { return path_ / "blobs"; }
  std::filesystem::path backup(std::uint32_t number) const;
  std::filesystem::path manifest(std::uint32_t number) const { return backup(number) / "manifest"; }
  // How manifests call a file of the folder.
  std::string name_of(const std::filesystem::path& file) const { return file.lexically_relative(path_).string(); }

  // Whole or damaged, oldest first: those with a manifest.
  std::vector<std::uint32_t> finished() const;
  // Those without.
  std::vector<std::uint32_t> unfinished() const;
  // The newest, or that of `number`. Throws when there is none, or its manifest is damaged.
  Manifest read(std::optional<std::uint32_t> number) const;

 private:
  std::vector<std::uint32_t> numbers(bool with_manifest) const;

  std::filesystem::path path_;
};

// One writer, or any number of readers. A writer makes the folder where there is none, and refuses one that holds
// something else. A reader of a folder on a read-only disk needs no lock, and takes none.
class FolderLock {
 public:
  enum class Use { kRead, kWrite };
  FolderLock(const Folder& folder, Use use);
  FolderLock(const FolderLock&) = delete;
  ~FolderLock();

 private:
  int lock_ = -1;
};

// "123 KiB", "4.5 MiB".
std::string size_text(std::uint64_t bytes);
// "2026-01-31 12:00:00 UTC".
std::string time_text(std::int64_t unixtime);

}  // namespace helio::server::backup
