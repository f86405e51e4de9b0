// domain/box/feed.h: what a session awaits: the events of one box, as they are committed, and notes.
//
// Events come once, in order of pts, without holes. Where some are missing, because the session is too slow or because
// nobody here saw them being committed, the batch says `too_long` in their place: the client then asks getDifference
// (updatesTooLong, https://core.telegram.org/api/updates).
//
// A note is an update without a pts: somebody types, a draft was saved. Nobody keeps it: who is not listening, or has
// too much waiting, does not get it. It comes in the order in which it was told, between the events around it.
// Threads: a Feed lives on the core that subscribed, Feeds on the core that owns the box; what is published crosses
// between the two as base/cores.h has it.
#pragma once
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/cores.h"
#include "domain/box/log.h"

namespace helio::tl {
class TypeUpdate;
}

namespace helio::domain {

struct FeedItem {
  LoggedEvent what;  // pts 0 in a note.
  Origin origin;     // Whose answer tells this already.
  tl::Box<tl::TypeUpdate> note{};
};
using FeedItems = std::vector<std::shared_ptr<const FeedItem>>;

struct FeedBatch {
  FeedItems items;
  bool too_long = false;  // Events are missing; `items` are what came after them.
};

inline constexpr std::size_t kFeedItemsMax = 1'000;  // That wait for one session.
// Beyond so many waiting a note is dropped: no flood of them may push events out.
inline constexpr std::size_t kFeedNotesMax = kFeedItemsMax / 2;

class Feed {
 public:
  Feed(Executor executor, UserId user);
  ~Feed();  // Ends the subscription.
  Feed(const Feed&) = delete;

  UserId user() const { return user_; }
  // The newest event that was committed when the feed began: the first item has the next pts.
  std::int32_t since() const { return since_; }
  // Waits until there is something, and takes all of it. One caller at a time.
  Task<FeedBatch> next();

 private:
  friend class Feeds;
  friend class Boxes;
  void begin(std::int32_t since);
  void push(const FeedItems& items);
  void reach(std::int32_t pts);
  void lose();

  const UserId user_;
  std::int32_t since_ = 0;
  std::int32_t seen_ = 0;     // The newest event that was queued, or told as missing.
  std::int32_t reached_ = 0;  // What the box was seen to have before the feed began.
  bool begun_ = false;
  FeedBatch waiting_;
  Signal arrived_;
  std::function<void()> leave_;
};

// The subscriptions to the boxes of one core.
class Feeds {
 public:
  explicit Feeds(Cores& cores) : cores_(cores) {}

  // `core`: where the feed lives. Returns the number to remove it by.
  std::uint64_t add(UserId user, std::weak_ptr<Feed> feed, int core);
  void remove(UserId user, std::uint64_t number);

  bool any(UserId user) const { return subscribers_.contains(user); }
  // Newly committed events, in order.
  void publish(UserId user, const FeedItems& items);
  // The box has events up to `pts`: who has not got them does not get them from us.
  void reached(UserId user, std::int32_t pts);

 private:
  struct Subscriber {
    std::uint64_t number;
    int core;
    std::weak_ptr<Feed> feed;
  };
  template <class Tell>
  void tell(UserId user, Tell what);

  Cores& cores_;
  std::unordered_map<UserId, std::vector<Subscriber>> subscribers_;
  std::uint64_t last_number_ = 0;
};

}  // namespace helio::domain
