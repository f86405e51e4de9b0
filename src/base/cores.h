// base/cores.h: one io_context and one thread a core, and the way work crosses between them.
//
// What lives on a core is touched by that core alone, so it has no mutex. Work for
// another core waits in a mailbox that is handed over once per loop turn, whatever its length: under load one wake-up
// carries many items. Threads: post() and on() from a core's own thread or from outside; the rest before run().
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

#include "base/assert.h"
#include "base/function.h"
#include "base/tasks.h"

namespace helio {

class Cores {
 public:
  explicit Cores(int count);
  ~Cores();

  int count() const { return static_cast<int>(cores_.size()); }
  asio::io_context& context(int core);
  Executor executor(int core) { return context(core).get_executor(); }
  // The core whose thread runs now; -1 outside. With one core it is always 0 (simulations have no threads).
  int here() const;
  // The core that owns whatever hashes to `hash`.
  int owner(std::uint64_t hash) const { return static_cast<int>(hash % cores_.size()); }

  // Runs `work` on `core`, later. Order is kept between two cores.
  void post(int core, Function<void()> work);

  // Runs the coroutine function `work` on `core` and brings its result back to the calling core. On the same core it
  // is a plain call. The work is not cancelled with its caller: what was begun elsewhere is finished there.
  template <class Work>
  auto on(int core, Work work) -> std::invoke_result_t<Work>;

  void run();   // Starts the threads and returns when stop() was called and all have ended.
  void stop();  // Any thread.

 private:
  struct Core;
  std::vector<std::unique_ptr<Core>> cores_;
};

namespace cores_detail {

// What a call to another core leaves behind for its caller, who may be gone by then.
template <class T>
struct Answer {
  explicit Answer(Executor caller) : arrived(caller) {}
  Signal arrived;
  bool done = false;
  std::optional<T> value;
  std::exception_ptr failure;
};

}  // namespace cores_detail

template <class Work>
auto Cores::on(int core, Work work) -> std::invoke_result_t<Work> {
  using T = typename std::invoke_result_t<Work>::value_type;
  const int caller = here();
  ASSERT(caller >= 0);
  if (caller == core) co_return co_await work();

  auto answer = std::make_shared<cores_detail::Answer<T>>(executor(caller));
  post(core, [this, core, caller, answer, work = std::move(work)]() mutable {
    asio::co_spawn(executor(core), work(), [this, caller, answer](std::exception_ptr failure, T value) {
      answer->failure = failure;
      if (!failure) answer->value.emplace(std::move(value));
      post(caller, [answer] {
        answer->done = true;
        answer->arrived.notify_all();
      });
    });
  });
  while (!answer->done) co_await answer->arrived.wait();
  if (answer->failure) std::rethrow_exception(answer->failure);
  co_return *std::move(answer->value);
}

}  // namespace helio
