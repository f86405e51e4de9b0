// store/disk/room.h: may these bytes still be stored? Asks the quota, and keeps a part of the disk free for what cannot
// be refused: messages, and the store's own housekeeping.
//
// Threads: any.
#pragma once
#include <functional>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "store/disk_space.h"

namespace helio::store::disk {

struct RoomOptions {
  std::function<DiskSpace()> space;  // Read once a second at most. All of its reserve() is left free.
  // The quota: false refuses. What is not used, or erased later, is given back. Called on any thread, quickly.
  std::function<bool(std::uint64_t bytes)> reserve;
  std::function<void(std::uint64_t bytes)> give_back;
};

class Room {
 public:
  Room(RoomOptions options, const Clock& clock);  // `clock` outlives it.
  bool take(std::uint64_t bytes);
  bool any() { return disk_has(0); }
  void give_back(std::uint64_t bytes);

 private:
  bool disk_has(std::uint64_t bytes);

  const RoomOptions options_;
  const Clock& clock_;
  std::mutex mutex_;
  std::optional<Ticks> looked_;  // When space_ was read.
  DiskSpace space_;
  std::uint64_t taken_ = 0;  // Since then.
};

}  // namespace helio::store::disk
