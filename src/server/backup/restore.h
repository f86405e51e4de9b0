// server/backup/restore.h: a data folder made from a backup, on this machine or another.
//
// Order:   the whole backup is verified before the target is touched. A marker stands in the target from the first
//          byte to the last flush: serve and restore refuse a folder that has it.
// Epoch:   the server that was lost may have gone on after the backup: its clients know message numbers that the
//          restored one would give again. The store is told how many at most (store::rocks::lose_ids), and skips them.
// Checked: the restored database is read and compared with the manifest.
#pragma once
#include "base/clock.h"
#include "server/backup/folder.h"
#include "store/watch.h"

namespace helio::server::backup {

// `data` does not exist or is empty. Returns a sentence about what was done. Throws OwnerError,
// store::rocks::BackupFailed, store::OpenError, store::Stopped.
std::string restore(const Folder& folder, std::optional<std::uint32_t> number, const std::filesystem::path& data,
                    const Clock& clock, const store::Watch& watch);

// Throws OwnerError when a restore into `data` began and did not end.
void refuse_half_restored(const std::filesystem::path& data);

}  // namespace helio::server::backup
