#include "domain/updates/updates.h"

#include <algorithm>

#include "domain/box/lost.h"
#include "tl/errors.h"

namespace helio::domain {

Task<State> Updates::state(UserId user) {
  const tl::record::Counters counters = co_await boxes_.counters(user);
  co_return state_of(counters);
}

State Updates::state_of(const tl::record::Counters& counters) const {
  return {.pts = counters.pts, .date = std::max(clock_.unixtime(), counters.date), .unread = counters.unread};
}

Task<Result<Difference>> Updates::difference(UserId user, std::int32_t pts, std::int32_t total_limit) {
  if (pts == 0) co_return fail(error::PERSISTENT_TIMESTAMP_EMPTY);
  if (pts < 0) co_return fail(error::PERSISTENT_TIMESTAMP_INVALID);

  const tl::record::Counters counters = co_await boxes_.counters(user);
  Difference difference;
  difference.state = state_of(counters);
  if (pts == counters.pts) co_return difference;
  // Both were given out before the store was restored from a backup: of what happened then nothing is known.
  const bool unknown = pts > counters.pts || is_lost(counters, pts);
  const std::int32_t missed = unknown ? 0 : counters.pts - pts - lost_after(counters, pts);
  const bool too_many = missed > kDifferenceTotalMax || (total_limit > 0 && missed > total_limit);
  if (unknown || too_many) {
    difference.kind = Difference::Kind::kTooLong;
    co_return difference;
  }

  LogPage page = co_await read_log(kv_, user, pts, difference.state.pts, kDifferenceEventsMax);
  difference.events = std::move(page.events);
  difference.kind = Difference::Kind::kAll;
  if (page.more) {
    difference.kind = Difference::Kind::kSlice;
    difference.state.pts = difference.events.back().pts;
  }
  co_return difference;
}

}  // namespace helio::domain
