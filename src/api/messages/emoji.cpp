// api/messages/emoji.cpp: reactions, effects, emoji keywords and groups. None are offered yet.
// Source: https://core.telegram.org/api/reactions, https://core.telegram.org/api/emoji-categories
#include "api/rows.h"
#include "tl/types/api/AvailableEffect.h"
#include "tl/types/api/AvailableReaction.h"
#include "tl/types/api/Document.h"
#include "tl/types/api/EmojiGroup.h"
#include "tl/types/api/EmojiKeyword.h"
#include "tl/types/api/EmojiKeywordsDifference.h"
#include "tl/types/api/EmojiLanguage.h"
#include "tl/types/api/Reaction.h"
#include "tl/types/api/Updates.h"
#include "tl/types/api/messages/AvailableEffects.h"
#include "tl/types/api/messages/AvailableReactions.h"
#include "tl/types/api/messages/EmojiGroups.h"
#include "tl/types/api/messages/Reactions.h"
#include "tl/types/api/messages/SavedReactionTags.h"
#include "tl/types/api/messages/getAvailableEffects.h"
#include "tl/types/api/messages/getAvailableReactions.h"
#include "tl/types/api/messages/getDefaultTagReactions.h"
#include "tl/types/api/messages/getEmojiGroups.h"
#include "tl/types/api/messages/getEmojiKeywords.h"
#include "tl/types/api/messages/getEmojiKeywordsDifference.h"
#include "tl/types/api/messages/getEmojiKeywordsLanguages.h"
#include "tl/types/api/messages/getEmojiProfilePhotoGroups.h"
#include "tl/types/api/messages/getEmojiStatusGroups.h"
#include "tl/types/api/messages/getEmojiStickerGroups.h"
#include "tl/types/api/messages/getPaidReactionPrivacy.h"
#include "tl/types/api/messages/getRecentReactions.h"
#include "tl/types/api/messages/getSavedReactionTags.h"
#include "tl/types/api/messages/getTopReactions.h"

namespace helio::api {
namespace {

Task<Result<tl::EmojiKeywordsDifference>> get_keywords(Call, tl::messages::getEmojiKeywords request) {
  tl::EmojiKeywordsDifference answer;
  answer.lang_code = std::move(request.lang_code);
  co_return answer;
}

Task<Result<tl::EmojiKeywordsDifference>> get_keywords_difference(Call,
                                                                  tl::messages::getEmojiKeywordsDifference request) {
  tl::EmojiKeywordsDifference answer;
  answer.lang_code = std::move(request.lang_code);
  answer.from_version = request.from_version;
  answer.version = request.from_version;
  co_return answer;
}

// Nothing costs anything here, so there is nothing to say about who paid.
Task<Result<tl::Updates>> get_paid_reaction_privacy(Call call, tl::messages::getPaidReactionPrivacy) {
  tl::Updates answer;
  answer.date = call.now();
  co_return answer;
}

using namespace tl::messages;

constexpr Method kRows[] = {
    {.name = "messages.getAvailableEffects", .run = always<getAvailableEffects, AvailableEffects>},
    {.name = "messages.getAvailableReactions", .run = always<getAvailableReactions, AvailableReactions>},
    {.name = "messages.getDefaultTagReactions", .run = always<getDefaultTagReactions, Reactions>},
    {.name = "messages.getEmojiGroups", .run = always<getEmojiGroups, EmojiGroups>},
    {.name = "messages.getEmojiKeywords", .run = method<get_keywords>},
    {.name = "messages.getEmojiKeywordsDifference", .run = method<get_keywords_difference>},
    {.name = "messages.getEmojiKeywordsLanguages", .run = always<getEmojiKeywordsLanguages>},
    {.name = "messages.getEmojiProfilePhotoGroups", .run = always<getEmojiProfilePhotoGroups, EmojiGroups>},
    {.name = "messages.getEmojiStatusGroups", .run = always<getEmojiStatusGroups, EmojiGroups>},
    {.name = "messages.getEmojiStickerGroups", .run = always<getEmojiStickerGroups, EmojiGroups>},
    {.name = "messages.getPaidReactionPrivacy", .run = method<get_paid_reaction_privacy>},
    {.name = "messages.getRecentReactions", .run = always<getRecentReactions, Reactions>},
    {.name = "messages.getSavedReactionTags", .run = always<getSavedReactionTags, SavedReactionTags>},
    {.name = "messages.getTopReactions", .run = always<getTopReactions, Reactions>},
};

}  // namespace

constinit const Methods kMessagesEmoji = kRows;

}  // namespace helio::api
