// store/watch.h: how long work (a backup, a check) tells its owner how far it is, and is told to stop.
//
// Threads: both are called on the thread that works, every few megabytes; they return at once.
#pragma once
#include <functional>
#include <stdexcept>
#include <string_view>

namespace helio::store {

struct Watch {
  std::function<void(std::string_view line)> says;  // Where the work is, for people. May be empty.
  std::function<bool()> stopped;                    // True: the work throws Stopped soon. May be empty.
};

struct Stopped : std::runtime_error {
  Stopped() : std::runtime_error("it was stopped before it was done") {}
};

inline void say(const Watch& watch, std::string_view line) {
  if (watch.says) watch.says(line);
}
inline bool is_stopped(const Watch& watch) {
  return watch.stopped && watch.stopped();
}
inline void stop_if_asked(const Watch& watch) {
  if (is_stopped(watch)) throw Stopped();
}

}  // namespace helio::store
