#include "domain/box/lost.h"

#include <algorithm>

#include "base/assert.h"
#include "tl/types/records/Lost.h"

namespace helio::domain {

namespace {

// Of all ranges together, what `measure(after, until)` says.
template <class Measure>
std::int32_t sum(const tl::record::Counters& counters, Measure measure) {
  std::int32_t total = 0;
  if (!counters.lost) return total;
  for (const auto& boxed : *counters.lost) {
    const auto* range = tl::as<tl::record::Lost>(boxed);
    ASSERT(range);
    total += measure(range->after, range->until);
  }
  return total;
}

std::int32_t left(const tl::record::Counters& counters, std::uint32_t lost_ids_max) {
  const auto passed = sum(counters, [](std::int32_t after, std::int32_t until) { return until - after; });
  return static_cast<std::int32_t>(lost_ids_max) - passed;
}

}  // namespace

bool is_behind(const tl::record::Counters& counters, std::uint32_t lost_ids_max) {
  return left(counters, lost_ids_max) > 0;
}

void pass_lost(tl::record::Counters& counters, std::uint32_t lost_ids_max) {
  const std::int32_t more = left(counters, lost_ids_max);
  if (more <= 0) return;
  tl::record::Lost range;
  range.after = counters.pts;
  range.until = counters.pts += more;
  if (!counters.lost) counters.lost.emplace();
  counters.lost->push_back(std::move(range));
}

bool is_lost(const tl::record::Counters& counters, std::int32_t pts) {
  return sum(counters, [pts](std::int32_t after, std::int32_t until) { return after < pts && pts < until; }) > 0;
}

std::int32_t lost_after(const tl::record::Counters& counters, std::int32_t pts) {
  return sum(counters,
             [pts](std::int32_t after, std::int32_t until) { return std::max(until, pts) - std::max(after, pts); });
}

}  // namespace helio::domain
