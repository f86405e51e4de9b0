#include "mtproto/session/received.h"

#include <algorithm>

#include "base/assert.h"

namespace helio::mtproto {

namespace {

constexpr std::size_t kKept = 4096;

bool before(const Received& a, std::int64_t msg_id) {
  return a.msg_id < msg_id;
}

}  // namespace

std::vector<Received>::iterator ReceivedMessages::place(std::int64_t msg_id) {
  if (all_.empty() || all_.back().msg_id < msg_id) return all_.end();
  return std::lower_bound(all_.begin(), all_.end(), msg_id, before);
}

Received* ReceivedMessages::find(std::int64_t msg_id) {
  const auto it = place(msg_id);
  return it != all_.end() && it->msg_id == msg_id ? &*it : nullptr;
}

// Seqnos rise with msg_ids; two messages may share one only if it is even. What holds for all that are kept holds for
// one more if it holds between its two neighbours.
int ReceivedMessages::seqno_problem(std::int64_t msg_id, std::int32_t seqno) const {
  constexpr int kTooLow = 32;
  constexpr int kTooHigh = 33;
  const bool odd = (seqno & 1) != 0;
  const auto next = std::lower_bound(all_.begin(), all_.end(), msg_id, before);
  if (next != all_.begin() && (std::prev(next)->seqno > seqno || (odd && std::prev(next)->seqno == seqno)))
    return kTooLow;
  if (next != all_.end() && (next->seqno < seqno || (odd && next->seqno == seqno))) return kTooHigh;
  return 0;
}

void ReceivedMessages::add(const Received& message) {
  ASSERT(!too_old(message.msg_id));
  all_.insert(place(message.msg_id), message);
  // Twice as many, so that forgetting costs a constant per message.
  if (all_.size() - held_ >= 2 * kKept) forget(all_.size() - kKept);
}

void ReceivedMessages::trim(std::int64_t before_msg_id) {
  forget(static_cast<std::size_t>(place(before_msg_id) - all_.begin()));
  if (all_.capacity() > 64 && all_.size() < all_.capacity() / 4) all_.shrink_to_fit();
}

// The oldest `count`. Those that still run stay: a long one must not hold up the window, nor run twice behind it.
void ReceivedMessages::forget(std::size_t count) {
  if (count == 0) return;
  const auto end = all_.begin() + static_cast<std::ptrdiff_t>(count);
  floor_ = std::max(floor_, std::prev(end)->msg_id);
  const auto kept =
      std::remove_if(all_.begin(), end, [](const Received& m) { return m.state != Received::State::kRunning; });
  held_ = static_cast<std::size_t>(kept - all_.begin());
  all_.erase(kept, end);
}

}  // namespace helio::mtproto
