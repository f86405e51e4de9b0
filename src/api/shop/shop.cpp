// api/shop/shop.cpp: what is for sale: nothing. Empty answers make clients hide it. Also calls: how they are
// configured. Source: https://core.telegram.org/api/stars, https://core.telegram.org/api/boost
#include "api/rows.h"
#include "tl/errors.h"
#include "tl/types/api/Chat.h"
#include "tl/types/api/DataJSON.h"
#include "tl/types/api/StarsAmount.h"
#include "tl/types/api/StarsTopupOption.h"
#include "tl/types/api/User.h"
#include "tl/types/api/payments/SavedStarGifts.h"
#include "tl/types/api/payments/StarGiftActiveAuctions.h"
#include "tl/types/api/payments/StarGifts.h"
#include "tl/types/api/payments/StarsStatus.h"
#include "tl/types/api/payments/getSavedStarGifts.h"
#include "tl/types/api/payments/getStarGiftActiveAuctions.h"
#include "tl/types/api/payments/getStarGifts.h"
#include "tl/types/api/payments/getStarsStatus.h"
#include "tl/types/api/payments/getStarsTopupOptions.h"
#include "tl/types/api/phone/getCallConfig.h"
#include "tl/types/api/premium/BoostsStatus.h"
#include "tl/types/api/premium/MyBoosts.h"
#include "tl/types/api/premium/getBoostsStatus.h"
#include "tl/types/api/premium/getMyBoosts.h"

namespace helio::api {
namespace {

Task<Result<tl::payments::StarsStatus>> get_stars_status(Call call, tl::payments::getStarsStatus request) {
  CO_CHECK(co_await call.resolve(std::move(request.peer)));
  tl::payments::StarsStatus answer;
  answer.balance = tl::StarsAmount{};
  co_return answer;
}

Task<Result<tl::payments::SavedStarGifts>> get_saved_star_gifts(Call call, tl::payments::getSavedStarGifts request) {
  CO_CHECK(co_await call.resolve(std::move(request.peer)));
  co_return tl::payments::SavedStarGifts{};
}

// Boosts belong to channels.
Task<Result<tl::premium::BoostsStatus>> get_boosts_status(Call, tl::premium::getBoostsStatus) {
  co_return fail(error::PEER_ID_INVALID);
}

// The clients' own defaults hold.
Task<Result<tl::DataJSON>> get_call_config(Call, tl::phone::getCallConfig) {
  tl::DataJSON answer;
  answer.data = "{}";
  co_return answer;
}

constexpr Method kRows[] = {
    {.name = "payments.getSavedStarGifts", .run = method<get_saved_star_gifts>, .who = Who::kUsersAndBots},
    {.name = "payments.getStarGiftActiveAuctions",
     .run = always<tl::payments::getStarGiftActiveAuctions, tl::payments::StarGiftActiveAuctions>},
    {.name = "payments.getStarGifts",
     .run = always<tl::payments::getStarGifts, tl::payments::StarGifts>,
     .who = Who::kUsersAndBots},
    {.name = "payments.getStarsStatus", .run = method<get_stars_status>, .who = Who::kUsersAndBots},
    {.name = "payments.getStarsTopupOptions", .run = always<tl::payments::getStarsTopupOptions>},
    {.name = "phone.getCallConfig", .run = method<get_call_config>},
    {.name = "premium.getBoostsStatus", .run = method<get_boosts_status>},
    {.name = "premium.getMyBoosts", .run = always<tl::premium::getMyBoosts, tl::premium::MyBoosts>},
};

}  // namespace

constinit const Methods kShop = kRows;

}  // namespace helio::api
