// api/help/countries.h: the world's calling codes, for the page where a client asks for a phone number.
//
// Sources: ISO 3166-1 (codes and short names), ITU-T E.164 (calling codes).
#pragma once
#include <span>
#include <string_view>

namespace helio::api {

struct Country {
  std::string_view iso2;
  std::string_view name;
  std::string_view calling_codes;  // Separated by spaces.
};

std::span<const Country> countries();  // Ordered by name.

// Clients keep the list by this number: it changes whenever the table does. Never 0.
inline constexpr int kCountriesVersion = 1;

}  // namespace helio::api
