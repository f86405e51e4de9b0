#include "domain/box/boxes.h"

#include "domain/box/lost.h"
#include "domain/box/record.h"
#include "tl/types/records/Done.h"
#include "tl/types/records/box/settle.h"

namespace helio::domain {

namespace {
constexpr milliseconds kResumePause{200};
}

Boxes::Boxes(Cores& cores, store::Kv& kv, Clock& clock, const Commands& commands, BoxLimits limits)
    : cores_(cores), kv_(kv), clock_(clock) {
  const auto send = [this](Bytes partition, tl::Box<tl::Object> command) {
    return run_any(std::move(partition), std::move(command), {});
  };
  for (int core = 0; core < cores.count(); ++core) {
    per_core_.push_back(std::make_unique<BoxCore>(cores.executor(core), kv, clock, commands, limits,
                                                  std::make_shared<Feeds>(cores), send));
  }
}

Boxes::~Boxes() = default;

int Boxes::owner_of(View partition) const {
  return cores_.owner(store::bucket_of(partition));
}

Task<Result<tl::Box<tl::Object>>> Boxes::run_any(Bytes partition, tl::Box<tl::Object> command, Origin origin) {
  const int owner = owner_of(partition);
  BoxCore* core = per_core_[static_cast<std::size_t>(owner)].get();
  auto work = [core, partition = std::move(partition), command = std::move(command), origin]() mutable {
    return core->run(std::move(partition), std::move(command), origin);
  };
  co_return co_await cores_.on(owner, std::move(work));
}

void Boxes::tell(UserId user, tl::Box<tl::TypeUpdate> note, Origin origin) {
  const int owner = owner_of(user_partition(user));
  const std::shared_ptr<Feeds> feeds = per_core_[static_cast<std::size_t>(owner)]->feeds;
  auto item = std::make_shared<const FeedItem>(FeedItem{{}, origin, std::move(note)});
  cores_.post(owner, [feeds, user, item = std::move(item)] { feeds->publish(user, {item}); });
}

Task<std::shared_ptr<Feed>> Boxes::subscribe(UserId user) {
  const int here = cores_.here();
  const int owner = owner_of(user_partition(user));
  const auto feed = std::make_shared<Feed>(cores_.executor(here), user);
  std::weak_ptr<Feeds> feeds = per_core_[static_cast<std::size_t>(owner)]->feeds;

  // Subscribed first, then looked where it begins: an event between the two comes both ways, and the feed drops one.
  auto enter = [feeds, user, weak = std::weak_ptr(feed), here] { return add_to(feeds, user, weak, here); };
  const std::uint64_t number = co_await cores_.on(owner, std::move(enter));
  feed->leave_ = [&cores = cores_, owner, feeds, user, number] {
    cores.post(owner, [feeds, user, number] {
      if (const auto alive = feeds.lock()) alive->remove(user, number);
    });
  };

  const tl::record::Counters where = co_await counters(user);
  feed->begin(where.pts);
  co_return feed;
}

Task<tl::record::Counters> Boxes::counters(UserId user) {
  const Bytes partition = user_partition(user);
  const Bytes key = key::counters();
  for (int attempt = 0; attempt < 2; ++attempt) {
    std::vector<Bytes> keys{key};
    const store::Values values = co_await kv_.get(partition, std::move(keys));
    tl::record::Counters found;
    if (values.values[0]) found = record_of<tl::record::Counters>(partition, key, *values.values[0]);
    if (!values.values[0] || !is_behind(found, kv_.lost_ids_max())) co_return found;
    // Any command has the box pass over what is lost.
    const auto touched = co_await run(user, tl::box::settle());
    if (!touched) break;
  }
  throw store::StoreDown("a box of a restored store cannot be written");
}

Task<std::uint64_t> Boxes::add_to(std::weak_ptr<Feeds> feeds, UserId user, std::weak_ptr<Feed> feed, int core) {
  const auto alive = feeds.lock();
  co_return alive ? alive->add(user, std::move(feed), core) : 0;
}

Task<> Boxes::resume() {
  for (std::uint32_t bucket = 0; bucket < store::kBuckets; ++bucket) {
    std::optional<std::vector<Bytes>> partitions;
    while (!partitions) {
      try {
        partitions = co_await kv_.pending(bucket);
      } catch (const store::StoreDown&) {
      }
      if (!partitions) co_await clock_.sleep(kResumePause);
    }
    for (const Bytes& partition : *partitions) {
      // Whatever command brings the box into memory has it look at its cursor.
      tl::Box<tl::Object> look = tl::box::settle();
      const Origin nobody;
      while (!co_await run_any(partition, look, nobody)) co_await clock_.sleep(kResumePause);
    }
  }
}

Task<> Boxes::stop() {
  return per_core_[static_cast<std::size_t>(cores_.here())]->stop();
}

}  // namespace helio::domain
