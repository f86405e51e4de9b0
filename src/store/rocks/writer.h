// store/rocks/writer.h: the one thread that writes. It turns all commits that wait into one group of the journal.
//
// A group: conditions are checked against the heads of the partitions, which nobody else changes; what passes is
//          appended to the journal with one flush, then applied to the active generation, then everyone is answered.
// Full:    an active generation that is large enough is frozen, unless too many wait to be folded: then the writer
// waits
//          for the folder, or refuses while the disk has no room.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "store/call.h"
#include "store/disk_space.h"
#include "store/rocks/folder.h"
#include "store/rocks/journal.h"
#include "store/rocks/stack.h"

namespace helio::store::rocks {

// For folds of all that memory may hold, with the compactions they wait for.
inline constexpr std::chrono::minutes kFoldPatience{5};

class Writer {
 public:
  // Replays the journal into the stack; throws OpenError.
  Writer(Database& database, CurrentStack& stack, Folder& folder, Failure& failure, const RocksOptions& options);
  ~Writer();

  // Any thread. The call is answered later, in any case.
  void submit(const Batch& batch, std::shared_ptr<Call<Commit>> call);
  // Waits until everything that is committed now is in RocksDB. Any thread but the engine's.
  Folded fold_all(std::chrono::milliseconds patience = kFoldPatience);
  // Writes what waits and ends the thread.
  void stop();

  struct Counts {
    std::uint64_t commits = 0, groups = 0;
  };
  Counts counts() const;

 private:
  struct Submission {
    Bytes record;
    std::shared_ptr<Call<Commit>> call;
  };

  void replay(std::uint64_t sequence, View record);
  void run();
  enum class Next { kGroup, kFreeze, kIdle, kEnd };
  Next take(std::vector<Submission>& group);
  void write(std::vector<Submission>& group);
  Commit stage(const Stack& stack, View encoded);
  std::optional<Head> find_head(const Stack& stack, const Generation::Box* box, View partition);
  bool has_room_on_disk(std::size_t size);
  bool make_room_in_memory();
  void freeze();
  void freeze_for_all();
  void mark();
  void release();
  void refuse(std::vector<Submission>& group, Outcome outcome);
  void refuse_all();
  void reached(View point) const;

  Database& database_;
  CurrentStack& stack_;
  Folder& folder_;
  Failure& failure_;
  const RocksOptions& options_;
  const std::size_t generation_size_;
  const std::size_t group_size_max_;

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Submission> queue_;
  std::size_t queue_size_ = 0;
  bool asleep_ = false;
  bool closed_ = false;
  // fold_all() asks, the thread does.
  std::condition_variable frozen_;
  std::uint64_t freezes_asked_ = 0, freezes_done_ = 0;
  std::optional<std::uint64_t> frozen_up_to_;  // Nothing: too much is frozen already.

  // The thread's own.
  struct Staged {
    Record record;
    Generation::Box* box;
  };
  std::vector<Staged> staged_;  // What of the group passed its condition,
  std::vector<View> encoded_;   // and its bytes.
  Answers answers_;
  std::string unreadable_;  // Why a version could not be read, the last time.
  bool was_full_ = false;
  int unmarked_ = 0;           // Groups since journal_.mark().
  std::size_t unchecked_ = 0;  // Bytes written since the disk's space was looked at.
  std::uint64_t released_ = 0;
  Journal journal_;  // After what its replay uses.
  std::atomic<std::uint64_t> commits_ = 0;
  std::atomic<std::uint64_t> groups_ = 0;

  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace helio::store::rocks
