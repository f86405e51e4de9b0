// server/backup/verify.h: whether a backup is whole: everything is read and compared with its manifest.
#pragma once
#include "server/backup/folder.h"
#include "store/watch.h"

namespace helio::server::backup {

// Every file that the manifest names, and every blob, against checksums. Throws OwnerError, which names the first that
// is missing or damaged.
void verify_files(const Folder& folder, const Manifest& manifest, const store::Watch& watch);

// That, and the database, opened from the backup's own files, against the counts and the digest of the manifest.
// Returns a sentence about what is in it.
std::string verify(const Folder& folder, std::optional<std::uint32_t> number, const store::Watch& watch);

// Throws OwnerError when both exist and differ; `where` says whose content was `found`.
void compare(const Manifest& manifest, const store::rocks::Content& found, const std::string& where);

}  // namespace helio::server::backup
