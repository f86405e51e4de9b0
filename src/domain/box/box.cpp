#include "domain/box/box.h"

#include "domain/box/box_core.h"
#include "domain/box/keys.h"
#include "tl/errors.h"
#include "tl/types/records/box/settle.h"

namespace helio::domain {

namespace {

constexpr std::size_t kCommandsAtOnce = 256;
// Well inside what a batch may hold: a command adds at most 1.3 MiB (64 received messages) before it is looked at.
constexpr std::size_t kChangesMax = store::kBatchChangesMax * 3 / 4;
constexpr std::size_t kSizeMax = store::kBatchSizeMax / 2;
constexpr std::size_t kEntriesKept = 64;
constexpr int kCatchUpAtOnce = 100;
constexpr milliseconds kFirstPause{5};
constexpr milliseconds kLongestPause{500};

}  // namespace

Box::Box(BoxCore& core, Bytes partition) : core_(core), partition_(std::move(partition)), user_(user_of(partition_)) {}

std::shared_ptr<StagedCommand> Box::stage(tl::Box<tl::Object> command, Origin origin) {
  if (staged_.size() >= core_.limits.staged_max) return nullptr;
  const CommandKind& kind = core_.commands.get(tl::id_of(*command));
  auto staged = std::make_shared<StagedCommand>(std::move(command), kind, origin, core_.tasks.executor());
  staged_.push_back(staged);
  if (!std::exchange(working_, true)) core_.tasks.spawn(work());  // May have run already when this returns.
  return staged;
}

bool Box::unsettled() const {
  return doubtful_ || (delivery_ && delivery_->settled() > stored_cursor_);
}

void Box::settle() {
  settle_expected_ = false;
  if (unsettled()) stage(tl::box::settle(), {});
}

void Box::settle_later() {
  if (!std::exchange(settle_expected_, true)) core_.settle_later(partition_);
}

Task<> Box::work() {
  while (!staged_.empty()) co_await round();
  working_ = false;
}

// The commands that wait now are answered, come what may.
Task<> Box::round() {
  const std::size_t waiting = staged_.size();
  const Ticks deadline = core_.clock.ticks() + core_.limits.give_up_after;
  for (milliseconds pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    auto outcome = Attempt::kDown;
    try {
      outcome = co_await attempt();
    } catch (const store::StoreDown&) {
    }
    if (outcome == Attempt::kDone) co_return;
    if (core_.clock.ticks() >= deadline) break;
    // Two writers that meet in one partition must not meet again at once.
    co_await core_.clock.sleep(outcome == Attempt::kAgain ? kFirstPause : pause);
  }
  forget();
  doubtful_ = true;
  settle_later();
  give_up(waiting);
}

Task<Box::Attempt> Box::attempt() {
  const std::size_t count = std::min(staged_.size(), kCommandsAtOnce);
  Reads reads{key::counters()};
  for (std::size_t i = 0; i < count; ++i) staged_[i]->kind.reads(*staged_[i]->command, reads);
  if (!co_await fetch(std::move(reads))) co_return Attempt::kAgain;

  BoxTxn txn(partition_, memory_, delivery_ ? delivery_->settled() : 0);
  if (user_) co_await catch_up(txn.counters());
  txn.pass_lost_ids(core_.kv.lost_ids_max());

  std::vector<Result<tl::Box<tl::Object>>> answers;
  while (answers.size() < count) {
    const StagedCommand& next = *staged_[answers.size()];
    txn.savepoint(next.origin);
    std::optional<ReadMiss> miss;
    Result<tl::Box<tl::Object>> answer;
    try {
      answer = next.kind.run(txn, *next.command);
    } catch (ReadMiss& missing) {
      miss = std::move(missing);
    }
    if (miss) {
      txn.rollback();
      if (!co_await fetch(*std::move(miss))) co_return Attempt::kAgain;
      continue;
    }
    if (!answer) txn.rollback();
    if (!answers.empty() && (txn.size() > kSizeMax || txn.changes() > kChangesMax)) {
      txn.rollback();  // This one and the rest go into the next batch.
      break;
    }
    answers.push_back(std::move(answer));
  }

  store::Batch batch = txn.batch();
  if (!batch.puts.empty() || !batch.erase.empty()) {
    std::vector<store::Put> puts;
    std::ranges::copy_if(batch.puts, std::back_inserter(puts), key::is_kept, &store::Put::key);
    std::vector<Bytes> erased;
    std::ranges::copy_if(batch.erase, std::back_inserter(erased), key::is_kept);
    const store::Commit commit = co_await core_.kv.commit(std::move(batch));
    if (commit.outcome == store::Outcome::kUnavailable) co_return Attempt::kDown;
    if (commit.outcome != store::Outcome::kCommitted) {
      forget();
      co_return Attempt::kAgain;
    }
    remember(std::move(puts), std::move(erased), commit.version);
  } else {
    remember({}, {}, memory_.version);
  }
  doubtful_ = false;

  publish(txn.take_events(), txn.counters().pts);
  for (auto& answer : answers) {
    StagedCommand& done = *staged_.front();
    done.answer = std::move(answer);
    done.answered.notify_all();
    staged_.pop_front();
  }
  co_return Attempt::kDone;
}

// Brings entries into memory. False when the box turned out to be another version than memory: start anew.
Task<bool> Box::fetch(Reads keys) {
  std::erase_if(keys, [this](const Bytes& key) { return memory_.entries.contains(key); });
  if (keys.empty() && remembers_) co_return true;
  std::ranges::sort(keys);
  keys.erase(std::ranges::unique(keys).begin(), keys.end());
  store::Values values = co_await core_.kv.get(partition_, keys);
  if (!is_still(values.version)) co_return false;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    memory_.entries.insert_or_assign(std::move(keys[i]), std::move(values.values[i]));
  }
  co_return true;
}

