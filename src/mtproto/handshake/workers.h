// mtproto/handshake/workers.h: threads for the dear parts of key exchanges: RSA, exponentiation, primes.
//
// They have a lower priority than the cores, and a queue with an end: a flood of strangers is refused there instead of
// being felt by those who are logged in (docs/security.md B17).
// Threads: run() on any core, submit() and wake() anywhere. Without threads of its own, work is done at once by its
// caller.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/cores.h"
#include "base/random.h"

namespace helio::mtproto {

using MakeRandom = std::function<std::unique_ptr<Random>()>;

class Workers {
 public:
  struct Limits {
    int threads = 1;
    std::size_t queue_max = 256;
  };
  Workers(Cores& cores, Limits limits, MakeRandom make_random);
  ~Workers();  // Finishes the work at hand; what is queued is forgotten.

  // Runs `work(Random&)` and brings its result back to the calling core; nullopt when the queue is full.
  template <class Work>
  auto run(Work work) -> Task<std::optional<std::invoke_result_t<Work, Random&>>>;

  // Without an answer. False when the queue is full.
  bool submit(Function<void(Random&)> work);

  // What to do while nothing waits: called again and again until it returns false, then again after wake(); by one
  // thread at a time. Once, before anything else. Without threads of its own: never called.
  void when_idle(std::function<bool(Random&)> work);
  void wake();

  Executor executor() const { return cores_.executor(cores_.here()); }

 private:
  void work_until_stopped();

  Cores& cores_;
  const Limits limits_;
  const MakeRandom make_random_;
  std::unique_ptr<Random> own_random_;  // Of a caller that works itself.
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Function<void(Random&)>> queue_;
  std::function<bool(Random&)> idle_work_;
  bool idle_wanted_ = false;
  bool idle_busy_ = false;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

template <class Work>
auto Workers::run(Work work) -> Task<std::optional<std::invoke_result_t<Work, Random&>>> {
  using T = std::invoke_result_t<Work, Random&>;
  struct Answer {
    explicit Answer(Executor caller) : arrived(caller) {}
    Signal arrived;
    std::optional<T> value;
  };
  const int caller = cores_.here();
  auto answer = std::make_shared<Answer>(cores_.executor(caller));
  const bool queued = submit([this, caller, answer, work = std::move(work)](Random& random) mutable {
    // The value crosses through the mailbox: the caller may be reading `answer` meanwhile.
    cores_.post(caller, [answer, value = work(random)]() mutable {
      answer->value.emplace(std::move(value));
      answer->arrived.notify_all();
    });
  });
  if (!queued) co_return std::nullopt;
  while (!answer->value) co_await answer->arrived.wait();
  co_return std::move(answer->value);
}

}  // namespace helio::mtproto
