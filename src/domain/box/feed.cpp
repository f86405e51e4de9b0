#include "domain/box/feed.h"

#include <algorithm>

namespace helio::domain {

Feed::Feed(Executor executor, UserId user) : user_(user), arrived_(executor) {}

Feed::~Feed() {
  if (leave_) leave_();
}

Task<FeedBatch> Feed::next() {
  while (!begun_ || (waiting_.items.empty() && !waiting_.too_long)) co_await arrived_.wait();
  co_return std::exchange(waiting_, {});
}

// Until it is known where the feed begins, what arrives is kept as it comes.
void Feed::begin(std::int32_t since) {
  since_ = seen_ = since;
  begun_ = true;
  push(std::exchange(waiting_.items, {}));
  reach(reached_);
}

void Feed::push(const FeedItems& items) {
  for (const auto& item : items) {
    if (item->note) {
      if (waiting_.items.size() < kFeedNotesMax) waiting_.items.push_back(item);
      continue;
    }
    if (begun_ && item->what.pts <= seen_) continue;
    if ((begun_ && item->what.pts != seen_ + 1) || waiting_.items.size() >= kFeedItemsMax) lose();
    waiting_.items.push_back(item);
    seen_ = item->what.pts;
  }
  arrived_.notify_all();
}

void Feed::reach(std::int32_t pts) {
  reached_ = std::max(reached_, pts);
  if (!begun_ || pts <= seen_) return;
  lose();
  seen_ = pts;
  arrived_.notify_all();
}

void Feed::lose() {
  waiting_.items.clear();
  waiting_.too_long = true;
}

std::uint64_t Feeds::add(UserId user, std::weak_ptr<Feed> feed, int core) {
  subscribers_[user].push_back({++last_number_, core, std::move(feed)});
  return last_number_;
}

void Feeds::remove(UserId user, std::uint64_t number) {
  const auto found = subscribers_.find(user);
  if (found == subscribers_.end()) return;
  std::erase_if(found->second, [number](const Subscriber& subscriber) { return subscriber.number == number; });
  if (found->second.empty()) subscribers_.erase(found);
}

template <class Tell>
void Feeds::tell(UserId user, Tell what) {
  const auto found = subscribers_.find(user);
  if (found == subscribers_.end()) return;
  // One that was cancelled while it subscribed leaves nobody who would take it off the list.
  std::erase_if(found->second, [](const Subscriber& subscriber) { return subscriber.feed.expired(); });
  for (const Subscriber& subscriber : found->second) {
    cores_.post(subscriber.core, [feed = subscriber.feed, what] {
      if (const auto alive = feed.lock()) what(*alive);
    });
  }
}

void Feeds::publish(UserId user, const FeedItems& items) {
  tell(user, [items](Feed& feed) { feed.push(items); });
}

void Feeds::reached(UserId user, std::int32_t pts) {
  tell(user, [pts](Feed& feed) { feed.reach(pts); });
}

}  // namespace helio::domain
