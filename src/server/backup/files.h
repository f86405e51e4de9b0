// server/backup/files.h: files that are copied, checksummed, and flushed to the disk, names and all.
//
// Threads: everything blocks. Errors: OwnerError, which names the file and what the system said; store::Stopped.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/bytes.h"
#include "store/watch.h"

namespace helio::server::backup {

// Enough to tell a damaged file from a whole one: its size and XXH3-128, in hex.
struct Sum {
  std::uint64_t size = 0;
  Bytes hash = {};

  bool operator==(const Sum&) const = default;
};

Bytes read_small_file(const std::filesystem::path& file);  // Up to 64 MiB.
Sum sum_of(const std::filesystem::path& file, const store::Watch& watch);
Sum sum_of_bytes(View bytes);

// Writes a new file and flushes it; its name lasts once its folder was flushed. `seen` is given all bytes, in order.
Sum copy_file(const std::filesystem::path& from, const std::filesystem::path& to, mode_t mode,
              const store::Watch& watch, const std::function<void(View)>& seen = nullptr);
// Reads all of a file in pieces.
void each_piece(const std::filesystem::path& file, const store::Watch& watch, const std::function<void(View)>& seen);

// The whole file or the one before it, whenever the power fails.
void replace_file(const std::filesystem::path& file, View content);

// For its user only, with its parents; lasts.
void make_folder(const std::filesystem::path& folder);
void flush_folder(const std::filesystem::path& folder);
void flush_file(const std::filesystem::path& file);
// False only when there is certainly none.
bool is_there(const std::filesystem::path& file);
bool is_empty_or_missing(const std::filesystem::path& folder);
// With all that is in it; nothing when it is not there.
void remove_folder(const std::filesystem::path& folder);

}  // namespace helio::server::backup
