// api/account/notifications.cpp: notification settings. None are kept yet, so everyone has the clients' defaults.
// Source: https://core.telegram.org/api/push-updates#notification-settings
#include "api/rows.h"
#include "tl/types/api/InputNotifyPeer.h"
#include "tl/types/api/InputPeer.h"
#include "tl/types/api/NotificationSound.h"
#include "tl/types/api/PeerNotifySettings.h"
#include "tl/types/api/ReactionNotificationsFrom.h"
#include "tl/types/api/ReactionsNotifySettings.h"
#include "tl/types/api/Updates.h"
#include "tl/types/api/account/getNotifyExceptions.h"
#include "tl/types/api/account/getNotifySettings.h"
#include "tl/types/api/account/getReactionsNotifySettings.h"

namespace helio::api {
namespace {

Task<Result<tl::PeerNotifySettings>> get_notify_settings(Call call, tl::account::getNotifySettings request) {
  if (auto* of_peer = tl::as<tl::InputNotifyPeer>(request.peer)) {
    CO_CHECK(co_await call.resolve(std::move(of_peer->peer)));
  }
  co_return tl::PeerNotifySettings{};
}

Task<Result<tl::Updates>> get_notify_exceptions(Call call, tl::account::getNotifyExceptions) {
  tl::Updates answer;
  answer.date = call.now();
  co_return answer;
}

Task<Result<tl::ReactionsNotifySettings>> get_reactions_notify_settings(Call, tl::account::getReactionsNotifySettings) {
  tl::ReactionsNotifySettings answer;
  answer.messages_notify_from = tl::ReactionNotificationsFromContacts{};
  answer.stories_notify_from = tl::ReactionNotificationsFromContacts{};
  answer.sound = tl::NotificationSoundDefault{};
  answer.show_previews = true;
  co_return answer;
}

constexpr Method kRows[] = {
    {.name = "account.getNotifyExceptions", .run = method<get_notify_exceptions>},
    {.name = "account.getNotifySettings", .run = method<get_notify_settings>},
    {.name = "account.getReactionsNotifySettings", .run = method<get_reactions_notify_settings>},
};

}  // namespace

constinit const Methods kAccountNotifications = kRows;

}  // namespace helio::api
