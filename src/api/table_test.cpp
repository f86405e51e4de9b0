#include "api/table.h"

#include "api/testing/clients.h"
#include "tl/types/api/ChannelMessagesFilter.h"
#include "tl/types/api/DialogFilter.h"
#include "tl/types/api/InputChannel.h"
#include "tl/types/api/InputChatlist.h"
#include "tl/types/api/InputNotifyPeer.h"
#include "tl/types/api/InputPrivacyKey.h"
#include "tl/types/api/InputStickerSet.h"
#include "tl/types/api/JSONValue.h"
#include "tl/types/api/MessageMedia.h"
#include "tl/types/api/MessagesFilter.h"
#include "tl/types/api/account/getNotifySettings.h"
#include "tl/types/api/account/getPrivacy.h"
#include "tl/types/api/bots/getBotRecommendations.h"
#include "tl/types/api/channels/getFullChannel.h"
#include "tl/types/api/channels/getSendAs.h"
#include "tl/types/api/chatlists/getChatlistUpdates.h"
#include "tl/types/api/help/AppConfig.h"
#include "tl/types/api/help/getAppConfig.h"
#include "tl/types/api/messages/DialogFilters.h"
#include "tl/types/api/messages/WebPagePreview.h"
#include "tl/types/api/messages/getDialogFilters.h"
#include "tl/types/api/messages/getDialogs.h"
#include "tl/types/api/messages/getHistory.h"
#include "tl/types/api/messages/getMessagesViews.h"
#include "tl/types/api/messages/getOnlines.h"
#include "tl/types/api/messages/getPeerSettings.h"
#include "tl/types/api/messages/getSavedDialogs.h"
#include "tl/types/api/messages/getSavedHistory.h"
#include "tl/types/api/messages/getScheduledHistory.h"
#include "tl/types/api/messages/getSponsoredMessages.h"
#include "tl/types/api/messages/getStickerSet.h"
#include "tl/types/api/messages/getUnreadMentions.h"
#include "tl/types/api/messages/getWebPagePreview.h"
#include "tl/types/api/messages/readHistory.h"
#include "tl/types/api/messages/search.h"
#include "tl/types/api/messages/sendMessage.h"
#include "tl/types/api/payments/getSavedStarGifts.h"
#include "tl/types/api/payments/getStarsStatus.h"
#include "tl/types/api/premium/getBoostsStatus.h"
#include "tl/types/api/stories/getPeerStories.h"
#include "tl/types/api/stories/getPinnedStories.h"
#include "tl/types/api/updates/getChannelDifference.h"
#include "tl/types/api/users/getFullUser.h"

