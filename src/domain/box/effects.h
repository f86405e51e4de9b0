// domain/box/effects.h: what an event of one box means for others.
#pragma once
#include <optional>

#include "domain/box/ids.h"
#include "domain/box/log.h"
#include "tl/types/records/Effect.h"

namespace helio::domain {

struct OutgoingEffect {
  UserId target;
  tl::Box<tl::record::TypeEffect> effect;
};

// Whether the event has one, as far as the event itself can say: what counters and cursors go by.
bool has_effect(const tl::record::TypeEvent& event);

// The effect of a committed event of `self`'s box; nullopt when it has none, or its message is gone.
std::optional<OutgoingEffect> effect_of(UserId self, const LoggedEvent& logged);

}  // namespace helio::domain
