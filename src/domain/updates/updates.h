// domain/updates/updates.h: where a box is, and what happened since. https://core.telegram.org/api/updates
//
// Tells of committed state only, on any core; throws StoreDown.
#pragma once
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/box/boxes.h"
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
    kTooLong,  // Too much, or a pts of which we know nothing: forget the past and go on from `state.pts`.
  };
  Kind kind = Kind::kEmpty;
  State state;
  std::vector<LoggedEvent> events;  // Oldest first. A message that was deleted since has none.
};

inline constexpr std::int32_t kDifferenceEventsMax = 100;     // Of one slice.
inline constexpr std::int32_t kDifferenceTotalMax = 100'000;  // Beyond this the client is told kTooLong.

class Updates {
 public:
  Updates(Boxes& boxes, store::Kv& kv, Clock& clock) : boxes_(boxes), kv_(kv), clock_(clock) {}

  Task<State> state(UserId user);
  // What happened after `pts`. `total_limit` is the client's own idea of too long; 0: none.
  // 400 PERSISTENT_TIMESTAMP_EMPTY (0), PERSISTENT_TIMESTAMP_INVALID (negative).
  Task<Result<Difference>> difference(UserId user, std::int32_t pts, std::int32_t total_limit = 0);

 private:
  State state_of(const tl::record::Counters& counters) const;

  Boxes& boxes_;
  store::Kv& kv_;
  Clock& clock_;
};

}  // namespace helio::domain
