// store/rocks/backup.h: copies of the embedded engine's database: made while it is written to, kept side by side in one
// folder, compared, restored.
//
// Shape:   a folder of numbered backups in the format of RocksDB's BackupEngine. Table files are shared: a backup
// copies
//          only those that the ones before it lack. A backup is one moment of the whole database, all families.
// Content: a backup is read back from its own files, as a database, into counts and a digest. Who keeps them beside the
//          backup can compare every later copy with them.
// Damage:  the blocks of every file that is new in the folder are verified while it is made, so that a store that rots
//          is found by its next backup. Whole files are for the caller to checksum (server/backup/manifest.h).
// Durable: back_up() and restore() have flushed everything, directories too, when they return.
// Threads: all calls block, for as long as the disks need; one writing call on a folder at a time.
// Errors:  BackupFailed, one sentence for the owner; Stopped, when the Watch says so. A folder that either leaves
// behind
//          holds its older backups unharmed; remains are removed by the next back_up().
// Format:  docs/storage.md, "Backups".
#pragma once
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "store/watch.h"

namespace helio::store::rocks {

class Database;

struct BackupFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What a database holds.
struct Content {
  std::uint64_t partitions = 0;
  std::uint64_t pending = 0;  // Partitions of them.
  std::uint64_t rows = 0;
  std::uint64_t size = 0;  // Bytes of keys and values of the rows.
  Bytes digest = {};       // 32 hex digits over partitions, versions, pending marks and rows.

  bool operator==(const Content&) const = default;
};

struct StoreBackup {
  std::uint32_t number = 0;
  std::uint32_t format = 0, buckets = 0;
  std::uint64_t sequence = 0;           // The newest commit in it.
  std::vector<std::string> files = {};  // All it consists of, relative to the folder; others may share them.
};

// Makes the next backup in `folder`, which is made when it does not exist. What is not in RocksDB is not in the backup:
// the engine folds first.
StoreBackup back_up(Database& database, const std::filesystem::path& folder, const Watch& watch);

// Numbers of the backups in `folder`, oldest first, whatever their condition.
std::vector<std::uint32_t> backups_in(const std::filesystem::path& folder);
// Deletes one, and the files that no other needs.
void forget_backup(const std::filesystem::path& folder, std::uint32_t number);

// Reads all of a backup.
Content content_of_backup(const std::filesystem::path& folder, std::uint32_t number, const Watch& watch);
// Writes a backup into the folder `store`, which does not exist or is empty, with an empty journal. Throws OpenError
// too.
void restore_backup(const std::filesystem::path& folder, std::uint32_t number, const std::filesystem::path& store);

// Reads all of a store that nobody has open. What its journal has beyond RocksDB is not looked at: a restored store has
// nothing there.
Content content_of_store(const std::filesystem::path& store, const Watch& watch);

// A restored store has forgotten ids that clients have seen: how many at most. Adds `ids` to what the store says
// already, for it may have been restored before; refuses beyond kLostIdsLimit (store/kv.h). Nobody has the store open.
// Throws OpenError too.
void lose_ids(const std::filesystem::path& store, std::uint32_t ids);

}  // namespace helio::store::rocks
