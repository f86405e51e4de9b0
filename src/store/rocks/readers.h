// store/rocks/readers.h: a few threads for reads that wait for the disk.
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/function.h"

namespace helio::store::rocks {

class Readers {
 public:
  explicit Readers(int threads);
  ~Readers();

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

}  // namespace helio::store::rocks
