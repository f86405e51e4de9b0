// api/channels/channels.cpp: channels and supergroups. There are none yet, so nobody can name one.
// Source: https://core.telegram.org/api/channel
#include "api/rows.h"
#include "tl/errors.h"
#include "tl/types/api/Chat.h"
#include "tl/types/api/InputChannel.h"
#include "tl/types/api/SendAsPeer.h"
#include "tl/types/api/User.h"
#include "tl/types/api/bots/PopularAppBots.h"
#include "tl/types/api/bots/getBotRecommendations.h"
#include "tl/types/api/bots/getPopularAppBots.h"
#include "tl/types/api/channels/SendAsPeers.h"
#include "tl/types/api/channels/getChannelRecommendations.h"
#include "tl/types/api/channels/getFullChannel.h"
#include "tl/types/api/channels/getSendAs.h"
#include "tl/types/api/messages/ChatFull.h"
#include "tl/types/api/messages/Chats.h"
#include "tl/types/api/users/Users.h"

namespace helio::api {
namespace {

Task<Result<tl::messages::ChatFull>> get_full_channel(Call, tl::channels::getFullChannel) {
  co_return fail(error::CHANNEL_INVALID);
}

Task<Result<tl::messages::Chats>> get_channel_recommendations(Call, tl::channels::getChannelRecommendations request) {
  if (request.channel) co_return fail(error::CHANNEL_INVALID);
  co_return tl::messages::Chats{};
}

// In a private dialog one is always oneself.
Task<Result<tl::channels::SendAsPeers>> get_send_as(Call call, tl::channels::getSendAs request) {
  CO_CHECK(co_await call.resolve(std::move(request.peer)));
  co_return tl::channels::SendAsPeers{};
}

Task<Result<tl::users::Users>> get_bot_recommendations(Call, tl::bots::getBotRecommendations) {
  co_return fail(error::BOT_INVALID);
}

constexpr Method kRows[] = {
    {.name = "bots.getBotRecommendations", .run = method<get_bot_recommendations>},
    {.name = "bots.getPopularAppBots", .run = always<tl::bots::getPopularAppBots, tl::bots::PopularAppBots>},
    {.name = "channels.getChannelRecommendations", .run = method<get_channel_recommendations>},
    {.name = "channels.getFullChannel", .run = method<get_full_channel>, .who = Who::kUsersAndBots},
    {.name = "channels.getSendAs", .run = method<get_send_as>},
};

}  // namespace

constinit const Methods kChannels = kRows;

}  // namespace helio::api
