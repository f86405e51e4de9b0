// api/help/places.cpp: lists of the world that clients choose from: countries, time zones, name colours.
// Source: https://core.telegram.org/method/help.getCountriesList, https://core.telegram.org/api/colors
#include "api/help/countries.h"
#include "api/rows.h"
#include "tl/types/api/help/CountriesList.h"
#include "tl/types/api/help/Country.h"
#include "tl/types/api/help/CountryCode.h"
#include "tl/types/api/help/PeerColorOption.h"
#include "tl/types/api/help/PeerColors.h"
#include "tl/types/api/help/TimezonesList.h"
#include "tl/types/api/help/getCountriesList.h"
#include "tl/types/api/help/getPeerColors.h"
#include "tl/types/api/help/getPeerProfileColors.h"
#include "tl/types/api/help/getTimezonesList.h"

namespace helio::api {
namespace {

// Names are English whatever `lang_code` is: clients translate them by the ISO code.
Task<Result<tl::Box<tl::help::TypeCountriesList>>> get_countries(Call, tl::help::getCountriesList request) {
  if (request.hash == kCountriesVersion) co_return tl::help::CountriesListNotModified{};
  tl::help::CountriesList answer;
  answer.hash = kCountriesVersion;
  for (const Country& entry : countries()) {
    tl::help::Country country;
    country.iso2 = entry.iso2;
    country.default_name = entry.name;
    for (std::string_view codes = entry.calling_codes; !codes.empty();) {
      const auto end = std::min(codes.find(' '), codes.size());
      tl::help::CountryCode code;
      code.country_code = codes.substr(0, end);
      country.country_codes.push_back(std::move(code));
      codes.remove_prefix(std::min(end + 1, codes.size()));
    }
    answer.countries.push_back(std::move(country));
  }
  co_return answer;
}

// The seven colours that every client has built in; for them no shades are sent.
constexpr int kBuiltInColors = 7;
constexpr std::int32_t kColorsVersion = 1;

Task<Result<tl::Box<tl::help::TypePeerColors>>> get_peer_colors(Call, tl::help::getPeerColors request) {
  if (request.hash == kColorsVersion) co_return tl::help::PeerColorsNotModified{};
  tl::help::PeerColors answer;
  answer.hash = kColorsVersion;
  for (int id = 0; id < kBuiltInColors; ++id) {
    tl::help::PeerColorOption option;
    option.color_id = id;
    answer.colors.push_back(std::move(option));
  }
  co_return answer;
}

constexpr Method kRows[] = {
    {.name = "help.getCountriesList", .run = method<get_countries>, .who = Who::kKey},
    {.name = "help.getPeerColors", .run = method<get_peer_colors>, .who = Who::kKey},
    {.name = "help.getPeerProfileColors",
     .run = always<tl::help::getPeerProfileColors, tl::help::PeerColors>,
     .who = Who::kKey},
    {.name = "help.getTimezonesList", .run = always<tl::help::getTimezonesList, tl::help::TimezonesList>},
};

}  // namespace

constinit const Methods kHelpPlaces = kRows;

}  // namespace helio::api
