// server/backup/take.h: one more backup of a data folder, beside those that are there.
//
// Order:   the rows first, then the blobs: so every blob that a row names is in it, if whoever has the blobs open keeps
//          them meanwhile (DiskBlobs::keep_all). The manifest last: until then the backup does not exist, and what an
//          interrupted one left behind is removed by the next.
// Reads:   what it wrote is read back: the new table files block by block, and, unless `quick`, the whole database from
//          its copy, into the counts and the digest that every later copy is compared with.
// Older:   backups beyond `keep` are removed, after the new one has been flushed to the disk.
// Threads: blocks, for as long as the disks need; not on a core.
#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "base/clock.h"
#include "store/rocks/backup.h"
#include "store/watch.h"

namespace helio::server::backup {

struct TakeOptions {
  std::filesystem::path data;    // Whose backup: keys, settings and blobs are copied from here,
  std::filesystem::path folder;  // and go here.
  std::uint32_t keep = 7;        // At least 1.
  bool quick = false;
};

// How the database gets into the folder: by the engine that has it open (RocksKv::back_up).
using CopyStore = std::function<store::rocks::StoreBackup(const std::filesystem::path& folder, const store::Watch&)>;

// Returns a sentence about what was done. Throws OwnerError, store::rocks::BackupFailed, store::Stopped. Blobs that are
// damaged or cannot be read are left out; the backup is made, and an OwnerError says so and names them.
std::string take(const TakeOptions& options, const CopyStore& copy_store, const Clock& clock,
                 const store::Watch& watch);

}  // namespace helio::server::backup
