#include "domain/users/phone.h"

namespace helio::domain {

namespace {
constexpr std::size_t kDigitsMin = 5;
constexpr std::size_t kDigitsMax = 15;  // ITU-T E.164
constexpr std::size_t kWrittenMax = 64;
}  // namespace

std::optional<std::string> normal_phone(std::string_view written) {
  if (written.size() > kWrittenMax) return std::nullopt;
  std::string digits;
  for (const char c : written) {
    if (c >= '0' && c <= '9') digits.push_back(c);
  }
  if (digits.size() < kDigitsMin || digits.size() > kDigitsMax) return std::nullopt;
  return digits;
}

bool is_test_number(std::string_view digits) {
  return digits.size() == 10 && digits.starts_with("99966");
}

}  // namespace helio::domain
