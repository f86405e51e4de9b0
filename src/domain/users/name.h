// domain/users/name.h: the names people give themselves and each other.
#pragma once
#include <string>
#include <string_view>

namespace helio::domain {

inline constexpr std::size_t kNameLengthMax = 64;  // Code points.

// Without white space at both ends, cut to kNameLengthMax. May be empty. `name` is valid UTF-8.
std::string clean_name(std::string_view name);

}  // namespace helio::domain
