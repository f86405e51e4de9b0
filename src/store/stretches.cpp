#include "store/stretches.h"

#include "base/assert.h"

namespace helio::store {

// The first that overlaps or touches it, or else the one behind it.
Stretches::Ends::const_iterator Stretches::first_touched(Stretch stretch) const {
  ASSERT(stretch.from < stretch.to);
  auto it = ends_.upper_bound(stretch.from);
  if (it != ends_.begin() && std::prev(it)->second >= stretch.from) --it;
  return it;
}

bool Stretches::takes(Stretch stretch) const {
  const auto it = first_touched(stretch);
  return ends_.size() < kMax || (it != ends_.end() && it->first <= stretch.to);
}

bool Stretches::add(Stretch stretch) {
  if (!takes(stretch)) return false;
  size_ += missing(stretch);
  const auto first = first_touched(stretch);
  auto last = first;
  for (; last != ends_.end() && last->first <= stretch.to; ++last) {
    stretch.from = std::min(stretch.from, last->first);
    stretch.to = std::max(stretch.to, last->second);
  }
  ends_.erase(first, last);
  ends_.emplace(stretch.from, stretch.to);
  return true;
}

std::uint64_t Stretches::missing(Stretch stretch) const {
  std::uint64_t missing = stretch.to - stretch.from;
  for (auto it = first_touched(stretch); it != ends_.end() && it->first < stretch.to; ++it) {
    const std::uint64_t from = std::max(stretch.from, it->first), to = std::min(stretch.to, it->second);
    missing -= to - from;  // Nothing where they only touch.
  }
  return missing;
}

std::uint64_t Stretches::reached() const {
  return ends_.empty() || ends_.begin()->first > 0 ? 0 : ends_.begin()->second;
}

std::uint64_t Stretches::end() const {
  return ends_.empty() ? 0 : ends_.rbegin()->second;
}

}  // namespace helio::store
