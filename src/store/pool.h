// store/pool.h: a few threads for work that waits for the disk.
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/function.h"

namespace helio::store {

class Pool {
 public:
  explicit Pool(int threads);
  ~Pool();

  // Runs `work` on one of the threads. Any thread may ask; false when too many wait already, or after stop().
  bool submit(Function<void()> work);
  // Does what waits and ends the threads.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Function<void()>> queue_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace helio::store
