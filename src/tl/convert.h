// tl/convert.h: the converters that schema/conversions.txt names.
//
// Each is a pair. NAME_up(old..., today) fills today's field from the older one after decoding, unless today's is set;
// NAME_down(today, old...) fills the older one before encoding for a layer that has it, unless that one is set. What
// the older form cannot say stays unset. Called by generated code alone (tables/conversions.cpp).
#pragma once
#include "tl/object.h"

namespace helio::tl {
class TypeChatReactions;
class TypeChatTheme;
class TypeInputChatTheme;
class TypeInputInvoice;
class TypeInputPeer;
class TypeInputReplyTo;
class TypeInputUser;
class TypeNotificationSound;
class TypePaidReactionPrivacy;
class TypePeer;
class TypeReaction;
class TypeRecentStory;
class TypeSendAsPeer;
class TypeStarsAmount;
class TypeTextWithEntities;
class TypeUsername;
}  // namespace helio::tl

namespace helio::tl::convert {

using Number = std::optional<std::int32_t>;
using String = std::optional<std::string>;
template <class T>
using Boxes = std::vector<Box<T>>;
template <class T>
using MaybeBoxes = std::optional<std::vector<Box<T>>>;

// Whether any of today's fields has a value.
template <class T>
bool is_set(const T& today) {
  if constexpr (requires { today.empty(); }) {
    return !today.empty();
  } else {
    return static_cast<bool>(today);
  }
}
template <class... T>
bool any_set(const T&... today) {
  return (is_set(today) || ...);
}

// A text without entities.
void text_up(const std::string& old, Box<TypeTextWithEntities>& today);
void text_down(const Box<TypeTextWithEntities>& today, std::string& old);

// The id of the message that is answered, and of the thread's first one.
void input_reply_up(const Number& id, const Number& top, Box<TypeInputReplyTo>& today);
void input_reply_up(const Number& id, Box<TypeInputReplyTo>& today);
void input_reply_up(std::int32_t id, Box<TypeInputReplyTo>& today);
void input_reply_down(const Box<TypeInputReplyTo>& today, Number& id, Number& top);
void input_reply_down(const Box<TypeInputReplyTo>& today, Number& id);
void input_reply_down(const Box<TypeInputReplyTo>& today, std::int32_t& id);

// A user's id, where any peer may be today.
void user_up(std::int64_t old, Box<TypePeer>& today);
void user_down(const Box<TypePeer>& today, std::int64_t& old);
void users_up(const std::optional<std::vector<std::int64_t>>& old, MaybeBoxes<TypePeer>& today);
void users_down(const MaybeBoxes<TypePeer>& today, std::optional<std::vector<std::int64_t>>& old);
void input_user_up(const Box<TypeInputUser>& old, Box<TypeInputPeer>& today);
void input_user_down(const Box<TypeInputPeer>& today, Box<TypeInputUser>& old);
void send_as_up(const Boxes<TypePeer>& old, Boxes<TypeSendAsPeer>& today);
void send_as_down(const Boxes<TypeSendAsPeer>& today, Boxes<TypePeer>& old);

// One, where many may be today: the first of them.
template <class T>
void first_up(const Box<T>& old, Boxes<T>& today) {
  if (old && today.empty()) today.push_back(old);
}
template <class T>
void first_up(const Box<T>& old, MaybeBoxes<T>& today) {
  if (old && !today) today.emplace().push_back(old);
}
template <class T>
void first_down(const Boxes<T>& today, Box<T>& old) {
  if (!old && !today.empty()) old = today.front();
}
template <class T>
void first_down(const MaybeBoxes<T>& today, Box<T>& old) {
  if (today) first_down(*today, old);
}
void username_up(const std::string& old, Boxes<TypeUsername>& today);
void username_down(const Boxes<TypeUsername>& today, std::string& old);

// An emoji, where a reaction is today.
void emoji_up(const std::string& old, Box<TypeReaction>& today);
void emoji_up(const String& old, Box<TypeReaction>& today);
void emoji_down(const Box<TypeReaction>& today, std::string& old);
void emoji_down(const Box<TypeReaction>& today, String& old);
void emojis_up(const String& old, MaybeBoxes<TypeReaction>& today);
void emojis_down(const MaybeBoxes<TypeReaction>& today, String& old);
void allowed_up(const std::vector<std::string>& old, Box<TypeChatReactions>& today);
void allowed_up(const std::optional<std::vector<std::string>>& old, Box<TypeChatReactions>& today);
void allowed_down(const Box<TypeChatReactions>& today, std::vector<std::string>& old);
void allowed_down(const Box<TypeChatReactions>& today, std::optional<std::vector<std::string>>& old);

void seconds_up(std::int32_t old, double& today);
void seconds_down(double today, std::int32_t& old);
void months_up(std::int32_t old, std::int32_t& days);
void months_down(std::int32_t days, std::int32_t& old);
void stars_up(std::int64_t old, Box<TypeStarsAmount>& today);
void stars_down(const Box<TypeStarsAmount>& today, std::int64_t& old);
void recent_story_up(const Number& old, Box<TypeRecentStory>& today);
void recent_story_down(const Box<TypeRecentStory>& today, Number& old);

// "default", nothing, or the name of a file on the device.
void sound_up(const String& old, Box<TypeNotificationSound>& today);
void sound_down(const Box<TypeNotificationSound>& today, String& old);
void chat_theme_up(const std::string& old, Box<TypeChatTheme>& today);
void chat_theme_up(const String& old, Box<TypeChatTheme>& today);
void chat_theme_up(const std::string& old, Box<TypeInputChatTheme>& today);
void chat_theme_down(const Box<TypeChatTheme>& today, std::string& old);
void chat_theme_down(const Box<TypeChatTheme>& today, String& old);
void chat_theme_down(const Box<TypeInputChatTheme>& today, std::string& old);
void paid_privacy_up(bool old, Box<TypePaidReactionPrivacy>& today);
void paid_privacy_up(const std::optional<bool>& old, Box<TypePaidReactionPrivacy>& today);
void paid_privacy_down(const Box<TypePaidReactionPrivacy>& today, bool& old);
void paid_privacy_down(const Box<TypePaidReactionPrivacy>& today, std::optional<bool>& old);
void invoice_up(const Box<TypeInputPeer>& peer, std::int32_t msg_id, Box<TypeInputInvoice>& today);
void invoice_down(const Box<TypeInputInvoice>& today, Box<TypeInputPeer>& peer, std::int32_t& msg_id);

// A field that was only renamed.
template <class T>
void same_up(const T& old, T& today) {
  if (today == T{}) today = old;
}
template <class T>
void same_down(const T& today, T& old) {
  if (old == T{}) old = today;
}

}  // namespace helio::tl::convert
