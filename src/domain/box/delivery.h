// domain/box/delivery.h: carries the effects of a box's events to other boxes.
//
// The log is the outbox: effects of events up to the cursor `settled` have arrived, later ones are on their way, in
// order of pts for each target. Applying one twice changes nothing (messages leave a "h" key, read marks only grow), so
// after a crash everything behind the stored cursor is simply sent again. The cursor is stored with the box's next
// commit.
//
// Threads: the source's owner core.
#pragma once
#include <deque>
#include <functional>
#include <memory>

#include "base/tasks.h"
#include "domain/box/effects.h"

namespace helio::domain {

class BoxCore;

class Delivery {
 public:
  // `when_settled` is called whenever the cursor has reached the newest effect.
  Delivery(BoxCore& core, UserId source, std::function<void()> when_settled);

  // As the store has them: what lies between is read from the log. At first, and whenever events were committed without
  // being seen here.
  void look_up(std::int32_t settled, std::int32_t effects);
  // An event that was just committed; in order, without gaps.
  void add(const LoggedEvent& logged);

  std::int32_t settled() const { return settled_; }
  bool busy() const { return carrying_; }

 private:
  struct Ready {
    std::int32_t pts;
    std::optional<OutgoingEffect> out;  // nullopt: the message is gone.
  };
  struct Window;
  struct Progress;

  void wake();
  Task<> carry();
  Task<Window> next_window();
  Task<> send(UserId target, std::vector<tl::Box<tl::record::TypeEffect>> effects);
  Task<> send_one_of(UserId target, std::vector<tl::Box<tl::record::TypeEffect>> effects,
                     std::shared_ptr<Progress> progress);

  BoxCore& core_;
  const UserId source_;
  const std::function<void()> when_settled_;
  std::int32_t settled_ = 0;
  std::int32_t effects_ = 0;  // The newest event that has one.
  std::deque<Ready> ready_;   // All effects after `ready_after_`, without a look at the store.
  std::int32_t ready_after_ = 0;
  bool carrying_ = false;
};

}  // namespace helio::domain
