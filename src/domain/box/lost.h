// domain/box/lost.h: numbers of a box that a restored store has forgotten.
//
// A store that was restored from a backup does not know what its boxes handed out after that backup, but clients and
// other servers' logs do. So no box gives those numbers again: its first touch moves pts beyond them
// (store::Kv::lost_ids_max of them for all restores together), and its counters keep the range for ever, to recognise
// a client that comes from there. docs/updates.md, "After a restore".
#pragma once
#include <cstdint>

#include "tl/types/records/Counters.h"

namespace helio::domain {

// Whether numbers are still to be passed over.
bool is_behind(const tl::record::Counters& counters, std::uint32_t lost_ids_max);
void pass_lost(tl::record::Counters& counters, std::uint32_t lost_ids_max);

// Whether a client at `pts` got there in a time that is forgotten.
bool is_lost(const tl::record::Counters& counters, std::int32_t pts);
// How many of the numbers after `pts` were passed over.
std::int32_t lost_after(const tl::record::Counters& counters, std::int32_t pts);

}  // namespace helio::domain
