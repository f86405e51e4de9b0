#include "store/disk/room.h"

namespace helio::store::disk {

Room::Room(RoomOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}

bool Room::take(std::uint64_t bytes) {
  return disk_has(bytes) && (!options_.reserve || options_.reserve(bytes));
}

void Room::give_back(std::uint64_t bytes) {
  if (bytes > 0 && options_.give_back) options_.give_back(bytes);
}

bool Room::disk_has(std::uint64_t bytes) {
  constexpr seconds kLookEvery{1};
  const std::lock_guard lock(mutex_);
  const Ticks now = clock_.ticks();
  if (!looked_ || now - *looked_ >= kLookEvery) {
    space_ = options_.space();
    looked_ = now;
    taken_ = 0;
  }
  const std::uint64_t gone = space_.reserve() + taken_;
  if (space_.free < gone || space_.free - gone < bytes) return false;
  taken_ += bytes;
  return true;
}

}  // namespace helio::store::disk
