#include "domain/users/user_id.h"

#include <algorithm>

namespace helio::domain {

namespace {
constexpr std::int64_t kFirst = 1'000'000'000;
constexpr std::int64_t kEnd = std::int64_t{1} << 40;
}  // namespace

UserId random_user_id(Random& random) {
  for (;;) {
    const auto id = kFirst + static_cast<std::int64_t>(random.below(kEnd - kFirst));
    if (std::ranges::find(kReservedUserIds, id) == std::end(kReservedUserIds)) return UserId{id};
  }
}

}  // namespace helio::domain
