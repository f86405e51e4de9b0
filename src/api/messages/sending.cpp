// api/messages/sending.cpp: messages.sendMessage. https://core.telegram.org/method/messages.sendMessage
#include "api/render/update.h"
#include "api/rows.h"
#include "tl/errors.h"
#include "tl/types/api/InputQuickReplyShortcut.h"
#include "tl/types/api/InputReplyTo.h"
#include "tl/types/api/InputRichMessage.h"
#include "tl/types/api/MessageEntity.h"
#include "tl/types/api/ReplyMarkup.h"
#include "tl/types/api/SuggestedPost.h"
#include "tl/types/api/Updates.h"
#include "tl/types/api/messages/sendMessage.h"

namespace helio::api {
namespace {

using Entities = std::vector<tl::Box<tl::TypeMessageEntity>>;

// What a client may ask for and does not get: refused, rather than sent in another way than the user meant.
Result<> offered(const tl::messages::sendMessage& request) {
  if (request.schedule_date) return fail(error::SCHEDULE_DATE_INVALID);
  if (request.quick_reply_shortcut) return fail(error::SHORTCUT_INVALID);
  if (request.effect) return fail(error::EFFECT_ID_INVALID);
  if (request.send_as && !tl::as<tl::InputPeerSelf>(request.send_as)) return fail(error::SEND_AS_PEER_INVALID);
  if (request.suggested_post || request.rich_message) return fail(error::MEDIA_INVALID);
  return {};
}

// Mentions by access hash become mentions by id; those that the sender has no right to are dropped, and so are mentions
// by bare id, which prove nothing, and custom emoji, whose pictures nobody here has.
Task<Entities> checked(Call call, Entities entities) {
  Entities kept;
  for (auto& entity : entities) {
    switch (tl::id_of(*entity)) {
      case tl::MessageEntityMentionName::kId:
      case tl::MessageEntityCustomEmoji::kId: break;
      case tl::InputMessageEntityMentionName::kId: {
        auto& input = *tl::as<tl::InputMessageEntityMentionName>(entity);
        const auto user = co_await call.resolve(std::move(input.user_id));
        if (!user) break;
        tl::MessageEntityMentionName mention;
        mention.offset = input.offset;
        mention.length = input.length;
        mention.user_id = user->value;
        kept.push_back(std::move(mention));
        break;
      }
      default: kept.push_back(std::move(entity));
    }
  }
  co_return kept;
}

Result<std::optional<std::int32_t>> reply_of(const tl::Box<tl::TypeInputReplyTo>& reply_to) {
  if (!reply_to) return std::nullopt;
  const auto* reply = tl::as<tl::InputReplyToMessage>(reply_to);
  // A story, or a message of another dialog.
  if (!reply || reply->reply_to_peer_id || reply->monoforum_peer_id) return fail(error::REPLY_TO_INVALID);
  return reply->reply_to_msg_id;
}

Task<Result<tl::Updates>> send_message(Call call, tl::messages::sendMessage request) {
  CO_CHECK(offered(request));
  CO_TRY(const auto to, co_await call.resolve(std::move(request.peer)));
  CO_TRY(const auto reply_to, reply_of(request.reply_to));
  if (request.entities && request.entities->size() > domain::kEntitiesMax) co_return fail(error::ENTITIES_TOO_LONG);
  Entities given = std::move(request.entities).value_or(Entities{});
  Entities entities = co_await checked(call, std::move(given));
  CO_TRY(auto text, domain::clean_message(std::move(request.message), std::move(entities)));

  domain::Draft draft;
  draft.to = to;
  draft.random_id = request.random_id;
  draft.text = std::move(text);
  draft.reply_to = reply_to;
  draft.silent = request.silent;
  CO_TRY(const auto sent, co_await call.domain().messages.send(call.user(), std::move(draft), call.origin()));

  const auto* message = tl::as<tl::record::Message>(sent.message);
  ASSERT(message);
  render::People people;
  std::vector<tl::Box<tl::TypeUpdate>> updates;
  // First of all, or the client shows the message twice: its own one by random_id, and ours by id.
  tl::UpdateMessageID id;
  id.id = message->id;
  id.random_id = request.random_id;
  updates.push_back(std::move(id));
  if (sent.read) updates.push_back(render::read_inbox(*sent.read, people));
  updates.push_back(render::new_message(*message, message->id, call.user(), people));
  co_return co_await render::updates(std::move(updates), std::move(people), call.user(), call.now(), call.domain());
}

constexpr Method kRows[] = {
    {.name = "messages.sendMessage", .run = method<send_message>, .who = Who::kUsersAndBots},
};

}  // namespace

constinit const Methods kMessagesSending = kRows;

}  // namespace helio::api
