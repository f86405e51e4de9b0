// api/account/business.cpp: bots and links that act for an account. There are none.
// Source: https://core.telegram.org/api/business
#include "api/rows.h"
#include "tl/types/api/account/BusinessChatLinks.h"
#include "tl/types/api/account/ConnectedBots.h"
#include "tl/types/api/account/getBusinessChatLinks.h"
#include "tl/types/api/account/getConnectedBots.h"
#include "tl/types/api/aicompose/Tones.h"
#include "tl/types/api/aicompose/getTones.h"

namespace helio::api {
namespace {

constexpr Method kRows[] = {
    {.name = "account.getBusinessChatLinks",
     .run = always<tl::account::getBusinessChatLinks, tl::account::BusinessChatLinks>},
    {.name = "account.getConnectedBots", .run = always<tl::account::getConnectedBots, tl::account::ConnectedBots>},
    {.name = "aicompose.getTones", .run = always<tl::aicompose::getTones, tl::aicompose::Tones>},
};

}  // namespace

constinit const Methods kAccountBusiness = kRows;

}  // namespace helio::api
