#include "mtproto/handshake/pq_pool.h"

namespace helio::mtproto {

PqPool::PqPool(Workers& workers, Random& random, std::size_t size) : workers_(workers), size_(size) {
  fill(*shared_, size, random);
}

void PqPool::fill(Shared& shared, std::size_t size, Random& random) {
  constexpr std::size_t kAtOnce = 64;  // A waiting client gets the first of them soon.
  for (;;) {
    std::vector<crypto::Pq> made;
    for (std::size_t i = 0; i < kAtOnce; ++i) made.push_back(crypto::make_pq(random));
    const std::lock_guard lock(shared.mutex);
    shared.ready.insert(shared.ready.end(), made.begin(), made.end());
    if (shared.ready.size() < size) continue;
    shared.filling = false;
    return;
  }
}

std::optional<crypto::Pq> PqPool::take() {
  std::optional<crypto::Pq> taken;
  bool low = false;
  {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->ready.empty()) {
      taken = shared_->ready.back();
      shared_->ready.pop_back();
    }
    low = shared_->ready.size() < size_ / 2 && !shared_->filling;
    if (low) shared_->filling = true;
  }
  if (low) {
    const bool queued =
        workers_.submit([shared = shared_, size = size_](Random& random) { fill(*shared, size, random); });
    if (!queued) {
      const std::lock_guard lock(shared_->mutex);
      shared_->filling = false;
    }
  }
  return taken;
}

}  // namespace helio::mtproto
