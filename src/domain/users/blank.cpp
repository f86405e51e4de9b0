#include "domain/users/blank.h"

namespace helio::domain {

Character first_character(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[i])); };
  const char32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xe0) return {(lead & 0x1f) << 6 | (byte(1) & 0x3f), 2};
  if (lead < 0xf0) return {(lead & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f), 3};
  return {(lead & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f), 4};
}

bool is_blank(char32_t code) {
  return (code >= 0x09 && code <= 0x0d) || code == 0x20 || code == 0x85 || code == 0xa0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200b) || code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f ||
         code == 0x3000 || code == 0xfeff || code == 0;
}

std::size_t size_of_blank_start(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size()) {
    const Character character = first_character(text.substr(size));
    if (!is_blank(character.code)) break;
    size += character.size;
  }
  return size;
}

std::size_t size_of_blank_end(std::string_view text) {
  std::size_t end = text.size();
  while (end > 0) {
    std::size_t start = end - 1;
    while ((static_cast<unsigned char>(text[start]) & 0xc0) == 0x80) --start;
    if (!is_blank(first_character(text.substr(start)).code)) break;
    end = start;
  }
  return text.size() - end;
}

}  // namespace helio::domain
