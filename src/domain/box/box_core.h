// domain/box/box_core.h: the boxes that one core owns, and what they share.
//
// A box comes into memory with its first command and leaves it when it has been idle the longest and room is needed.
// Threads: this core alone.
#pragma once
#include <deque>
#include <functional>
#include <list>
#include <unordered_map>

#include "domain/box/box.h"
#include "domain/box/command.h"
#include "domain/box/feed.h"
#include "domain/box/limits.h"

namespace helio::domain {

class BoxCore {
 public:
  // Runs a command in any box of any core (Boxes::run_any).
  using Send = std::function<Task<Result<tl::Box<tl::Object>>>(Bytes partition, tl::Box<tl::Object> command)>;

  BoxCore(Executor executor, store::Kv& kv, Clock& clock, const Commands& commands, BoxLimits limits,
          std::shared_ptr<Feeds> feeds, Send send);
  ~BoxCore();

  Task<Result<tl::Box<tl::Object>>> run(Bytes partition, tl::Box<tl::Object> command, Origin origin);
  Task<> stop();

  // ---- For its boxes ----
  store::Kv& kv;
  Clock& clock;
  const Commands& commands;
  const BoxLimits limits;
  const std::shared_ptr<Feeds> feeds;
  const Send send;
  TaskGroup tasks;
  // Has the box look after its cursor once it has been quiet for a while.
  void settle_later(const Bytes& partition);

 private:
  struct Kept {
    std::unique_ptr<Box> box;
    std::list<Bytes>::iterator place;
  };

  Box& get(const Bytes& partition);
  void forget_idle();
  Task<> settle();

  std::unordered_map<Bytes, Kept> boxes_;
  std::list<Bytes> by_use_;  // The last used first.
  std::deque<std::pair<Ticks, Bytes>> to_settle_;
  bool settling_ = false;
  bool stopped_ = false;
};

}  // namespace helio::domain
