#include "mtproto/session/outgoing.h"

#include <algorithm>

#include "base/assert.h"

namespace helio::mtproto {

void OutgoingMessages::add(Outgoing message) {
  ASSERT(all_.empty() || all_.back().msg_id < message.msg_id);
  ++live_;
  ++unsent_;
  bytes_ += message.body.size();
  unsent_bytes_ += message.body.size();
  all_.push_back(std::move(message));
  // A client that acknowledges never comes here. The other kind loses what it was sent long ago.
  for (std::size_t i = 0; full() && i < all_.size(); ++i) {
    if (!all_[i].acked && all_[i].sent) forget(all_[i]);
  }
  compact();
}

Outgoing* OutgoingMessages::find(std::int64_t msg_id) {
  const auto it = std::lower_bound(all_.begin(), all_.end(), msg_id,
                                   [](const Outgoing& a, std::int64_t id) { return a.msg_id < id; });
  return it != all_.end() && it->msg_id == msg_id && !it->acked ? &*it : nullptr;
}

void OutgoingMessages::acknowledge(std::int64_t msg_id) {
  Outgoing* message = find(msg_id);
  if (!message || !message->ever_sent) return;  // What was never sent cannot have arrived.
  drop(*message);
}

void OutgoingMessages::drop(Outgoing& message) {
  forget(message);
  compact();
}

void OutgoingMessages::forget(Outgoing& message) {
  --live_;
  bytes_ -= message.body.size();
  if (!message.sent) {
    --unsent_;
    unsent_bytes_ -= message.body.size();
  }
  message.acked = true;
  Bytes().swap(message.body);  // Assigned from an empty one it would keep its memory.
}

// Acknowledged messages leave from the front, and from the middle when they are most of what is there.
void OutgoingMessages::compact() {
  while (!all_.empty() && all_.front().acked) {
    all_.pop_front();
    if (first_unsent_ > 0) --first_unsent_;
  }
  if (all_.size() > 64 && all_.size() > 4 * live_) {
    std::erase_if(all_, [](const Outgoing& m) { return m.acked; });
    first_unsent_ = 0;
  }
}

void OutgoingMessages::unsend(Outgoing& message) {
  if (!std::exchange(message.sent, false)) return;
  ++unsent_;
  unsent_bytes_ += message.body.size();
}

void OutgoingMessages::requeue(Outgoing& message, Link* link) {
  unsend(message);
  message.link = link;
  const auto at = std::lower_bound(all_.begin(), all_.end(), message.msg_id,
                                   [](const Outgoing& a, std::int64_t id) { return a.msg_id < id; });
  first_unsent_ = std::min(first_unsent_, static_cast<std::size_t>(at - all_.begin()));
}

void OutgoingMessages::reroute(Link* link, Link* other) {
  for (Outgoing& message : all_) {
    if (!message.acked && message.link == link) {
      message.link = other;
      unsend(message);
    }
  }
  first_unsent_ = 0;
}

void OutgoingMessages::reroute_unsent(Link* link, Link* other) {
  for (std::size_t i = first_unsent_; i < all_.size(); ++i) {
    if (!all_[i].sent && all_[i].link == link) all_[i].link = other;
  }
}

void OutgoingMessages::gather_unsent(Link* link) {
  for (std::size_t i = first_unsent_; i < all_.size(); ++i) {
    if (!all_[i].sent) all_[i].link = link;
  }
}

bool OutgoingMessages::any_ready(const Link* link) const {
  return std::any_of(all_.begin() + static_cast<std::ptrdiff_t>(first_unsent_), all_.end(),
                     [&](const Outgoing& m) { return !m.acked && !m.sent && m.link == link; });
}

}  // namespace helio::mtproto
