// api/push.h: sessions that follow the updates of their user, and what they are sent.
//
// Each follows its user's feed (domain/box/feed.h): events are rendered for this viewer, encoded in the session's
// layer, and handed to it in order of pts. What the session itself caused it has in its answers, so it is left out. A
// session that cannot take more, or a feed that lost events, gets updatesTooLong: the client then asks getDifference.
// Threads: a session is opened and closed on its own core.
// Source: https://core.telegram.org/api/updates
#pragma once
#include <map>

#include "api/context.h"
#include "base/cores.h"
#include "domain/domain.h"
#include "tl/layers.h"

namespace helio::api {

class Pushes {
 public:
  // All outlive the Pushes.
  Pushes(domain::Domain& domain, Cores& cores, Clock& clock);
  ~Pushes();

  // `session` gets what happens to `user` from now on, in `layer`; opening it again renews what it is called with.
  // Returns when the feed has begun: whatever is committed after that is pushed.
  Task<> open(SessionKey key, domain::UserId user, tl::Layer layer, std::shared_ptr<Session> session);
  // Nothing happens when another Session has been opened for the key since: the client may go on with its session id on
  // a new temporary key while the old one fades away.
  void close(SessionKey key, const Session& session);
  // A session that took no more may now.
  void has_room(SessionKey key);
  // All sessions of a permanent key, on every core; on the others as soon as they hear of it.
  void close_all(std::int64_t auth_key_id);

  // Closes every session. Once, from any core, before destruction.
  Task<> stop();

 private:
  struct Subscription;
  struct Core;

  Core& here();
  void close_on(Core& core, SessionKey key);
  Task<> follow(std::shared_ptr<Subscription> subscription);
  Task<std::shared_ptr<domain::Feed>> begin(domain::UserId user);
  Task<> hand_over(std::shared_ptr<Subscription> to, domain::FeedBatch batch);
  Task<bool> deliver(std::shared_ptr<Subscription> to, std::vector<std::shared_ptr<const domain::FeedItem>> items);
  Task<bool> stop_core(int core);

  domain::Domain& domain_;
  Cores& cores_;
  Clock& clock_;
  std::vector<std::unique_ptr<Core>> per_core_;
};

}  // namespace helio::api