Task<bool> Box::fetch(ReadMiss miss) {
  if (miss.key) {
    Reads keys{*std::move(miss.key)};
    co_return co_await fetch(std::move(keys));
  }
  store::Page page = co_await core_.kv.scan(partition_, *miss.scan);
  if (!is_still(page.version)) co_return false;
  memory_.scans.insert_or_assign({std::move(miss.scan->from), std::move(miss.scan->to)},
                                 BoxMemory::Rows{std::move(page.rows), page.more});
  co_return true;
}

bool Box::is_still(std::uint64_t version) {
  if (remembers_ && version != memory_.version) {
    forget();
    return false;
  }
  remembers_ = true;
  memory_.version = version;
  return true;
}

void Box::forget() {
  memory_ = {};
  remembers_ = false;
}

void Box::remember(std::vector<store::Put> puts, std::vector<Bytes> erased, std::uint64_t version) {
  memory_.version = version;
  memory_.scans.clear();
  const bool full = memory_.entries.size() > kEntriesKept;
  std::erase_if(memory_.entries, [full](const auto& entry) {
    return !key::is_kept(entry.first) || (full && entry.first != key::counters());
  });
  for (store::Put& put : puts) memory_.entries.insert_or_assign(std::move(put.key), std::move(put.value));
  for (Bytes& key : erased) memory_.entries.insert_or_assign(std::move(key), std::nullopt);
}

// What was committed without being published here (an unknown outcome, another writer) is published from the log.
Task<> Box::catch_up(tl::record::Counters counters) {
  stored_cursor_ = counters.settled;
  const bool first_look = !delivery_;
  if (first_look) delivery_.emplace(core_, *user_, [this] { settle_later(); });
  if (published_ == counters.pts) co_return;

  delivery_->look_up(counters.settled, counters.effects);
  const bool too_many = counters.pts - published_ > static_cast<std::int32_t>(kFeedItemsMax);
  if (first_look || too_many || !core_.feeds->any(*user_)) {
    published_ = counters.pts;
    core_.feeds->reached(*user_, published_);
    co_return;
  }
  while (published_ < counters.pts) {
    LogPage page = co_await read_log(core_.kv, *user_, published_, counters.pts, kCatchUpAtOnce);
    std::vector<std::shared_ptr<const FeedItem>> items;
    for (LoggedEvent& logged : page.events) {
      published_ = logged.pts;
      items.push_back(std::make_shared<const FeedItem>(FeedItem{std::move(logged), {}}));
    }
    core_.feeds->publish(*user_, items);
    if (!page.more) published_ = counters.pts;
  }
}

void Box::publish(std::vector<BoxTxn::Event> events, std::int32_t pts) {
  published_ = pts;
  if (events.empty()) return;
  for (const BoxTxn::Event& event : events) {
    if (!event.note) delivery_->add(event.what);
  }
  if (!core_.feeds->any(*user_)) return;
  std::vector<std::shared_ptr<const FeedItem>> items;
  for (BoxTxn::Event& event : events) {
    items.push_back(
        std::make_shared<const FeedItem>(FeedItem{std::move(event.what), event.origin, std::move(event.note)}));
  }
  core_.feeds->publish(*user_, items);
}

void Box::give_up(std::size_t commands) {
  for (; commands > 0 && !staged_.empty(); --commands) {
    StagedCommand& next = *staged_.front();
    next.answer = fail(error::INTERNAL);
    next.answered.notify_all();
    staged_.pop_front();
  }
}

}  // namespace helio::domain
