#include "domain/updates/updates.h"

#include <algorithm>

#include "domain/box/keys.h"
#include "domain/box/record.h"
#include "tl/errors.h"
#include "tl/types/records/Counters.h"

namespace helio::domain {

Task<State> Updates::state(UserId user) {
  const Bytes partition = user_partition(user);
  std::vector<Bytes> keys{key::counters()};
  const store::Values values = co_await kv_.get(partition, std::move(keys));
  State state{.pts = 0, .date = clock_.unixtime(), .unread = 0};
  if (values.values[0]) {
    const auto counters = record_of<tl::record::Counters>(partition, key::counters(), *values.values[0]);
    state = {.pts = counters.pts, .date = std::max(state.date, counters.date), .unread = counters.unread};
  }
  co_return state;
}

Task<Result<Difference>> Updates::difference(UserId user, std::int32_t pts, std::int32_t total_limit) {
  if (pts == 0) co_return fail(error::PERSISTENT_TIMESTAMP_EMPTY);
  if (pts < 0) co_return fail(error::PERSISTENT_TIMESTAMP_INVALID);

  Difference difference;
  difference.state = co_await state(user);
  const std::int32_t missed = difference.state.pts - pts;
  if (missed == 0) co_return difference;
  // A pts from the future was given out before the server was restored from a backup.
  const bool too_many = missed > kDifferenceTotalMax || (total_limit > 0 && missed > total_limit);
  if (missed < 0 || too_many) {
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
