// store/rocks/rocks_kv.h: the embedded engine: store/kv.h on a RocksDB in a local directory, owned by this process
// alone.
//
// Commits: one writer thread makes one RocksDB batch of everything that waits, of all cores, and flushes it to the disk
//          before anyone is answered: under load one flush carries many commits. The queue is bounded; a commit that
//          finds it full is answered kUnavailable.
// Reads:   in the caller's thread while memory has the answer, else on a small pool of threads.
// Failure: a write or flush that fails is never tried again, because the kernel forgets what it could not write. Those
// in
//          flight are answered kUnknown and `fatal` is called; the next start recovers from the log.
// Files:   docs/storage.md, "The embedded engine".
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "store/kv.h"

namespace rocksdb {
class Env;
}

namespace helio::store {

struct RocksOptions {
  std::filesystem::path directory;  // Made when it does not exist.
  std::size_t memory = 256 << 20;   // Bytes for caches and write buffers together; at least 16 MiB.
  int reader_threads = 4;           // For reads that memory cannot answer.
  std::size_t queue_commits_max = 65'536;
  std::size_t queue_size_max = 64 << 20;  // Bytes of batches.
  std::size_t group_size_max = 8 << 20;   // Bytes of batches that share one flush.
  // The disk failed: ends the process; when unset, with exit code 1. Called on the writer thread, which then ends: a
  // test that returns gets an engine that answers kUnavailable for ever.
  std::function<void(std::string_view reason)> fatal;
  rocksdb::Env* env = nullptr;  // Tests: other files. Outlives the engine.
};

class RocksKv final : public Kv {
 public:
  explicit RocksKv(RocksOptions options);  // Throws OpenError.
  ~RocksKv() override;                     // As stop(), then closes the database.

  Task<Commit> commit(Batch batch) override;
  Task<Values> get(Bytes partition, std::vector<Bytes> keys) override;
  Task<Page> scan(Bytes partition, Scan scan) override;
  Task<std::vector<Bytes>> pending(std::uint32_t bucket) override;

  // Finishes what is in flight; later commits are answered kUnavailable, later reads serve what memory has. Any thread.
  void stop();

  struct Counts {
    std::uint64_t commits = 0;  // kCommitted.
    std::uint64_t groups = 0;   // Flushes that carried them.
  };
  Counts counts() const;  // Any thread.

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace helio::store
