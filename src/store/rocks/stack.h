// store/rocks/stack.h: what a reader sees: generations, the newest first, on top of RocksDB as the last fold left it.
//
// Why a snapshot: a reader looks into the generations first and into RocksDB later. A fold in between must not show it
//           rows newer than the version it has read.
// Shape:    generations[0] is active, the others are frozen; the older ones are in RocksDB too and stay as a cache.
// Threads:  a Stack never changes. CurrentStack: any thread loads; freeze() on the writer's, folded() on the folder's.
#pragma once
#include <rocksdb/snapshot.h>

#include <memory>
#include <mutex>
#include <vector>

#include "store/rocks/database.h"
#include "store/rocks/generation.h"

namespace helio::store::rocks {

struct Stack {
  std::vector<std::shared_ptr<Generation>> generations;
  std::shared_ptr<const rocksdb::Snapshot> base;

  Generation& active() const { return *generations.front(); }
};

class CurrentStack {
 public:
  // `memory`: bytes; generations that are in RocksDB are kept as long as all of them together are not more.
  // `database` outlives every Stack.
  CurrentStack(Database& database, std::size_t memory);

  std::shared_ptr<const Stack> load() const;

  // Puts an empty generation on top, which may grow as large as the present one.
  void freeze();
  // The oldest frozen generation that is not in RocksDB yet; null = none.
  std::shared_ptr<Generation> oldest_unfolded() const;
  // That generation is in RocksDB now.
  void folded();
  std::size_t unfolded() const;  // How many are frozen and not in RocksDB.

 private:
  std::shared_ptr<const rocksdb::Snapshot> snapshot() const;
  void trim(Stack& stack, std::size_t planned) const;

  Database& database_;
  const std::size_t memory_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Stack> stack_;
  std::size_t unfolded_ = 0;
};

}  // namespace helio::store::rocks
