// base/text.h: what clients count and what we accept in strings.
//
// Strings travel as UTF-8; offsets and lengths of message entities count UTF-16 code units, message limits count code
// points (https://core.telegram.org/api/entities#entity-length).
#pragma once
#include <cstdint>
#include <string_view>

namespace helio {

// No overlong forms, no surrogates, nothing above U+10FFFF. Foreign bytes.
bool is_utf8(std::string_view text);

// These need valid UTF-8.
std::size_t utf16_length(std::string_view text);
std::size_t code_points(std::string_view text);

}  // namespace helio
