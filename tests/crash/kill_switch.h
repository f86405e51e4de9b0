// tests/crash/kill_switch.h: ends its own process at a named point of the engine's code, as kill -9 does.
//
// Threads: any. A point counts from the moment it was armed.
#pragma once
#include <functional>
#include <map>
#include <mutex>

#include "base/bytes.h"

namespace helio::crash {

class KillSwitch {
 public:
  // `first_seen` hears of every point when it is reached for the first time.
  explicit KillSwitch(std::function<void(View point)> first_seen) : first_seen_(std::move(first_seen)) {}

  void arm(Bytes point, std::uint32_t count);
  void reached(View point);

 private:
  const std::function<void(View point)> first_seen_;
  std::mutex mutex_;
  std::map<Bytes, bool, std::less<>> seen_;
  Bytes armed_;
  std::uint32_t left_ = 0;
};

}  // namespace helio::crash
