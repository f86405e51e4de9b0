// api/help/notices.cpp: what the operator wants to tell: terms, promotions, updates of clients. Nothing yet.
// Source: https://core.telegram.org/methods#working-with-promotions, #working-with-tos
#include "api/rows.h"
#include "tl/types/api/CdnConfig.h"
#include "tl/types/api/help/AppUpdate.h"
#include "tl/types/api/help/InviteText.h"
#include "tl/types/api/help/PremiumPromo.h"
#include "tl/types/api/help/PromoData.h"
#include "tl/types/api/help/TermsOfServiceUpdate.h"
#include "tl/types/api/help/getAppUpdate.h"
#include "tl/types/api/help/getCdnConfig.h"
#include "tl/types/api/help/getInviteText.h"
#include "tl/types/api/help/getPremiumPromo.h"
#include "tl/types/api/help/getPromoData.h"
#include "tl/types/api/help/getTermsOfServiceUpdate.h"

namespace helio::api {
namespace {

// When a client asks again.
constexpr std::int32_t kAskAgainSeconds = 24 * 3600;

Task<Result<tl::help::TermsOfServiceUpdateEmpty>> get_terms_update(Call call, tl::help::getTermsOfServiceUpdate) {
  tl::help::TermsOfServiceUpdateEmpty answer;
  answer.expires = call.now() + kAskAgainSeconds;
  co_return answer;
}

Task<Result<tl::help::PromoDataEmpty>> get_promo_data(Call call, tl::help::getPromoData) {
  tl::help::PromoDataEmpty answer;
  answer.expires = call.now() + kAskAgainSeconds;
  co_return answer;
}

Task<Result<tl::help::InviteText>> get_invite_text(Call, tl::help::getInviteText) {
  tl::help::InviteText answer;
  answer.message = "Write to me on Heliograph.";
  co_return answer;
}

constexpr Method kRows[] = {
    {.name = "help.getAppUpdate", .run = always<tl::help::getAppUpdate, tl::help::NoAppUpdate>, .who = Who::kKey},
    {.name = "help.getCdnConfig", .run = always<tl::help::getCdnConfig, tl::CdnConfig>, .who = Who::kKey},
    {.name = "help.getInviteText", .run = method<get_invite_text>, .who = Who::kUsers},
    // Everyone has every feature: there is nothing to promote.
    {.name = "help.getPremiumPromo", .run = always<tl::help::getPremiumPromo, tl::help::PremiumPromo>},
    {.name = "help.getPromoData", .run = method<get_promo_data>},
    {.name = "help.getTermsOfServiceUpdate", .run = method<get_terms_update>},
};

}  // namespace

constinit const Methods kHelpNotices = kRows;

}  // namespace helio::api