namespace helio::api::testing {
namespace {

constexpr int kLayers[] = {144, 152, 198, 223, 227, 228};

// Those that clients call at start, and the thin slice of the main job.
constexpr std::string_view kOffered[] = {
    "account.getAccountTTL",
    "account.getAuthorizations",
    "account.getAutoDownloadSettings",
    "account.getAutoSaveSettings",
    "account.getBusinessChatLinks",
    "account.getChannelDefaultEmojiStatuses",
    "account.getChatThemes",
    "account.getCollectibleEmojiStatuses",
    "account.getConnectedBots",
    "account.getContactSignUpNotification",
    "account.getContentSettings",
    "account.getDefaultBackgroundEmojis",
    "account.getDefaultEmojiStatuses",
    "account.getDefaultGroupPhotoEmojis",
    "account.getDefaultProfilePhotoEmojis",
    "account.getGlobalPrivacySettings",
    "account.getNotifyExceptions",
    "account.getNotifySettings",
    "account.getPasskeys",
    "account.getPassword",
    "account.getPrivacy",
    "account.getReactionsNotifySettings",
    "account.getRecentEmojiStatuses",
    "account.getSavedRingtones",
    "account.getThemes",
    "account.getUniqueGiftChatThemes",
    "account.getWallPapers",
    "account.getWebAuthorizations",
    "account.getWebBrowserSettings",
    "account.registerDevice",
    "account.updateStatus",
    "aicompose.getTones",
    "auth.bindTempAuthKey",
    "auth.dropTempAuthKeys",
    "auth.logOut",
    "auth.resendCode",
    "auth.sendCode",
    "auth.signIn",
    "auth.signUp",
    "bots.getBotRecommendations",
    "bots.getPopularAppBots",
    "channels.getChannelRecommendations",
    "channels.getFullChannel",
    "channels.getSendAs",
    "chatlists.getChatlistUpdates",
    "contacts.getBirthdays",
    "contacts.getBlocked",
    "contacts.getContacts",
    "contacts.getStatuses",
    "contacts.getTopPeers",
    "contacts.importContacts",
    "contacts.resolvePhone",
    "contacts.resolveUsername",
    "help.getAppConfig",
    "help.getAppUpdate",
    "help.getCdnConfig",
    "help.getConfig",
    "help.getCountriesList",
    "help.getInviteText",
    "help.getNearestDc",
    "help.getPeerColors",
    "help.getPeerProfileColors",
    "help.getPremiumPromo",
    "help.getPromoData",
    "help.getTermsOfServiceUpdate",
    "help.getTimezonesList",
    "langpack.getDifference",
    "langpack.getLangPack",
    "langpack.getLanguage",
    "langpack.getLanguages",
    "langpack.getStrings",
    "messages.getAllDrafts",
    "messages.getAllStickers",
    "messages.getArchivedStickers",
    "messages.getAttachMenuBots",
    "messages.getAvailableEffects",
    "messages.getAvailableReactions",
    "messages.getDefaultHistoryTTL",
    "messages.getDefaultTagReactions",
    "messages.getDialogFilters",
    "messages.getDialogUnreadMarks",
    "messages.getDialogs",
    "messages.getEmojiGroups",
    "messages.getEmojiKeywords",
    "messages.getEmojiKeywordsDifference",
    "messages.getEmojiKeywordsLanguages",
    "messages.getEmojiProfilePhotoGroups",
    "messages.getEmojiStatusGroups",
    "messages.getEmojiStickerGroups",
    "messages.getEmojiStickers",
    "messages.getFavedStickers",
    "messages.getFeaturedEmojiStickers",
    "messages.getFeaturedStickers",
    "messages.getFullChat",
    "messages.getHistory",
    "messages.getMaskStickers",
    "messages.getMessages",
    "messages.getMessagesViews",
    "messages.getOnlines",
    "messages.getPaidReactionPrivacy",
    "messages.getPeerDialogs",
    "messages.getPeerSettings",
    "messages.getPinnedDialogs",
    "messages.getPinnedSavedDialogs",
    "messages.getQuickReplies",
    "messages.getRecentReactions",
    "messages.getRecentStickers",
    "messages.getSavedDialogs",
    "messages.getSavedGifs",
    "messages.getSavedHistory",
    "messages.getSavedReactionTags",
    "messages.getScheduledHistory",
    "messages.getSponsoredMessages",
    "messages.getStickerSet",
    "messages.getStickers",
    "messages.getSuggestedDialogFilters",
    "messages.getTopReactions",
    "messages.getUnreadMentions",
    "messages.getWebPagePreview",
    "messages.readHistory",
    "messages.search",
    "messages.sendMessage",
    "payments.getSavedStarGifts",
    "payments.getStarGiftActiveAuctions",
    "payments.getStarGifts",
    "payments.getStarsStatus",
    "payments.getStarsTopupOptions",
    "phone.getCallConfig",
    "premium.getBoostsStatus",
    "premium.getMyBoosts",
    "stories.getAllReadPeerStories",
    "stories.getAllStories",
    "stories.getPeerMaxIDs",
    "stories.getPeerStories",
    "stories.getPinnedStories",
    "updates.getChannelDifference",
    "updates.getDifference",
    "updates.getState",
    "users.getFullUser",
    "users.getUsers",
};

// What these answer to the requests below, since there is nothing of what they ask for.
const std::map<std::string_view, std::string_view> kRefusals = {
    {"bots.getBotRecommendations", "BOT_INVALID"},
    {"channels.getFullChannel", "CHANNEL_INVALID"},
    {"chatlists.getChatlistUpdates", "INPUT_CHATLIST_INVALID"},
    {"contacts.resolvePhone", "PHONE_NUMBER_INVALID"},
    {"contacts.resolveUsername", "USERNAME_NOT_OCCUPIED"},
    {"langpack.getLanguage", "LANG_CODE_NOT_SUPPORTED"},
    {"messages.getFullChat", "CHAT_ID_INVALID"},
    {"messages.getOnlines", "CHAT_ID_INVALID"},
    {"messages.getStickerSet", "STICKERSET_INVALID"},
    {"messages.search", "SEARCH_QUERY_EMPTY"},
    {"messages.sendMessage", "MESSAGE_EMPTY"},
    {"premium.getBoostsStatus", "PEER_ID_INVALID"},
    {"updates.getChannelDifference", "CHANNEL_INVALID"},
    {"updates.getDifference", "PERSISTENT_TIMESTAMP_EMPTY"},
};

template <class R>
R about_self() {
  R request;
  request.peer = tl::InputPeerSelf{};
  return request;
}

// The request of a row, with what it cannot do without.
tl::Box<tl::Object> request_of(const Method& row) {
  switch (row.run.id) {
    case tl::account::getNotifySettings::kId: {
      tl::account::getNotifySettings request;
      request.peer = tl::InputNotifyUsers{};
      return request;
    }
    case tl::account::getPrivacy::kId: {
      tl::account::getPrivacy request;
      request.key = tl::InputPrivacyKeyPhoneNumber{};
      return request;
    }
    case tl::bots::getBotRecommendations::kId: {
      tl::bots::getBotRecommendations request;
      request.bot = tl::InputUserSelf{};
      return request;
    }
    case tl::channels::getFullChannel::kId: {
      tl::channels::getFullChannel request;
      request.channel = tl::InputChannelEmpty{};
      return request;
    }
    case tl::chatlists::getChatlistUpdates::kId: {
      tl::chatlists::getChatlistUpdates request;
      request.chatlist = tl::InputChatlistDialogFilter{};
      return request;
    }
    case tl::messages::getDialogs::kId: {
      tl::messages::getDialogs request;
      request.offset_peer = tl::InputPeerEmpty{};
      return request;
    }
    case tl::messages::getSavedDialogs::kId: {
      tl::messages::getSavedDialogs request;
      request.offset_peer = tl::InputPeerEmpty{};
      return request;
    }
    case tl::messages::getStickerSet::kId: {
      tl::messages::getStickerSet request;
      request.stickerset = tl::InputStickerSetAnimatedEmoji{};
      return request;
    }
    case tl::messages::search::kId: {
      auto request = about_self<tl::messages::search>();
      request.filter = tl::InputMessagesFilterEmpty{};
      return request;
    }
    case tl::updates::getChannelDifference::kId: {
      tl::updates::getChannelDifference request;
      request.channel = tl::InputChannelEmpty{};
      request.filter = tl::ChannelMessagesFilterEmpty{};
      return request;
    }
    case tl::users::getFullUser::kId: {
      tl::users::getFullUser request;
      request.id = tl::InputUserSelf{};
      return request;
    }
    case tl::channels::getSendAs::kId: return about_self<tl::channels::getSendAs>();
    case tl::messages::getHistory::kId: return about_self<tl::messages::getHistory>();
    case tl::messages::getMessagesViews::kId: return about_self<tl::messages::getMessagesViews>();
    case tl::messages::getOnlines::kId: return about_self<tl::messages::getOnlines>();
    case tl::messages::getPeerSettings::kId: return about_self<tl::messages::getPeerSettings>();
    case tl::messages::getSavedHistory::kId: return about_self<tl::messages::getSavedHistory>();
    case tl::messages::getScheduledHistory::kId: return about_self<tl::messages::getScheduledHistory>();
    case tl::messages::getSponsoredMessages::kId: return about_self<tl::messages::getSponsoredMessages>();
    case tl::messages::getUnreadMentions::kId: return about_self<tl::messages::getUnreadMentions>();
    case tl::messages::readHistory::kId: return about_self<tl::messages::readHistory>();
    case tl::messages::sendMessage::kId: return about_self<tl::messages::sendMessage>();
    case tl::payments::getSavedStarGifts::kId: return about_self<tl::payments::getSavedStarGifts>();
    case tl::payments::getStarsStatus::kId: return about_self<tl::payments::getStarsStatus>();
    case tl::premium::getBoostsStatus::kId: return about_self<tl::premium::getBoostsStatus>();
    case tl::stories::getPeerStories::kId: return about_self<tl::stories::getPeerStories>();
    case tl::stories::getPinnedStories::kId: return about_self<tl::stories::getPinnedStories>();
    default: return row.run.request();
  }
}

TEST(Table, WhatClientsCallAtStartIsOffered) {
  const Table table;
  std::set<std::string_view> offered;
  for (const Method* row : table.all()) offered.insert(row->name);
  for (const std::string_view name : kOffered) EXPECT_TRUE(offered.contains(name)) << name;
}

TEST(Table, MethodsForUsersAreForNobodyElse) {
  Server server;
  Client stranger(server, 228);
  const Table table;
  for (const Method* row : table.all()) {
    if (row->who == Who::kAnyone || row->who == Who::kKey) continue;
    EXPECT_EQ(stranger.refusal(*request_of(*row)), "AUTH_KEY_UNREGISTERED") << row->name;
  }
}

// Every method, in every layer that has it: an answer that this layer can read, or the refusal named above.
TEST(Table, EveryMethodAnswersInEveryLayer) {
  const Table table;
  for (const int layer : kLayers) {
    Server server;
    Client client(server, layer);
    client.enter("9996610001", "Anna");
    for (const Method* row : table.all()) {
      if (row->name.starts_with("auth.")) continue;
      const auto request = request_of(*row);
      Bytes bytes;
      if (!tl::encode(bytes, *request, client.layer())) {
        EXPECT_NE(layer, 228) << row->name << " needs a better request here";
        continue;
      }
      const Bytes answer = client.raw(*request);
      const auto refusal = kRefusals.find(row->name);
      EXPECT_EQ(Client::error_of(answer).value_or(""), refusal == kRefusals.end() ? "" : refusal->second)
          << row->name << " in layer " << layer;
      ASSERT_GE(answer.size(), 4u);
      // Vectors and Bools are no objects.
      const auto id = load_le<std::uint32_t>(answer.data());
      if (id == tl::kVectorId || id == tl::kBoolTrueId || id == tl::kBoolFalseId || refusal != kRefusals.end())
        continue;
      const auto object = tl::decode_object(answer);
      ASSERT_TRUE(object) << row->name << " in layer " << layer;
      EXPECT_EQ(tl::missing(**object), tl::Peers{}) << row->name << " in layer " << layer;
    }
  }
}

TEST(Table, ResultsOfOldLayersHaveTheirOldTypes) {
  Server server;
  Client old(server, 152), today(server, 228);
  old.enter("9996610001", "Anna");
  today.enter("9996610001", "Anna");

  EXPECT_EQ(today.ask<tl::messages::DialogFilters>(tl::messages::getDialogFilters{}).filters.size(), 1u);
  Bytes filters = old.raw(tl::messages::getDialogFilters{});
  tl::Reader in(filters);
  EXPECT_EQ(in.u32(), tl::kVectorId);
  EXPECT_EQ(in.u32(), 1u);
  EXPECT_EQ(in.u32(), tl::DialogFilterDefault::kId);

  today.ask<tl::help::AppConfig>(tl::help::getAppConfig{});
  old.ask<tl::JsonObject>(tl::help::getAppConfig{});

  tl::messages::getWebPagePreview preview;
  preview.message = "https://example.org";
  today.ask<tl::messages::WebPagePreview>(preview);
  old.ask<tl::MessageMediaEmpty>(preview);
}

TEST(Table, NothingIsNotModifiedForAClientThatHasNothing) {
  const Table table;
  Server server;
  Client client(server, 228);
  client.enter("9996610001", "Anna");
  for (const Method* row : table.all()) {
    if (row->name.starts_with("auth.")) continue;
    const Bytes answer = client.raw(*request_of(*row));
    if (const auto object = tl::decode_object(answer)) {
      EXPECT_FALSE(tl::name_of(**object).ends_with("NotModified")) << row->name;
    }
  }
}

}  // namespace
}  // namespace helio::api::testing
