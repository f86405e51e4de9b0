#include "net/http/field_text.h"

#include <algorithm>

namespace helio::net::http {

namespace {

constexpr char lower(char c) {
  return 'A' <= c && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

}  // namespace

View cut(View& text, View end) {
  const std::size_t size = std::min(text.find(end), text.size());
  const View before = text.substr(0, size);
  text.remove_prefix(std::min(text.size(), size + end.size()));
  return before;
}

View trimmed(View text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool equal_in_any_case(View a, View b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool has_token(View list, View token) {
  while (!list.empty()) {
    if (equal_in_any_case(trimmed(cut(list, ",")), token)) return true;
  }
  return false;
}

}  // namespace helio::net::http
