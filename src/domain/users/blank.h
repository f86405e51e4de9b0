// domain/users/blank.h: white space around what people write.
//
// All strings are valid UTF-8.
#pragma once
#include <cstddef>
#include <string_view>

namespace helio::domain {

struct Character {
  char32_t code;
  std::size_t size;  // Bytes.
};

// `text` is not empty.
Character first_character(std::string_view text);

// White_Space of Unicode, and characters that look like nothing at all.
bool is_blank(char32_t code);

// Bytes of blanks at the start and at the end.
std::size_t size_of_blank_start(std::string_view text);
std::size_t size_of_blank_end(std::string_view text);

}  // namespace helio::domain
