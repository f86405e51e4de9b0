// mtproto/session/received.h: what a session remembers of the messages it got, so that none runs twice.
//
// Keeps at least the newest 4096 ids, and queries until they are answered, however old; others only while they are
// younger than five minutes. What is older than those, and not known, is too old to judge. Ordered by msg_id, which is
// also how they mostly arrive.
// Source: https://core.telegram.org/mtproto/service_messages_about_messages. Foreign ids.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

namespace helio::mtproto {

struct Received {
  enum class State : std::uint8_t {
    kNoted,  // Nothing more will come of it.
    kContainer,
    kRunning,  // A query without an answer yet.
    kDone,     // Answered,
    kFailed,   // with an rpc_error,
    kDropped,  // or not to be answered any more.
  };
  std::int64_t msg_id = 0;
  std::int64_t answer_msg_id = 0;  // 0: none.
  std::int32_t seqno = 0;
  State state = State::kNoted;
};

class ReceivedMessages {
 public:
  // `below`: ids up to this one count as too old from the start.
  explicit ReceivedMessages(std::int64_t below = 0) : floor_(below) {}

  // Valid until the next add() or trim().
  Received* find(std::int64_t msg_id);
  // Of one that find() does not know.
  bool too_old(std::int64_t msg_id) const { return msg_id <= floor_; }
  // The ids that are known or too old end here.
  std::int64_t newest() const { return all_.empty() ? floor_ : std::max(floor_, all_.back().msg_id); }
  std::size_t size() const { return all_.size(); }

  // Whether seqno fits between its neighbours: 0, or the code of bad_msg_notification, 32 or 33.
  int seqno_problem(std::int64_t msg_id, std::int32_t seqno) const;

  // `message` is not known and not too old. Forgets the oldest when there are too many.
  void add(const Received& message);

  // Forgets what is older than `before`, unless it is a query that runs.
  void trim(std::int64_t before);

 private:
  std::vector<Received>::iterator place(std::int64_t msg_id);
  void forget(std::size_t count);

  std::vector<Received> all_;
  std::int64_t floor_;
  std::size_t held_ = 0;  // Queries below the floor, about: some may have been answered since.
};

}  // namespace helio::mtproto
