#include "kill_switch.h"

#include <signal.h>
#include <unistd.h>

namespace helio::crash {

void KillSwitch::arm(Bytes point, std::uint32_t count) {
  const std::lock_guard lock(mutex_);
  armed_ = std::move(point);
  left_ = count;
}

void KillSwitch::reached(View point) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (left_ > 0 && point == armed_ && --left_ == 0) ::kill(::getpid(), SIGKILL);
    if (!seen_.contains(point)) first = seen_.emplace(Bytes(point), true).second;
  }
  if (first && first_seen_) first_seen_(point);
}

}  // namespace helio::crash
