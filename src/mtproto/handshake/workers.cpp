#include "mtproto/handshake/workers.h"

#include <sys/resource.h>
#include <unistd.h>

namespace helio::mtproto {

Workers::Workers(Cores& cores, Limits limits, MakeRandom make_random)
    : cores_(cores), limits_(limits), make_random_(std::move(make_random)), own_random_(make_random_()) {
  for (int i = 0; i < limits_.threads; ++i) threads_.emplace_back([this] { work_until_stopped(); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_all();
  for (auto& thread : threads_) thread.join();
}

bool Workers::submit(Function<void(Random&)> work) {
  if (limits_.threads == 0) {
    work(*own_random_);
    return true;
  }
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= limits_.queue_max) return false;
    queue_.push_back(std::move(work));
  }
  arrived_.notify_one();
  return true;
}

void Workers::when_idle(std::function<bool(Random&)> work) {
  {
    const std::lock_guard lock(mutex_);
    ASSERT(!idle_work_);
    idle_work_ = std::move(work);
  }
  wake();
}

void Workers::wake() {
  {
    const std::lock_guard lock(mutex_);
    idle_wanted_ = true;
  }
  arrived_.notify_one();
}

void Workers::work_until_stopped() {
  constexpr int kNicer = 5;
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNicer);  // On Linux a thread has its own.
  const auto random = make_random_();
  for (;;) {
    Function<void(Random&)> work;
    {
      std::unique_lock lock(mutex_);
      const auto idle = [this] { return idle_wanted_ && !idle_busy_ && idle_work_; };
      arrived_.wait(lock, [&] { return stopping_ || !queue_.empty() || idle(); });
      if (stopping_) return;
      if (queue_.empty()) {
        idle_wanted_ = false;  // A wake() meanwhile counts.
        idle_busy_ = true;
        lock.unlock();
        const bool more = idle_work_(*random);
        lock.lock();
        idle_busy_ = false;
        idle_wanted_ |= more;
        continue;
      }
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work(*random);
  }
}

}  // namespace helio::mtproto
