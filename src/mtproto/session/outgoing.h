// mtproto/session/outgoing.h: content messages of the server, from their making to the client's acknowledgement.
//
// The result cache and the resend queue are this one thing. A message keeps its msg_id, seqno and bytes for life: what
// is sent again is what was sent (docs/security.md C17).
// Bounds: kMessagesMax and kBytesMax (C16). Past them updates are refused, and answers push out the oldest messages
// that
//         were sent. Answers that were not are bounded by crowded(): nobody makes more of them.
#pragma once
#include <cstdint>
#include <deque>

#include "base/bytes.h"

namespace helio::mtproto {

class Link;

struct Outgoing {
  std::int64_t msg_id = 0;
  std::int32_t seqno = 0;
  bool sent = false;  // On `link`, and not asked for again since.
  bool ever_sent = false;
  bool acked = false;    // Its body is gone.
  Link* link = nullptr;  // The connection that it goes, or went, out on; null: whichever comes.
  Bytes body;
};

class OutgoingMessages {
 public:
  static constexpr std::size_t kMessagesMax = 4096;
  static constexpr std::size_t kBytesMax = 8 << 20;
  static constexpr std::size_t kUnsentBytesMax = 4 << 20;

  // msg_ids rise from call to call.
  void add(Outgoing message);
  bool full() const { return live_ >= kMessagesMax || bytes_ >= kBytesMax; }
  bool half_empty() const { return live_ <= kMessagesMax / 2 && bytes_ <= kBytesMax / 2; }
  // So much waits to be sent that no more should be made.
  bool crowded() const { return unsent_ >= kMessagesMax || unsent_bytes_ >= kUnsentBytesMax; }
  std::size_t bytes() const { return bytes_; }
  std::size_t size() const { return live_; }

  // A message that is not acknowledged; null for all others.
  Outgoing* find(std::int64_t msg_id);
  void acknowledge(std::int64_t msg_id);
  // `message` shall not be sent any more.
  void drop(Outgoing& message);

  // `message` shall be sent (again) on `link`.
  void requeue(Outgoing& message, Link* link);
  // What was for `link`, sent or not, goes to `other` instead; null: to nobody yet.
  void reroute(Link* link, Link* other);
  // The same for what was not sent: the rest may have arrived.
  void reroute_unsent(Link* link, Link* other);
  // All that was not sent goes to `link`.
  void gather_unsent(Link* link);

  // Calls `take(message)` for what is ready for `link`, oldest first, until it says false; each taken one counts as
  // sent.
  template <class Take>
  void take_ready(Link* link, Take take) {
    for (std::size_t i = first_unsent_; i < all_.size(); ++i) {
      Outgoing& message = all_[i];
      if (message.acked || message.sent || message.link != link) continue;
      if (!take(message)) break;
      message.sent = message.ever_sent = true;
      --unsent_;
      unsent_bytes_ -= message.body.size();
    }
    while (first_unsent_ < all_.size() && (all_[first_unsent_].acked || all_[first_unsent_].sent)) ++first_unsent_;
  }
  bool any_ready(const Link* link) const;

 private:
  void forget(Outgoing& message);
  void unsend(Outgoing& message);
  void compact();

  std::deque<Outgoing> all_;      // By msg_id.
  std::size_t first_unsent_ = 0;  // Everything before it is sent or acknowledged.
  std::size_t live_ = 0;          // Not acknowledged.
  std::size_t bytes_ = 0;         // Of the live ones.
  std::size_t unsent_ = 0;        // Live, and not sent.
  std::size_t unsent_bytes_ = 0;
};

}  // namespace helio::mtproto
