#include "store/pool.h"

#include "base/assert.h"

namespace helio::store {

namespace {
constexpr std::size_t kQueueMax = 16'384;
}

Pool::Pool(int threads) {
  ASSERT(threads >= 1);
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

Pool::~Pool() {
  stop();
}

bool Pool::submit(Function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ || queue_.size() >= kQueueMax) return false;
    queue_.push_back(std::move(work));
  }
  arrived_.notify_one();
  return true;
}

void Pool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  arrived_.notify_all();
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Pool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    while (queue_.empty() && !stopped_) arrived_.wait(lock);
    if (queue_.empty()) return;
    Function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = {};
    lock.lock();
  }
}

}  // namespace helio::store
