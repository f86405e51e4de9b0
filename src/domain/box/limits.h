// domain/box/limits.h: what bounds the boxes of a core.
#pragma once
#include "base/clock.h"

namespace helio::domain {

struct BoxLimits {
  std::size_t boxes_per_core = 20'000;  // Idle ones beyond are forgotten, the longest unused first.
  std::size_t staged_max = 1'000;       // Commands that wait in one box; more get 420 FLOOD_WAIT_1.
  milliseconds give_up_after{8'000};    // How long commands wait for a store that is not there; then 500.
  milliseconds settle_after{10'000};  // How long the cursor of delivered effects waits for a commit to ride along with.
  milliseconds retry_max{2'000};      // Between two attempts at a delivery that does not get through.
};

}  // namespace helio::domain
