// base/clock.h: what time it is, and waiting for it. Injected everywhere, so that a simulation can own time.
//
// Two clocks: wall time (what users see; may step) and ticks (durations and deadlines; never steps).
#pragma once
#include <chrono>
#include <cstdint>

#include "base/tasks.h"

namespace helio {

using Wall = std::chrono::system_clock::time_point;
using Ticks = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Wall now() const = 0;
  virtual Ticks ticks() const = 0;
  // Returns at `when` or later; throws operation_aborted when the waiting task is cancelled.
  virtual Task<> sleep_until(Ticks when) = 0;

  Task<> sleep(milliseconds duration) { return sleep_until(ticks() + duration); }
  // Seconds since 1970, as TL dates have them.
  std::int32_t unixtime() const {
    return static_cast<std::int32_t>(std::chrono::duration_cast<seconds>(now().time_since_epoch()).count());
  }
};

// The machine's own clocks. Any thread.
class SystemClock final : public Clock {
 public:
  Wall now() const override;
  Ticks ticks() const override;
  Task<> sleep_until(Ticks when) override;
};

}  // namespace helio
