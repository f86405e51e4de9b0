// domain/users/user_id.h: the number of a new user.
#pragma once
#include "base/random.h"
#include "domain/box/ids.h"

namespace helio::domain {

// Numbers that clients know by heart: the service user, the anonymous admin, the channel poster, Replies, the hidden
// author.
inline constexpr std::int64_t kReservedUserIds[] = {777000, 1087968824, 136817688, 1271266957, 2666000};

// Random in [10^9, 2^40), never a reserved one. May be taken: box.create tells.
UserId random_user_id(Random& random);

}  // namespace helio::domain
