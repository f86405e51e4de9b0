// store/disk/turns.h: work that goes one at a time, in order, on a pool of threads that others use as well.
//
// Bounded: by whoever asks (store/disk/disk_blobs.cpp counts what each draft was asked).
// Threads: any.
#pragma once
#include <deque>
#include <memory>
#include <mutex>

#include "base/function.h"
#include "store/pool.h"

namespace helio::store::disk {

class Turns {
 public:
  // False, and nothing happens, when the pool takes no more or has ended.
  static bool submit(const std::shared_ptr<Turns>& turns, const std::weak_ptr<Pool>& pool, Function<void()> work);

 private:
  // On a thread of the pool, which therefore is there.
  static void run(std::shared_ptr<Turns> turns, Pool& pool);

  std::mutex mutex_;
  std::deque<Function<void()>> waiting_;
  bool running_ = false;
};

}  // namespace helio::store::disk
