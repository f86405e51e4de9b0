#include "server/admin/words.h"

namespace helio::server::admin {

namespace {

bool is_plain(char c) {
  return c != '%' && (static_cast<unsigned char>(c) > ' ') && c != '\x7f';
}

std::string unescaped(View word) {
  std::string text;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '%') {
      const View digits = word.substr(i + 1, 2);
      if (const auto byte = from_hex(digits); byte && digits.size() == 2 && byte->size() == 1) {
        text += *byte;
        i += 2;
        continue;
      }
    }
    text += word[i];
  }
  return text;
}

}  // namespace

std::string to_line(const std::vector<std::string>& words) {
  std::string line;
  for (const auto& word : words) {
    if (!line.empty()) line += ' ';
    for (const char c : word) {
      if (is_plain(c)) {
        line += c;
      } else {
        line += '%' + to_hex(View(&c, 1));
      }
    }
  }
  return line;
}

std::vector<std::string> from_line(View line) {
  constexpr View kSpaces = " \t\r\n";
  std::vector<std::string> words;
  for (;;) {
    const auto from = line.find_first_not_of(kSpaces);
    if (from == View::npos) return words;
    line.remove_prefix(from);
    const View word = line.substr(0, line.find_first_of(kSpaces));
    words.push_back(unescaped(word));
    line.remove_prefix(word.size());
  }
}

}  // namespace helio::server::admin
