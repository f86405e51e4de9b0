// store/disk/engine.h: what the drafts and the calls of a DiskBlobs share. It lives as long as any of them.
#pragma once
#include <atomic>

#include "store/disk/disk_blobs.h"
#include "store/disk/drafts.h"
#include "store/disk/shelf.h"

namespace helio::store::disk {

// A share of something bounded, given back when it ends. Any thread.
class Held {
 public:
  using Counter = std::shared_ptr<std::atomic<std::size_t>>;
  static Counter counter() { return std::make_shared<std::atomic<std::size_t>>(0); }

  static std::optional<Held> take(Counter counter, std::size_t most, std::size_t share) {
    if (counter->fetch_add(share) + share <= most) return Held(std::move(counter), share);
    counter->fetch_sub(share);
    return std::nullopt;
  }
  Held(Held&&) noexcept = default;
  Held& operator=(Held&&) = delete;
  ~Held() {
    if (counter_) counter_->fetch_sub(share_);
  }

 private:
  Held(Counter counter, std::size_t share) : counter_(std::move(counter)), share_(share) {}
  Counter counter_;
  std::size_t share_;
};

struct Engine {
  Engine(DiskOptions given, const Clock& time, Random& random);

  const DiskOptions options;
  const Clock& clock;
  Shelf shelf;
  Room room;
  Drafts drafts;
  const Held::Counter waiting = Held::counter();  // Bytes of pieces.
  const Held::Counter reading = Held::counter();  // Reads.
};

}  // namespace helio::store::disk
