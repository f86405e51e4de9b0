#include "base/virtual_clock.h"

#include <boost/asio/co_spawn.hpp>

#include "base/assert.h"

namespace helio {

// Lives in the sleeping coroutine's frame; takes itself off the list when that is destroyed or cancelled.
struct VirtualClock::Sleeper {
  VirtualClock& clock;
  Signal signal;
  std::multimap<Ticks, Sleeper*>::iterator place;
  bool awake = false;

  Sleeper(VirtualClock& owner, Ticks when)
      : clock(owner), signal(owner.context_.get_executor()), place(owner.sleepers_.emplace(when, this)) {}
  ~Sleeper() {
    if (!awake) clock.sleepers_.erase(place);
  }
};

VirtualClock::VirtualClock(asio::io_context& context, Wall start) : context_(context), start_(start) {}

Task<> VirtualClock::sleep_until(Ticks when) {
  if (when <= ticks()) co_return;
  Sleeper sleeper(*this, when);
  while (!sleeper.awake) co_await sleeper.signal.wait();
}

bool VirtualClock::wake_next(Ticks until) {
  if (sleepers_.empty() || sleepers_.begin()->first > until) return false;
  const auto first = sleepers_.begin();
  elapsed_ = std::max(elapsed_, first->first.time_since_epoch());
  Sleeper& sleeper = *first->second;
  sleepers_.erase(first);
  sleeper.awake = true;
  sleeper.signal.notify_all();
  return true;
}

void VirtualClock::run(Task<> task) {
  bool done = false;
  std::exception_ptr failure;
  asio::co_spawn(context_.get_executor(), std::move(task), [&](std::exception_ptr e) {
    done = true;
    failure = e;
  });
  while (!done) {
    context_.restart();
    context_.poll();
    if (!done && !wake_next(Ticks::max())) ASSERT(!"the task waits for something that will never come");
  }
  if (failure) std::rethrow_exception(failure);
}

void VirtualClock::run_for(milliseconds duration) {
  const Ticks end = ticks() + duration;
  do {
    context_.restart();
    context_.poll();
  } while (wake_next(end));
  elapsed_ = end.time_since_epoch();
}

}  // namespace helio
