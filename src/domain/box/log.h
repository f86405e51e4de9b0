// domain/box/log.h: the committed events of a box, read from the store.
//
// The log (keys "e" pts) has no holes from the box's first pts on, but for what was passed over after a restore
// (domain/box/lost.h). A message event shows its message as it is now:
// edited if it was edited, absent if it was deleted since. docs/updates.md.
#pragma once
#include <vector>

#include "domain/box/ids.h"
#include "store/kv.h"
#include "tl/types/records/Event.h"
#include "tl/types/records/Message.h"

namespace helio::domain {

struct LoggedEvent {
  std::int32_t pts = 0;
  tl::Box<tl::record::TypeEvent> event;
  tl::Box<tl::record::TypeMessage> message;  // Of an eventMessage; null when there is none (any more).
};

struct LogPage {
  std::vector<LoggedEvent> events;
  bool more = false;  // Events newer than the last one were left out.
};

// Events with after < pts <= until, oldest first, at most `limit`. Throws StoreDown.
Task<LogPage> read_log(store::Kv& kv, UserId user, std::int32_t after, std::int32_t until, int limit);

}  // namespace helio::domain
