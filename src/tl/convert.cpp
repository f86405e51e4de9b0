#include "tl/convert.h"

#include <cmath>

#include "tl/types/api/ChatReactions.h"
#include "tl/types/api/ChatTheme.h"
#include "tl/types/api/InputChatTheme.h"
#include "tl/types/api/InputInvoice.h"
#include "tl/types/api/InputPeer.h"
#include "tl/types/api/InputReplyTo.h"
#include "tl/types/api/InputUser.h"
#include "tl/types/api/NotificationSound.h"
#include "tl/types/api/PaidReactionPrivacy.h"
#include "tl/types/api/Peer.h"
#include "tl/types/api/Reaction.h"
#include "tl/types/api/RecentStory.h"
#include "tl/types/api/SendAsPeer.h"
#include "tl/types/api/StarsAmount.h"
#include "tl/types/api/TextWithEntities.h"
#include "tl/types/api/Username.h"

namespace helio::tl::convert {

void text_up(const std::string& old, Box<TypeTextWithEntities>& today) {
  if (today) return;
  TextWithEntities text;
  text.text = old;
  today = std::move(text);
}

void text_down(const Box<TypeTextWithEntities>& today, std::string& old) {
  if (const auto* text = as<TextWithEntities>(today); text && old.empty()) old = text->text;
}

void input_reply_up(const Number& id, const Number& top, Box<TypeInputReplyTo>& today) {
  if (today || (!id && !top)) return;
  InputReplyToMessage reply;
  reply.reply_to_msg_id = id ? *id : *top;  // A message in a thread, answering nobody, answers the thread.
  reply.top_msg_id = top;
  today = std::move(reply);
}

void input_reply_up(const Number& id, Box<TypeInputReplyTo>& today) {
  input_reply_up(id, std::nullopt, today);
}

void input_reply_up(std::int32_t id, Box<TypeInputReplyTo>& today) {
  input_reply_up(Number(id), std::nullopt, today);
}

void input_reply_down(const Box<TypeInputReplyTo>& today, Number& id, Number& top) {
  const auto* reply = as<InputReplyToMessage>(today);
  if (!reply || id || top) return;
  id = reply->reply_to_msg_id;
  top = reply->top_msg_id;
}

void input_reply_down(const Box<TypeInputReplyTo>& today, Number& id) {
  if (const auto* reply = as<InputReplyToMessage>(today); reply && !id) id = reply->reply_to_msg_id;
}

void input_reply_down(const Box<TypeInputReplyTo>& today, std::int32_t& id) {
  if (const auto* reply = as<InputReplyToMessage>(today); reply && id == 0) id = reply->reply_to_msg_id;
}

void user_up(std::int64_t old, Box<TypePeer>& today) {
  if (today) return;
  PeerUser user;
  user.user_id = old;
  today = std::move(user);
}

void user_down(const Box<TypePeer>& today, std::int64_t& old) {
  if (const auto* user = as<PeerUser>(today); user && old == 0) old = user->user_id;
}

void users_up(const std::optional<std::vector<std::int64_t>>& old, MaybeBoxes<TypePeer>& today) {
  if (today || !old) return;
  today.emplace();
  for (const std::int64_t id : *old) user_up(id, today->emplace_back());
}

void users_down(const MaybeBoxes<TypePeer>& today, std::optional<std::vector<std::int64_t>>& old) {
  if (old || !today) return;
  old.emplace();
  for (const auto& peer : *today) {
    if (const auto* user = as<PeerUser>(peer)) old->push_back(user->user_id);
  }
}

void input_user_up(const Box<TypeInputUser>& old, Box<TypeInputPeer>& today) {
  if (today) return;
  if (const auto* user = as<InputUser>(old)) {
    InputPeerUser peer;
    peer.user_id = user->user_id;
    peer.access_hash = user->access_hash;
    today = std::move(peer);
  } else if (const auto* seen = as<InputUserFromMessage>(old)) {
    InputPeerUserFromMessage peer;
    peer.peer = seen->peer;
    peer.msg_id = seen->msg_id;
    peer.user_id = seen->user_id;
    today = std::move(peer);
  } else if (as<InputUserSelf>(old)) {
    today = InputPeerSelf();
  } else if (as<InputUserEmpty>(old)) {
    today = InputPeerEmpty();
  }
}

void input_user_down(const Box<TypeInputPeer>& today, Box<TypeInputUser>& old) {
  if (old) return;
  if (const auto* peer = as<InputPeerUser>(today)) {
    InputUser user;
    user.user_id = peer->user_id;
    user.access_hash = peer->access_hash;
    old = std::move(user);
  } else if (const auto* seen = as<InputPeerUserFromMessage>(today)) {
    InputUserFromMessage user;
    user.peer = seen->peer;
    user.msg_id = seen->msg_id;
    user.user_id = seen->user_id;
    old = std::move(user);
  } else if (as<InputPeerSelf>(today)) {
    old = InputUserSelf();
  }
}

void send_as_up(const Boxes<TypePeer>& old, Boxes<TypeSendAsPeer>& today) {
  if (!today.empty()) return;
  for (const auto& peer : old) {
    SendAsPeer as;
    as.peer = peer;
    today.push_back(std::move(as));
  }
}

void send_as_down(const Boxes<TypeSendAsPeer>& today, Boxes<TypePeer>& old) {
  if (!old.empty()) return;
  for (const auto& peer : today) {
    if (const auto* as = tl::as<SendAsPeer>(peer)) old.push_back(as->peer);
  }
}

void username_up(const std::string& old, Boxes<TypeUsername>& today) {
  if (!today.empty() || old.empty()) return;
  Username name;
  name.editable = true;
  name.active = true;
  name.username = old;
  today.push_back(std::move(name));
}

void username_down(const Boxes<TypeUsername>& today, std::string& old) {
  if (!old.empty()) return;
  for (const auto& box : today) {
    if (const auto* name = as<Username>(box); name && name->active) {
      old = name->username;
      return;
    }
  }
}

namespace {

Box<TypeReaction> reaction(const std::string& emoticon) {
  if (emoticon.empty()) return ReactionEmpty();
  ReactionEmoji emoji;
  emoji.emoticon = emoticon;
  return emoji;
}

}  // namespace

void emoji_up(const std::string& old, Box<TypeReaction>& today) {
  if (!today) today = reaction(old);
}

void emoji_up(const String& old, Box<TypeReaction>& today) {
  if (old) emoji_up(*old, today);
}

void emoji_down(const Box<TypeReaction>& today, std::string& old) {
  if (const auto* emoji = as<ReactionEmoji>(today); emoji && old.empty()) old = emoji->emoticon;
}

void emoji_down(const Box<TypeReaction>& today, String& old) {
  if (const auto* emoji = as<ReactionEmoji>(today); emoji && !old) old = emoji->emoticon;
}

void emojis_up(const String& old, MaybeBoxes<TypeReaction>& today) {
  if (old && !today) today.emplace().push_back(reaction(*old));
}

void emojis_down(const MaybeBoxes<TypeReaction>& today, String& old) {
  if (today && !today->empty()) emoji_down(today->front(), old);
}

void allowed_up(const std::vector<std::string>& old, Box<TypeChatReactions>& today) {
  if (today) return;
  if (old.empty()) {
    today = ChatReactionsNone();
    return;
  }
  ChatReactionsSome some;
  for (const auto& emoticon : old) some.reactions.push_back(reaction(emoticon));
  today = std::move(some);
}

void allowed_up(const std::optional<std::vector<std::string>>& old, Box<TypeChatReactions>& today) {
  if (old) allowed_up(*old, today);
}

void allowed_down(const Box<TypeChatReactions>& today, std::vector<std::string>& old) {
  const auto* some = as<ChatReactionsSome>(today);
  if (!some || !old.empty()) return;
  for (const auto& box : some->reactions) {
    if (const auto* emoji = as<ReactionEmoji>(box)) old.push_back(emoji->emoticon);
  }
}

void allowed_down(const Box<TypeChatReactions>& today, std::optional<std::vector<std::string>>& old) {
  if (as<ChatReactionsSome>(today) && !old) allowed_down(today, old.emplace());
}

void seconds_up(std::int32_t old, double& today) {
  if (today == 0) today = old;
}

void seconds_down(double today, std::int32_t& old) {
  constexpr double kMax = 2147483647.0;
  if (old == 0 && today > 0) old = static_cast<std::int32_t>(std::min(std::round(today), kMax));
}

void months_up(std::int32_t old, std::int32_t& days) {
  if (days == 0 && old >= 0 && old < 1'000'000) days = old * 30;
}

void months_down(std::int32_t days, std::int32_t& old) {
  if (old == 0) old = days / 30;
}

void stars_up(std::int64_t old, Box<TypeStarsAmount>& today) {
  if (today) return;
  StarsAmount amount;
  amount.amount = old;
  today = std::move(amount);
}

void stars_down(const Box<TypeStarsAmount>& today, std::int64_t& old) {
  if (const auto* amount = as<StarsAmount>(today); amount && old == 0) old = amount->amount;
}

void recent_story_up(const Number& old, Box<TypeRecentStory>& today) {
  if (!old || today) return;
  RecentStory story;
  story.max_id = old;
  today = std::move(story);
}

void recent_story_down(const Box<TypeRecentStory>& today, Number& old) {
  if (const auto* story = as<RecentStory>(today); story && !old) old = story->max_id;
}

void sound_up(const String& old, Box<TypeNotificationSound>& today) {
  if (!old || today) return;
  if (old->empty()) {
    today = NotificationSoundNone();
  } else if (*old == "default") {
    today = NotificationSoundDefault();
  } else {
    NotificationSoundLocal local;
    local.title = *old;
    local.data = *old;
    today = std::move(local);
  }
}

void sound_down(const Box<TypeNotificationSound>& today, String& old) {
  if (old) return;
  if (as<NotificationSoundNone>(today)) {
    old = "";
  } else if (const auto* local = as<NotificationSoundLocal>(today)) {
    old = local->data;
  } else if (today) {
    old = "default";
  }
}

namespace {

template <class Theme, class Type>
void theme_up(const std::string& old, Box<Type>& today) {
  if (today) return;
  Theme theme;
  theme.emoticon = old;
  today = std::move(theme);
}

}  // namespace

void chat_theme_up(const std::string& old, Box<TypeChatTheme>& today) {
  theme_up<ChatTheme>(old, today);
}

void chat_theme_up(const String& old, Box<TypeChatTheme>& today) {
  if (old) theme_up<ChatTheme>(*old, today);
}

void chat_theme_up(const std::string& old, Box<TypeInputChatTheme>& today) {
  if (old.empty() && !today) {
    today = InputChatThemeEmpty();
  } else {
    theme_up<InputChatTheme>(old, today);
  }
}

void chat_theme_down(const Box<TypeChatTheme>& today, std::string& old) {
  if (const auto* theme = as<ChatTheme>(today); theme && old.empty()) old = theme->emoticon;
}

void chat_theme_down(const Box<TypeChatTheme>& today, String& old) {
  if (const auto* theme = as<ChatTheme>(today); theme && !old) old = theme->emoticon;
}

void chat_theme_down(const Box<TypeInputChatTheme>& today, std::string& old) {
  if (const auto* theme = as<InputChatTheme>(today); theme && old.empty()) old = theme->emoticon;
}

void paid_privacy_up(bool old, Box<TypePaidReactionPrivacy>& today) {
  if (today) return;
  if (old) {
    today = PaidReactionPrivacyAnonymous();
  } else {
    today = PaidReactionPrivacyDefault();
  }
}

void paid_privacy_up(const std::optional<bool>& old, Box<TypePaidReactionPrivacy>& today) {
  if (old) paid_privacy_up(*old, today);
}

void paid_privacy_down(const Box<TypePaidReactionPrivacy>& today, bool& old) {
  if (today) old = old || as<PaidReactionPrivacyAnonymous>(today);
}

void paid_privacy_down(const Box<TypePaidReactionPrivacy>& today, std::optional<bool>& old) {
  if (today && !old) old = as<PaidReactionPrivacyAnonymous>(today) != nullptr;
}

void invoice_up(const Box<TypeInputPeer>& peer, std::int32_t msg_id, Box<TypeInputInvoice>& today) {
  if (today || !peer) return;
  InputInvoiceMessage message;
  message.peer = peer;
  message.msg_id = msg_id;
  today = std::move(message);
}

void invoice_down(const Box<TypeInputInvoice>& today, Box<TypeInputPeer>& peer, std::int32_t& msg_id) {
  const auto* message = as<InputInvoiceMessage>(today);
  if (!message || peer) return;
  peer = message->peer;
  msg_id = message->msg_id;
}

}  // namespace helio::tl::convert
