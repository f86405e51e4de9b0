// domain/updates/updates.h: where a box is, and what happened since. https://core.telegram.org/api/updates
//
// Reads committed state only, from any core; throws StoreDown.
#pragma once
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/box/log.h"

namespace helio::domain {

struct State {
  std::int32_t pts = 0;
  std::int32_t date = 0;
  std::int32_t unread = 0;  // Messages, over all dialogs.
};

struct Difference {
  enum class Kind {
    kEmpty,    // Nothing but `state.date`.
    kAll,      // Everything up to `state`.
    kSlice,    // Everything up to `state`, and there is more: ask again from there.
    kTooLong,  // Too much, or a pts from the future: forget the past and go on from `state.pts`.
  };
  Kind kind = Kind::kEmpty;
  State state;
  std::vector<LoggedEvent> events;  // Oldest first. A message that was deleted since has none.
};

inline constexpr std::int32_t kDifferenceEventsMax = 100;     // Of one slice.
inline constexpr std::int32_t kDifferenceTotalMax = 100'000;  // Beyond this the client is told kTooLong.

class Updates {
 public:
  Updates(store::Kv& kv, Clock& clock) : kv_(kv), clock_(clock) {}

  Task<State> state(UserId user);
  // What happened after `pts`. `total_limit` is the client's own idea of too long; 0: none.
  // 400 PERSISTENT_TIMESTAMP_EMPTY (0), PERSISTENT_TIMESTAMP_INVALID (negative).
  Task<Result<Difference>> difference(UserId user, std::int32_t pts, std::int32_t total_limit = 0);

 private:
  store::Kv& kv_;
  Clock& clock_;
};

}  // namespace helio::domain
