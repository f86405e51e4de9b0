// api/account/appearance.cpp: wallpapers, themes, ringtones, emoji to choose from. This server brings none of its own.
// Source: https://core.telegram.org/api/themes, https://core.telegram.org/api/emoji-status
#include "api/rows.h"
#include "tl/types/api/EmojiList.h"
#include "tl/types/api/account/ChatThemes.h"
#include "tl/types/api/account/EmojiStatuses.h"
#include "tl/types/api/account/SavedRingtones.h"
#include "tl/types/api/account/Themes.h"
#include "tl/types/api/account/WallPapers.h"
#include "tl/types/api/account/getChannelDefaultEmojiStatuses.h"
#include "tl/types/api/account/getChatThemes.h"
#include "tl/types/api/account/getCollectibleEmojiStatuses.h"
#include "tl/types/api/account/getDefaultBackgroundEmojis.h"
#include "tl/types/api/account/getDefaultEmojiStatuses.h"
#include "tl/types/api/account/getDefaultGroupPhotoEmojis.h"
#include "tl/types/api/account/getDefaultProfilePhotoEmojis.h"
#include "tl/types/api/account/getRecentEmojiStatuses.h"
#include "tl/types/api/account/getSavedRingtones.h"
#include "tl/types/api/account/getThemes.h"
#include "tl/types/api/account/getUniqueGiftChatThemes.h"
#include "tl/types/api/account/getWallPapers.h"

namespace helio::api {
namespace {

using tl::account::EmojiStatuses;

constexpr Method kRows[] = {
    {.name = "account.getChannelDefaultEmojiStatuses",
     .run = always<tl::account::getChannelDefaultEmojiStatuses, EmojiStatuses>},
    {.name = "account.getChatThemes", .run = always<tl::account::getChatThemes, tl::account::Themes>},
    {.name = "account.getCollectibleEmojiStatuses",
     .run = always<tl::account::getCollectibleEmojiStatuses, EmojiStatuses>},
    {.name = "account.getDefaultBackgroundEmojis",
     .run = always<tl::account::getDefaultBackgroundEmojis, tl::EmojiList>},
    {.name = "account.getDefaultEmojiStatuses", .run = always<tl::account::getDefaultEmojiStatuses, EmojiStatuses>},
    {.name = "account.getDefaultGroupPhotoEmojis",
     .run = always<tl::account::getDefaultGroupPhotoEmojis, tl::EmojiList>},
    {.name = "account.getDefaultProfilePhotoEmojis",
     .run = always<tl::account::getDefaultProfilePhotoEmojis, tl::EmojiList>},
    {.name = "account.getRecentEmojiStatuses", .run = always<tl::account::getRecentEmojiStatuses, EmojiStatuses>},
    {.name = "account.getSavedRingtones", .run = always<tl::account::getSavedRingtones, tl::account::SavedRingtones>},
    {.name = "account.getThemes", .run = always<tl::account::getThemes, tl::account::Themes>},
    {.name = "account.getUniqueGiftChatThemes",
     .run = always<tl::account::getUniqueGiftChatThemes, tl::account::ChatThemes>},
    {.name = "account.getWallPapers", .run = always<tl::account::getWallPapers, tl::account::WallPapers>},
};

}  // namespace

constinit const Methods kAccountAppearance = kRows;

}  // namespace helio::api
