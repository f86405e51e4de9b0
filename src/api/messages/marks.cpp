// api/messages/marks.cpp: what surrounds a dialog: settings, drafts, marks, bots to attach, previews of links.
// Source: https://core.telegram.org/methods#working-with-dialogs
#include "api/render/people.h"
#include "api/rows.h"
#include "tl/errors.h"
#include "tl/types/api/AttachMenuBot.h"
#include "tl/types/api/AttachMenuBots.h"
#include "tl/types/api/Chat.h"
#include "tl/types/api/ChatOnlines.h"
#include "tl/types/api/DefaultHistoryTTL.h"
#include "tl/types/api/DialogPeer.h"
#include "tl/types/api/MessageEntity.h"
#include "tl/types/api/MessageMedia.h"
#include "tl/types/api/MessageViews.h"
#include "tl/types/api/PeerSettings.h"
#include "tl/types/api/QuickReply.h"
#include "tl/types/api/SponsoredMessage.h"
#include "tl/types/api/Updates.h"
#include "tl/types/api/messages/ChatFull.h"
#include "tl/types/api/messages/MessageViews.h"
#include "tl/types/api/messages/PeerSettings.h"
#include "tl/types/api/messages/QuickReplies.h"
#include "tl/types/api/messages/SponsoredMessages.h"
#include "tl/types/api/messages/WebPagePreview.h"
#include "tl/types/api/messages/getAllDrafts.h"
#include "tl/types/api/messages/getAttachMenuBots.h"
#include "tl/types/api/messages/getDefaultHistoryTTL.h"
#include "tl/types/api/messages/getDialogUnreadMarks.h"
#include "tl/types/api/messages/getFullChat.h"
#include "tl/types/api/messages/getMessagesViews.h"
#include "tl/types/api/messages/getOnlines.h"
#include "tl/types/api/messages/getPeerSettings.h"
#include "tl/types/api/messages/getQuickReplies.h"
#include "tl/types/api/messages/getSponsoredMessages.h"
#include "tl/types/api/messages/getWebPagePreview.h"

namespace helio::api {
namespace {

constexpr std::size_t kViewsMax = 100;

Task<Result<tl::messages::PeerSettings>> get_peer_settings(Call call, tl::messages::getPeerSettings request) {
  CO_TRY(const auto peer, co_await call.resolve(std::move(request.peer)));
  render::People people;
  people.mention(peer);
  tl::messages::PeerSettings answer;
  answer.settings = tl::PeerSettings{};
  answer.users = co_await people.seen_by(call.user(), call.domain());
  co_return answer;
}

Task<Result<tl::Updates>> get_all_drafts(Call call, tl::messages::getAllDrafts) {
  tl::Updates answer;
  answer.date = call.now();
  co_return answer;
}

// Private messages have no counters: one empty entry for each, as clients count them off.
Task<Result<tl::messages::MessageViews>> get_messages_views(Call call, tl::messages::getMessagesViews request) {
  if (request.id.size() > kViewsMax) co_return fail(error::LIMIT_INVALID);
  CO_CHECK(co_await call.resolve(std::move(request.peer)));
  tl::messages::MessageViews answer;
  for (std::size_t i = 0; i < request.id.size(); ++i) answer.views.push_back(tl::MessageViews{});
  co_return answer;
}

// We fetch no pages for previews.
Task<Result<tl::messages::WebPagePreview>> get_web_page_preview(Call, tl::messages::getWebPagePreview) {
  tl::messages::WebPagePreview answer;
  answer.media = tl::MessageMediaEmpty{};
  co_return answer;
}

// Before layer 198 the answer was the media alone.
Result<Bytes> encoded_preview(const tl::messages::getWebPagePreview::Result& result, tl::Layer layer) {
  const auto* preview = tl::as<tl::messages::WebPagePreview>(result);
  if (layer.number >= 198 || !preview) return method_detail::encoded(result, layer);
  return method_detail::encoded(preview->media, layer);
}

Task<Result<tl::messages::ChatFull>> get_full_chat(Call, tl::messages::getFullChat) {
  co_return fail(error::CHAT_ID_INVALID);  // There are no groups yet.
}

Task<Result<tl::ChatOnlines>> get_onlines(Call, tl::messages::getOnlines) {
  co_return fail(error::CHAT_ID_INVALID);
}

using namespace tl::messages;

constexpr Method kRows[] = {
    {.name = "messages.getAllDrafts", .run = method<get_all_drafts>},
    {.name = "messages.getAttachMenuBots", .run = always<getAttachMenuBots, tl::AttachMenuBots>},
    {.name = "messages.getDefaultHistoryTTL", .run = always<getDefaultHistoryTTL, tl::DefaultHistoryTTL>},
    {.name = "messages.getDialogUnreadMarks", .run = always<getDialogUnreadMarks>},
    {.name = "messages.getFullChat", .run = method<get_full_chat>, .who = Who::kUsersAndBots},
    {.name = "messages.getMessagesViews", .run = method<get_messages_views>},
    {.name = "messages.getOnlines", .run = method<get_onlines>},
    {.name = "messages.getPeerSettings", .run = method<get_peer_settings>},
    {.name = "messages.getQuickReplies", .run = always<getQuickReplies, QuickReplies>},
    {.name = "messages.getSponsoredMessages", .run = always<getSponsoredMessages, SponsoredMessagesEmpty>},
    {.name = "messages.getWebPagePreview", .run = method<get_web_page_preview, encoded_preview>},
};

}  // namespace

constinit const Methods kMessagesMarks = kRows;

}  // namespace helio::api
