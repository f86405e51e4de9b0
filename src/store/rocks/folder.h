// store/rocks/folder.h: the thread that folds frozen generations into RocksDB, the oldest first.
//
// Full disk: a fold or a compaction that finds no room is tried again once a second; nothing is lost meanwhile, because
//            the journal keeps what is not folded. Any other failure is fatal.
// Threads:   all functions on any, except that only one freezes (CurrentStack::freeze()).
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <thread>

#include "base/clock.h"
#include "store/rocks/failure.h"
#include "store/rocks/fold.h"
#include "store/rocks/stack.h"

namespace helio::store::rocks {

// How waiting for folds ended.
enum class Folded {
  kDone,
  kNoRoom,   // The disk is full.
  kTooLong,  // The disk is slow, or stands still.
  kEnded,    // The engine has failed or is stopping.
};

class Folder {
 public:
  Folder(Database& database, CurrentStack& stack, Failure& failure, const RocksOptions& options);
  ~Folder();

  // A generation was frozen.
  void wake();
  // Waits until fewer than `count` generations wait to be folded. False: the folder has failed, is stopping, or finds
  // no room on the disk.
  bool wait_below(std::size_t count);
  // Waits until record `sequence` is in RocksDB; while there is no room, for another try.
  Folded wait_for(std::uint64_t sequence, Ticks until);
  // The newest record that is in RocksDB.
  std::uint64_t sequence() const { return sequence_; }
  std::uint64_t folds() const { return folds_; }
  // The end is near: from now on nothing waits for compaction.
  void hurry();
  // Finishes the fold at hand and ends the thread; what else is frozen stays in the journal.
  void stop();

 private:
  void run();
  bool fold_one();
  void found_no_room(const std::string& reason);
  bool wait_for_compaction();
  std::uint64_t loose_tables() const;

  Database& database_;
  CurrentStack& stack_;
  Failure& failure_;
  const RocksOptions& options_;
  const std::filesystem::path scratch_;
  std::atomic<std::uint64_t> sequence_;
  std::atomic<std::uint64_t> folds_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool awake_ = false;
  bool hurried_ = false, stopped_ = false, failed_ = false, no_room_ = false;
  std::uint64_t refusals_ = 0;  // Tries that found no room.

  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace helio::store::rocks
