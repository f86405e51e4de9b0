// base/virtual_clock.h: time for tests and simulations, which stands still until everything that can run has run.
//
// One io_context, one thread. run() executes what is ready; when nothing is, time jumps to the earliest sleeper.
// Sleepers of one instant wake in the order in which they went to sleep: the same program gives the same run.
#pragma once
#include <map>

#include "base/clock.h"

namespace helio {

class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(asio::io_context& context, Wall start = Wall(seconds(1'800'000'000)));
  Wall now() const override { return start_ + std::chrono::duration_cast<Wall::duration>(elapsed_); }
  Ticks ticks() const override { return Ticks(elapsed_); }
  Task<> sleep_until(Ticks when) override;

  // Runs `task` to its end, in virtual time. Asserts when it waits for something that no sleeper can bring about.
  void run(Task<> task);
  // Runs everything that is ready or becomes so within `duration`.
  void run_for(milliseconds duration);

 private:
  struct Sleeper;
  bool wake_next(Ticks until);  // False when nobody sleeps until then.

  asio::io_context& context_;
  Wall start_;
  Ticks::duration elapsed_{};
  std::multimap<Ticks, Sleeper*> sleepers_;  // Equal keys keep their order of insertion.
};

}  // namespace helio
