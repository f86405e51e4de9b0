#include "mtproto/handshake/dh_pool.h"

namespace helio::mtproto {

DhPool::DhPool(Workers& workers, std::size_t size) : workers_(workers) {
  workers_.when_idle([shared = shared_, size](Random& random) { return make_one(*shared, size, random); });
}

DhPool::~DhPool() {
  const std::lock_guard lock(shared_->mutex);
  shared_->closed = true;
  shared_->ready.clear();
}

bool DhPool::make_one(Shared& shared, std::size_t size, Random& random) {
  const auto wanted = [&] { return !shared.closed && shared.ready.size() < size; };
  {
    const std::lock_guard lock(shared.mutex);
    if (!wanted()) return false;
  }
  auto pair = crypto::DhPair::fresh(random);
  const std::lock_guard lock(shared.mutex);
  if (!shared.closed) shared.ready.push_back(std::move(pair));
  return wanted();
}

std::optional<crypto::DhPair> DhPool::take() {
  std::optional<crypto::DhPair> taken;
  {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->ready.empty()) {
      taken = std::move(shared_->ready.back());
      shared_->ready.pop_back();
    }
  }
  workers_.wake();
  return taken;
}

}  // namespace helio::mtproto
