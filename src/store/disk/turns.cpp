#include "store/disk/turns.h"

namespace helio::store::disk {

bool Turns::submit(const std::shared_ptr<Turns>& turns, const std::weak_ptr<Pool>& pool, Function<void()> work) {
  // Only threads of callers come here: were one of the pool's own to hold it last, it would wait for itself to end.
  const std::shared_ptr<Pool> threads = pool.lock();
  if (!threads) return false;
  const std::lock_guard lock(turns->mutex_);
  turns->waiting_.push_back(std::move(work));
  if (turns->running_) return true;
  turns->running_ = threads->submit([turns, pool = threads.get()] { run(turns, *pool); });
  if (!turns->running_) turns->waiting_.pop_back();
  return turns->running_;
}

void Turns::run(std::shared_ptr<Turns> turns, Pool& pool) {
  std::unique_lock lock(turns->mutex_);
  while (!turns->waiting_.empty()) {
    Function<void()> work = std::move(turns->waiting_.front());
    turns->waiting_.pop_front();
    lock.unlock();
    work();
    work = {};
    lock.lock();
    // The others' turn, unless the pool is about to end.
    if (!turns->waiting_.empty() && pool.submit([turns, &pool] { run(turns, pool); })) return;
  }
  turns->running_ = false;
}

}  // namespace helio::store::disk
