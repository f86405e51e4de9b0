// api/messages/stickers.cpp: stickers and GIFs. This server brings none, and nobody can add any yet.
// Source: https://core.telegram.org/api/stickers
#include "tl/types/api/messages/Stickers.h"
#include "api/rows.h"
#include "tl/errors.h"
#include "tl/types/api/Document.h"
#include "tl/types/api/InputStickerSet.h"
#include "tl/types/api/StickerSet.h"
#include "tl/types/api/StickerSetCovered.h"
#include "tl/types/api/messages/AllStickers.h"
#include "tl/types/api/messages/ArchivedStickers.h"
#include "tl/types/api/messages/FavedStickers.h"
#include "tl/types/api/messages/FeaturedStickers.h"
#include "tl/types/api/messages/RecentStickers.h"
#include "tl/types/api/messages/SavedGifs.h"
#include "tl/types/api/messages/StickerSet.h"
#include "tl/types/api/messages/getAllStickers.h"
#include "tl/types/api/messages/getArchivedStickers.h"
#include "tl/types/api/messages/getEmojiStickers.h"
#include "tl/types/api/messages/getFavedStickers.h"
#include "tl/types/api/messages/getFeaturedEmojiStickers.h"
#include "tl/types/api/messages/getFeaturedStickers.h"
#include "tl/types/api/messages/getMaskStickers.h"
#include "tl/types/api/messages/getRecentStickers.h"
#include "tl/types/api/messages/getSavedGifs.h"
#include "tl/types/api/messages/getStickerSet.h"
#include "tl/types/api/messages/getStickers.h"

namespace helio::api {
namespace {

using namespace tl::messages;

// Never "not modified": a client aborts on that for a set that it lacks.
Task<Result<tl::Box<TypeStickerSet>>> get_sticker_set(Call, getStickerSet) {
  co_return fail(error::STICKERSET_INVALID);
}

constexpr Method kRows[] = {
    {.name = "messages.getAllStickers", .run = always<getAllStickers, AllStickers>},
    {.name = "messages.getArchivedStickers", .run = always<getArchivedStickers, ArchivedStickers>},
    {.name = "messages.getEmojiStickers", .run = always<getEmojiStickers, AllStickers>},
    {.name = "messages.getFavedStickers", .run = always<getFavedStickers, FavedStickers>},
    {.name = "messages.getFeaturedEmojiStickers", .run = always<getFeaturedEmojiStickers, FeaturedStickers>},
    {.name = "messages.getFeaturedStickers", .run = always<getFeaturedStickers, FeaturedStickers>},
    {.name = "messages.getMaskStickers", .run = always<getMaskStickers, AllStickers>},
    {.name = "messages.getRecentStickers", .run = always<getRecentStickers, RecentStickers>},
    {.name = "messages.getSavedGifs", .run = always<getSavedGifs, SavedGifs>},
    {.name = "messages.getStickerSet", .run = method<get_sticker_set>, .who = Who::kUsersAndBots},
    {.name = "messages.getStickers", .run = always<getStickers, Stickers>},
};

}  // namespace

constinit const Methods kMessagesStickers = kRows;

}  // namespace helio::api
