// server/owner_work.h: what an owner asks of a data folder that takes a while: backups and checks, with the store open
// in this process, whether it serves or not.
//
// Threads: everything blocks, not on a core. Returns sentences for the owner; throws OwnerError, and what the rooms
// below throw (store::Stopped, BackupFailed, StoreDown).
#pragma once
#include "base/clock.h"
#include "server/data_folder.h"
#include "store/rocks/rocks_kv.h"

namespace helio::server {

struct BackupRequest {
  std::filesystem::path folder;  // Absolute: the server has a working directory of its own.
  std::uint32_t keep = 7;
  bool quick = false;
};

// Words of the admin socket, behind "backup" and "check".
std::vector<std::string> to_words(const BackupRequest& request);
std::optional<BackupRequest> backup_request(const std::vector<std::string>& words);

std::string back_up(const BackupRequest& request, const DataFolder& data, store::RocksKv& kv, const Clock& clock,
                    const store::Watch& watch);

// Throws OwnerError with a line for everything that is wrong. `quick`: without reading the blobs.
std::string check(bool quick, const DataFolder& data, store::RocksKv& kv, const store::Watch& watch);

}  // namespace helio::server
