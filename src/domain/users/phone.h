// domain/users/phone.h: phone numbers: digits only, in international form.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace helio::domain {

// The digits of a number written in any punctuation, with or without '+'; nullopt unless they are 5 to 15.
std::optional<std::string> normal_phone(std::string_view written);

// 99966XYYYY: numbers for tests, whose login code is X six times (docs: --test-numbers).
bool is_test_number(std::string_view digits);

}  // namespace helio::domain
