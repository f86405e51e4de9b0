#include "domain/box/box_core.h"

#include "tl/errors.h"

namespace helio::domain {

namespace {
constexpr int kForgottenAtOnce = 8;
}

BoxCore::BoxCore(Executor executor, store::Kv& store, Clock& time, const Commands& table, BoxLimits bounds,
                 std::shared_ptr<Feeds> subscribers, Send send_to)
    : kv(store),
      clock(time),
      commands(table),
      limits(bounds),
      feeds(std::move(subscribers)),
      send(std::move(send_to)),
      tasks(executor) {}

BoxCore::~BoxCore() = default;

Task<Result<tl::Box<tl::Object>>> BoxCore::run(Bytes partition, tl::Box<tl::Object> command, Origin origin) {
  if (stopped_) co_return fail(error::INTERNAL);
  const std::shared_ptr<StagedCommand> staged = get(partition).stage(std::move(command), origin);
  if (!staged) co_return fail(error::FLOOD_WAIT(1));
  while (!staged->answer) co_await staged->answered.wait();
  co_return *std::move(staged->answer);
}

Box& BoxCore::get(const Bytes& partition) {
  if (const auto found = boxes_.find(partition); found != boxes_.end()) {
    by_use_.splice(by_use_.begin(), by_use_, found->second.place);
    return *found->second.box;
  }
  forget_idle();
  by_use_.push_front(partition);
  return *boxes_.emplace(partition, Kept{std::make_unique<Box>(*this, partition), by_use_.begin()}).first->second.box;
}

void BoxCore::forget_idle() {
  std::vector<Bytes> unsettled;
  auto oldest = by_use_.end();
  for (int looked_at = 0; boxes_.size() >= limits.boxes_per_core && looked_at < kForgottenAtOnce; ++looked_at) {
    if (oldest == by_use_.begin()) break;
    --oldest;
    const auto found = boxes_.find(*oldest);
    const Box& box = *found->second.box;
    if (!box.idle()) continue;
    if (box.unsettled()) {
      unsettled.push_back(*oldest);
      continue;
    }
    boxes_.erase(found);
    oldest = by_use_.erase(oldest);
  }
  // They go when they have settled: at one of the next looks.
  for (const Bytes& partition : unsettled) {
    const auto found = boxes_.find(partition);
    if (found != boxes_.end()) found->second.box->settle();
  }
}

void BoxCore::settle_later(const Bytes& partition) {
  to_settle_.emplace_back(clock.ticks() + limits.settle_after, partition);
  if (!std::exchange(settling_, true)) tasks.spawn(settle());
}

Task<> BoxCore::settle() {
  while (!to_settle_.empty()) {
    const Ticks when = to_settle_.front().first;
    co_await clock.sleep_until(when);
    const Bytes partition = std::move(to_settle_.front().second);
    to_settle_.pop_front();
    const auto found = boxes_.find(partition);
    if (found != boxes_.end()) found->second.box->settle();
  }
  settling_ = false;
}

Task<> BoxCore::stop() {
  stopped_ = true;
  tasks.cancel();
  co_await tasks.join();
  for (const Bytes& partition : by_use_) boxes_.at(partition).box->give_up();
}

}  // namespace helio::domain
