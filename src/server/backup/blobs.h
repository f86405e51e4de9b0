// server/backup/blobs.h: the blobs of a backup: files named by the SHA-256 of what they contain, so that every backup
// in a folder shares them, and a list for each backup of those that it needs.
//
// Shape:   a folder of blobs as store/disk keeps it: two hex digits, then the file of 64. A list has one line for each
//          blob, its name and the size of its file, in the order of names.
// Memory:  lists and folders are read side by side, a 256th at a time.
// Errors:  OwnerError, which names the file; store::Stopped.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "store/watch.h"

namespace helio::server::backup {

struct BlobTotals {
  std::uint64_t blobs = 0, size = 0;   // Listed: files and their bytes.
  std::uint64_t copied = 0;            // Files of them that were not there before.
  std::uint64_t faults = 0;            // Files that are not what their names say, or cannot be read: left out.
  std::vector<std::string> damaged{};  // The first 100 of them, a sentence each.
};

// Copies to `to` what it lacks of `from`, and writes the list. A blob that is erased meanwhile is left out.
BlobTotals copy_blobs(const std::filesystem::path& from, const std::filesystem::path& to,
                      const std::filesystem::path& list, const store::Watch& watch);

// Every blob of the list is in `folder`, and is what its name says.
void verify_blobs(const std::filesystem::path& list, const std::filesystem::path& folder, const store::Watch& watch);
void restore_blobs(const std::filesystem::path& list, const std::filesystem::path& folder,
                   const std::filesystem::path& to, const store::Watch& watch);

// Removes from `folder` what none of the lists names.
void purge_blobs(const std::filesystem::path& folder, const std::vector<std::filesystem::path>& lists);

// Reads every blob of `folder` and compares it with its name; the totals say what was found.
BlobTotals check_blobs(const std::filesystem::path& folder, const store::Watch& watch);

}  // namespace helio::server::backup
