// api/render/state.h: where an account's box is, as clients keep it.
// https://core.telegram.org/constructor/updates.state
#pragma once
#include "domain/updates/updates.h"
#include "tl/types/api/updates/State.h"

namespace helio::api::render {

// seq 0: our updates are ordered by pts alone.
inline tl::updates::State state(domain::State state) {
  tl::updates::State rendered;
  rendered.pts = state.pts;
  rendered.date = state.date;
  rendered.unread_count = state.unread;
  return rendered;
}

}  // namespace helio::api::render
