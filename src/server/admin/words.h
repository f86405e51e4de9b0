// server/admin/words.h: the line that a command of the owner is: words with a space between.
#pragma once
#include <string>
#include <vector>

#include "base/bytes.h"

namespace helio::server::admin {

// Spaces, percent signs and control characters inside a word become %20 and the like.
std::string to_line(const std::vector<std::string>& words);
// The words of a line, with or without its end. What looks like no escape stays as it is.
std::vector<std::string> from_line(View line);

}  // namespace helio::server::admin
