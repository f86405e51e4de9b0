#include "api/push.h"

#include "api/cancellation.h"
#include "api/render/update.h"
#include "base/assert.h"
#include "base/log.h"
#include "tl/encode.h"

namespace helio::api {
namespace {

constexpr std::size_t kUpdatesMax = 50;  // Of one push.

}  // namespace

struct Pushes::Subscription {
  Subscription(SessionKey k, domain::UserId u, Executor executor)
      : key(k), user(u), changed(executor), task(executor) {}

  const SessionKey key;
  const domain::UserId user;
  tl::Layer layer;
  std::shared_ptr<Session> session;
  bool following = false;  // The feed has begun,
  bool failed = false;     // or could not.
  Signal changed;          // One of the two became true; or the session may take more again.
  TaskGroup task;          // follow(), for as long as the session is open.
};

struct Pushes::Core {
  explicit Core(Executor executor) : closing(executor) {}

  std::map<SessionKey, std::shared_ptr<Subscription>> open;
  TaskGroup closing;  // What waits for tasks that are being cancelled.
};

Pushes::Pushes(domain::Domain& domain, Cores& cores, Clock& clock) : domain_(domain), cores_(cores), clock_(clock) {
  for (int core = 0; core < cores.count(); ++core) per_core_.push_back(std::make_unique<Core>(cores.executor(core)));
}

Pushes::~Pushes() = default;

Pushes::Core& Pushes::here() {
  const int core = cores_.here();
  ASSERT(core >= 0);
  return *per_core_[static_cast<std::size_t>(core)];
}

Task<> Pushes::open(SessionKey key, domain::UserId user, tl::Layer layer, std::shared_ptr<Session> session) {
  Core& core = here();
  if (auto old = core.open.find(key); old != core.open.end() && (old->second->user != user || old->second->failed)) {
    close_on(core, key);
  }
  std::shared_ptr<Subscription>& place = core.open[key];
  const bool is_new = !place;
  if (is_new) place = std::make_shared<Subscription>(key, user, core.closing.executor());
  const std::shared_ptr<Subscription> subscription = place;
  subscription->layer = layer;
  subscription->session = std::move(session);
  if (is_new) subscription->task.spawn(follow(subscription));
  while (!subscription->following && !subscription->failed) co_await subscription->changed.wait();
}

void Pushes::close(SessionKey key, const Session& session) {
  Core& core = here();
  const auto found = core.open.find(key);
  if (found != core.open.end() && found->second->session.get() == &session) close_on(core, key);
}

namespace {

// Keeps what a cancelled task still uses until it has ended.
template <class Owner>
Task<> wait_for_end(std::shared_ptr<Owner> owner) {
  co_await owner->task.join();
}

}  // namespace

void Pushes::close_on(Core& core, SessionKey key) {
  const auto found = core.open.find(key);
  if (found == core.open.end()) return;
  auto subscription = std::move(found->second);
  core.open.erase(found);
  // Calls that wait for the feed to begin wait no longer.
  subscription->failed = true;
  subscription->changed.notify_all();
  subscription->task.cancel();
  core.closing.spawn(wait_for_end(std::move(subscription)));
}

void Pushes::has_room(SessionKey key) {
  Core& core = here();
  if (const auto found = core.open.find(key); found != core.open.end()) found->second->changed.notify_all();
}

void Pushes::close_all(std::int64_t auth_key_id) {
  for (int number = 0; number < cores_.count(); ++number) {
    Core* core = per_core_[static_cast<std::size_t>(number)].get();
    const auto close_here = [this, core, auth_key_id] {
      for (auto at = core->open.lower_bound({auth_key_id, INT64_MIN});
           at != core->open.end() && at->first.auth_key_id == auth_key_id;
           at = core->open.lower_bound({auth_key_id, INT64_MIN})) {
        close_on(*core, at->first);
      }
    };
    if (number == cores_.here()) {
      close_here();
    } else {
      cores_.post(number, close_here);
    }
  }
}

Task<> Pushes::stop() {
  for (int core = 0; core < cores_.count(); ++core) {
    co_await cores_.on(core, [this, core] { return stop_core(core); });
  }
}

Task<bool> Pushes::stop_core(int number) {
  Core& core = *per_core_[static_cast<std::size_t>(number)];
  while (!core.open.empty()) close_on(core, core.open.begin()->first);
  co_await core.closing.join();
  co_return true;
}

Task<> Pushes::follow(std::shared_ptr<Subscription> subscription) {
  const auto feed = co_await begin(subscription->user);
  (feed ? subscription->following : subscription->failed) = true;
  subscription->changed.notify_all();
  if (!feed) co_return;

  for (;;) {
    auto batch = co_await feed->next();
    co_await hand_over(subscription, std::move(batch));
  }
}

// A coroutine of its own, so that what it needs takes no memory while nothing happens.
Task<> Pushes::hand_over(std::shared_ptr<Subscription> to, domain::FeedBatch batch) {
  bool delivered = !batch.too_long;
  if (delivered) delivered = co_await deliver(to, std::move(batch.items));
  // From here on the client must ask. Until it can be told so, everything else would only be more to ask for.
  while (!delivered) {
    Bytes too_long;
    const auto encoded = tl::encode(too_long, tl::UpdatesTooLong{}, to->layer);
    ASSERT(encoded);
    delivered = to->session->push(std::move(too_long));
    if (!delivered) co_await to->changed.wait();
  }
}

// Null when the store is down: the session's next call tries again.
Task<std::shared_ptr<domain::Feed>> Pushes::begin(domain::UserId user) {
  try {
    co_return co_await domain_.boxes.subscribe(user);
  } catch (const std::exception& broken) {
    if (is_cancellation(broken)) throw;
    log::error("push.subscribe_failed", {{"what", broken.what()}});
  }
  co_return nullptr;
}

// False when the session did not get all of it.
Task<bool> Pushes::deliver(std::shared_ptr<Subscription> to,
                           std::vector<std::shared_ptr<const domain::FeedItem>> items) {
  const domain::Origin own{to->key.auth_key_id, to->key.session_id};
  std::erase_if(items, [&](const auto& item) { return item->origin == own; });
  try {
    for (std::size_t begin = 0; begin < items.size(); begin += kUpdatesMax) {
      const std::size_t end = std::min(begin + kUpdatesMax, items.size());
      render::People people;
      std::vector<tl::Box<tl::TypeUpdate>> list;
      for (std::size_t i = begin; i < end; ++i) list.push_back(render::item(*items[i], to->user, people));
      const auto updates =
          co_await render::updates(std::move(list), std::move(people), to->user, clock_.unixtime(), domain_);
      Bytes bytes;
      if (const auto encoded = tl::encode(bytes, updates, to->layer); !encoded) {
        log::error("push.encode_failed", {{"what", encoded.error().name}, {"layer", to->layer.number}});
        co_return false;
      }
      if (!to->session->push(std::move(bytes))) co_return false;
    }
    co_return true;
  } catch (const std::exception& broken) {
    if (is_cancellation(broken)) throw;
    log::error("push.render_failed", {{"what", broken.what()}});
  }
  co_return false;
}

}  // namespace helio::api
