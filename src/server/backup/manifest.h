// server/backup/manifest.h: what a backup consists of, with the checksum of every file, in a text of its own.
//
// A backup is whole when its manifest is there and says so of itself (its last line is the checksum of all before it),
// and every file it names is there with its size and checksum. It is written last.
// Format: docs/storage.md, "Backups".
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "server/backup/files.h"
#include "server/owner_error.h"
#include "store/rocks/backup.h"

namespace helio::server::backup {

// `what` says which file, and what is wrong with it; the sentence goes on with what an owner can do.
OwnerError damaged(const std::string& what);

struct Manifest {
  std::uint32_t number = 0;
  std::int64_t taken = 0;  // Seconds since 1970, when it began.
  std::uint32_t format = 0, buckets = 0;
  std::uint64_t sequence = 0;                                   // The newest commit in it.
  std::optional<store::rocks::Content> content = std::nullopt;  // nullopt: it was taken without (--quick).
  std::uint64_t blobs = 0, blobs_size = 0;                      // Files and bytes; the file `blobs` names them.
  struct File {
    std::string path;  // Relative to the folder of backups.
    Sum sum;
    bool operator==(const File&) const = default;
  };
  std::vector<File> files = {};

  bool operator==(const Manifest&) const = default;
};

std::string to_text(const Manifest& manifest);
// Believed only after its checksum. Throws OwnerError, which calls the text `name`: cut, damaged, or of a newer
// release.
Manifest parse_manifest(View text, const std::string& name);

}  // namespace helio::server::backup
