// store/rocks/rocks_kv.h: the embedded engine: store/kv.h on a RocksDB in a local directory, owned by this process
// alone.
//
// Commits: one writer thread appends everything that waits, of all cores, to the journal as one group, flushes it to
// the
//          disk, and only then answers: under load one flush carries many commits. The queue is bounded; a commit that
//          finds it full is answered kUnavailable.
// Rows:    what was committed lately is kept in memory (generations), is folded into RocksDB in large sorted files, and
//          is replayed from the journal after a crash until then.
// Reads:   in the caller's thread while memory has the answer, else on a small pool of threads.
// Failure: a write or flush that fails is never tried again, because the kernel forgets what it could not write. Those
//          in flight are answered kUnknown and `fatal` is called; the next start recovers from the journal.
// Full:    a disk with too little room (store/disk_space.h) makes commits kUnavailable; reads go on, and commits do too
//          as soon as there is room again.
// Files:   docs/storage.md, "The embedded engine".
#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "store/disk_space.h"
#include "store/kv.h"
#include "store/watch.h"

namespace helio::store {

namespace rocks {
struct StoreBackup;
struct CheckReport;
}  // namespace rocks

struct RocksOptions {
  std::filesystem::path directory;  // Made when it does not exist.
  std::size_t memory = 256 << 20;   // Bytes: half for generations, half for RocksDB's cache; at least 16 MiB.
  int reader_threads = 4;           // For reads that memory cannot answer.
  std::size_t queue_commits_max = 65'536;
  std::size_t queue_size_max = 64 << 20;  // Bytes of batches.
  std::size_t group_size_max = 8 << 20;   // Bytes of batches that share one flush; what is more than 8 MiB is 8 MiB.
  std::size_t segment_size = 32 << 20;  // Bytes of a new segment of the journal, larger only for a group that needs it.
  std::size_t generation_size = 0;      // Bytes of memory after which a generation is folded; 0: memory / 4.
  std::chrono::milliseconds full_disk_pause{1'000};  // After which RocksDB tries again to write to it.
  // The disk failed: ends the process; when unset, with exit code 1. Called once, on a thread of the engine: a test
  // that returns gets an engine that answers kUnavailable for ever.
  std::function<void(std::string_view reason)> fatal = nullptr;
  // Tests: how much room there is; unset: what the disk says.
  std::function<DiskSpace()> disk_space = nullptr;
  // Tests: a thread of the engine reached a named point of its code.
  std::function<void(std::string_view point)> reached = nullptr;
};

class RocksKv final : public Kv {
 public:
  explicit RocksKv(RocksOptions options);  // Throws OpenError.
  ~RocksKv() override;                     // As stop(), then closes the database.

  Task<Commit> commit(Batch batch) override;
  Task<Values> get(Bytes partition, std::vector<Bytes> keys) override;
  Task<Page> scan(Bytes partition, Scan scan) override;
  Task<std::vector<Bytes>> pending(std::uint32_t bucket) override;
  std::uint32_t lost_ids_max() const override;

  // Finishes what is in flight; later commits are answered kUnavailable, later reads serve what memory has. Any thread.
  void stop();

  struct Counts {
    std::uint64_t commits = 0;  // kCommitted.
    std::uint64_t groups = 0;   // Flushes that carried them.
    std::uint64_t folds = 0;    // Generations that went into RocksDB.
  };
  Counts counts() const;  // Any thread.

  // Waits until everything that was committed before the call is in RocksDB. Blocks, on a thread that is neither a
  // core's nor the engine's, for five minutes at most. False: the engine stops or has failed, or the disk is full or
  // stands still.
  bool fold_all();
  // fold_all(), and waits until RocksDB has nothing left to do either: what is done in the background belongs to the
  // price of a commit. False: as above, or it was not done in five minutes.
  bool settle();

  // Copies everything that was committed before the call, and perhaps more, into a folder of backups. Blocks, on a
  // thread that is neither a core's nor the engine's, while commits go on. Throws BackupFailed (store/rocks/backup.h);
  // while the disk of the store is full, after seconds.
  rocks::StoreBackup back_up(const std::filesystem::path& folder, const Watch& watch);
  // Checks everything that was committed before the call. Blocks, as back_up() does (store/rocks/check.h). Throws
  // StoreDown where that throws BackupFailed.
  rocks::CheckReport check(const Watch& watch);

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace helio::store
