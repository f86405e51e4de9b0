#include "base/clock.h"

namespace helio {

Wall SystemClock::now() const {
  return std::chrono::system_clock::now();
}
Ticks SystemClock::ticks() const {
  return std::chrono::steady_clock::now();
}

Task<> SystemClock::sleep_until(Ticks when) {
  const Executor executor = co_await asio::this_coro::executor;
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor> timer(
      executor, when);
  co_await timer.async_wait(use_task);
}

}  // namespace helio
