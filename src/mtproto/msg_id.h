// mtproto/msg_id.h: message identifiers: the time in units of 2^-32 s, with a meaning in the two lowest bits.
//
// Source: https://core.telegram.org/mtproto/description#message-identifier-msg-id
#pragma once
#include "base/clock.h"

namespace helio::mtproto {

enum class MsgKind : std::int64_t { kAnswer = 1, kOther = 3 };  // Of a server message, modulo 4; a client's are 0.

inline std::int64_t msg_id_at(Wall time) {
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  const auto fraction = (static_cast<std::uint64_t>(since % 1'000'000'000) << 32) / 1'000'000'000;
  return (since / 1'000'000'000) << 32 | static_cast<std::int64_t>(fraction & ~std::uint64_t{3});
}

inline std::int32_t unixtime_of(std::int64_t msg_id) {
  return static_cast<std::int32_t>(msg_id >> 32);
}

// Strictly rising, whatever the clock does.
class MsgIds {
 public:
  std::int64_t next(const Clock& clock, MsgKind kind) {
    last_ = std::max(msg_id_at(clock.now()), (last_ & ~std::int64_t{3}) + 4) + static_cast<std::int64_t>(kind);
    return last_;
  }

 private:
  std::int64_t last_ = 0;
};

}  // namespace helio::mtproto
