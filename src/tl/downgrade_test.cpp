// What a client of an older layer gets.
#include <gtest/gtest.h>

#include "tl/decode.h"
#include "tl/downgrade.h"
#include "tl/encode.h"
#include "tl/index.h"
#include "tl/types/api/BotInfo.h"
#include "tl/types/api/Chat.h"
#include "tl/types/api/Config.h"
#include "tl/types/api/DocumentAttribute.h"
#include "tl/types/api/InputPeer.h"
#include "tl/types/api/InputReplyTo.h"
#include "tl/types/api/Message.h"
#include "tl/types/api/MessageAction.h"
#include "tl/types/api/MessageEntity.h"
#include "tl/types/api/MessageMedia.h"
#include "tl/types/api/Peer.h"
#include "tl/types/api/PeerColor.h"
#include "tl/types/api/Poll.h"
#include "tl/types/api/PollResults.h"
#include "tl/types/api/RichText.h"
#include "tl/types/api/SendMessageAction.h"
#include "tl/types/api/TextWithEntities.h"
#include "tl/types/api/Update.h"
#include "tl/types/api/Updates.h"
#include "tl/types/api/User.h"
#include "tl/types/api/messages/saveDraft.h"
#include "tl/types/api/messages/sendMessage.h"

namespace helio {
namespace {

constexpr tl::Layer kLayer144{144}, kLayer135{135}, kLayer152{152};

// What `object` is for a client of the layer.
tl::Box<tl::Object> seen(const tl::Object& object, tl::Layer layer) {
  Bytes wire;
  const auto done = tl::encode(wire, object, layer);
  EXPECT_TRUE(done) << text_of(done.error());
  auto again = tl::decode_object(wire);
  EXPECT_TRUE(again);
  return again ? std::move(*again) : tl::Box<tl::Object>();
}

tl::Message message() {
  tl::Message message;
  message.id = 7;
  tl::PeerUser peer;
  peer.user_id = 5'000'000'000;
  message.peer_id = peer;
  message.message = "text";
  return message;
}

template <class T>
T entity(int offset) {
  T entity;
  entity.offset = offset;
  entity.length = 1;
  return entity;
}

// What stands in for an update of this class that has the pts 17 and counts 2.
tl::Box<tl::Object> stand_in_of(const tl::Class& of) {
  tl::Box<tl::Object> update;
  update.set(of.create());
  for (const tl::Member& member : of.members) {
    if (member.name == std::string_view("pts")) tl::slot<std::int32_t>(update.object(), member.offset) = 17;
    if (member.name == std::string_view("pts_count")) tl::slot<std::int32_t>(update.object(), member.offset) = 2;
  }
  return tl::stand_in(*update);
}

TEST(Downgrade, MediaThatALayerLacksIsUnsupported) {
  tl::Message with = message();
  with.media = tl::MessageMediaVideoStream();  // Layer 218.
  const auto old = seen(with, kLayer144);
  EXPECT_TRUE(tl::as<tl::MessageMediaUnsupported>(tl::as<tl::Message>(old)->media));
}

TEST(Downgrade, ActionsThatALayerLacksAreEmpty) {
  tl::MessageService service;
  service.peer_id = tl::PeerUser();
  tl::MessageActionGiftTon gift;
  service.action = gift;
  const auto old = seen(service, kLayer144);
  EXPECT_TRUE(tl::as<tl::MessageActionEmpty>(tl::as<tl::MessageService>(old)->action));
}

TEST(Downgrade, EntitiesThatALayerLacksAreDropped) {
  tl::Message with = message();
  with.entities.emplace();
  with.entities->push_back(entity<tl::MessageEntityBold>(0));
  with.entities->push_back(entity<tl::MessageEntityFormattedDate>(1));
  with.entities->push_back(entity<tl::MessageEntityItalic>(2));
  const auto old = seen(with, kLayer144);
  const auto& entities = *tl::as<tl::Message>(old)->entities;
  ASSERT_EQ(entities.size(), 2U);
  EXPECT_TRUE(tl::as<tl::MessageEntityBold>(entities[0]));
  EXPECT_TRUE(tl::as<tl::MessageEntityItalic>(entities[1]));
}

TEST(Downgrade, AnOptionalFieldIsLeftOut) {
  tl::User user;
  user.id = 1;
  user.first_name = "A";
  user.phone = "1";
  tl::PeerColorCollectible color;  // Layer 216; the field is of layer 174.
  user.color = color;
  const auto old = seen(user, tl::Layer{198});
  EXPECT_EQ(tl::as<tl::User>(old)->first_name, "A");
  EXPECT_FALSE(tl::as<tl::User>(old)->color);
}

TEST(Downgrade, FieldsThatShareABitComeAndGoTogether) {
  tl::Message with = message();
  with.views = 3;  // `forwards` has the same bit, and is not set.
  const auto old = seen(with, kLayer144);
  EXPECT_EQ(tl::as<tl::Message>(old)->views, 3);
  EXPECT_EQ(tl::as<tl::Message>(old)->forwards, 0);
}

TEST(Downgrade, AnUpdateThatCountsIsNeverDropped) {
  int count = 0;
  // silent_update() stands in for those that a layer lacks; today every served layer has all of them.
  for (const tl::Class* of : tl::all_classes()) {
    if (of->type == tl::kMethod || tl::kTypes[of->type].name != "Update") continue;
    bool has_pts = false, has_count = false;
    for (const tl::Member& member : of->members) {
      has_pts |= member.name == std::string_view("pts") && !(member.kind & tl::kOptional);
      has_count |= member.name == std::string_view("pts_count");
    }
    if (!has_pts || !has_count) continue;
    const tl::Box<tl::Object> silent = stand_in_of(*of);
    ASSERT_TRUE(silent) << of->name;
    const auto* private_one = tl::as<tl::UpdateDeleteMessages>(silent);
    const auto* channel_one = tl::as<tl::UpdateDeleteChannelMessages>(silent);
    ASSERT_TRUE(private_one || channel_one) << of->name;
    EXPECT_EQ(private_one ? private_one->pts : channel_one->pts, 17) << of->name;
    EXPECT_EQ(private_one ? private_one->pts_count : channel_one->pts_count, 2) << of->name;
    ++count;
  }
  EXPECT_GE(count, 10);
}

TEST(Downgrade, OtherUpdatesAreDropped) {
  tl::Updates updates;
  updates.updates.push_back(tl::UpdateConfig());
  updates.updates.push_back(tl::UpdateStarGiftCraftFail());  // Layer 223.
  const auto old = seen(updates, kLayer144);
  EXPECT_EQ(tl::as<tl::Updates>(old)->updates.size(), 1U);
}

TEST(Downgrade, AnEnvelopeWithoutItsUpdateComesEmpty) {
  tl::UpdateShort only;
  only.date = 12;
  only.update = tl::UpdateStarGiftCraftFail();  // Layer 223.
  const auto old = seen(only, kLayer144);
  const auto* updates = tl::as<tl::Updates>(old);
  ASSERT_TRUE(updates);
  EXPECT_TRUE(updates->updates.empty());
  EXPECT_EQ(updates->date, 12);
}

TEST(Downgrade, AChatThatALayerLacksKeepsItsId) {
  tl::Community community;
  community.id = 99;
  community.photo = nullptr;
  Bytes wire;
  ASSERT_TRUE(tl::encode(wire, community, kLayer144));
  const auto old = tl::decode_object(wire);
  EXPECT_EQ(tl::as<tl::ChatEmpty>(*old)->id, 99);
}

TEST(Downgrade, StyledTextKeepsItsText) {
  tl::TextPlain plain;
  plain.text = "inside";
  tl::TextSpoiler spoiler;  // Layer 227.
  spoiler.text = plain;
  tl::TextSpoiler twice;
  twice.text = spoiler;
  const auto old = seen(twice, kLayer144);
  EXPECT_EQ(tl::as<tl::TextPlain>(old)->text, "inside");
}

TEST(Downgrade, WhatBecameOptionalIsFilledWhereItWasRequired) {
  tl::BotInfo info;
  Bytes wire;
  ASSERT_TRUE(tl::encode(wire, info, tl::kNewestLayer));
  info.description = "d";
  info.commands.emplace();
  info.user_id = 1;
  const auto old = seen(info, tl::Layer{140});
  EXPECT_TRUE(tl::as<tl::BotInfo>(old)->menu_button);
}

TEST(Downgrade, AMissingRequiredBoxIsOurBugAndSaysWhere) {
  Bytes wire = "before";
  const auto done = tl::encode(wire, tl::Message(), tl::kNewestLayer);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error(), (Error{500, "message"}));
  EXPECT_EQ(wire, "before");
}

TEST(Downgrade, AnIdThatDoesNotFitIsRefusedNotCut) {
  tl::PeerUser peer;
  peer.user_id = 5'000'000'000;
  Bytes wire;
  EXPECT_EQ(tl::encode(wire, peer, tl::Layer{131}).error(), (Error{500, "peerUser"}));
  peer.user_id = 42;
  ASSERT_TRUE(tl::encode(wire, peer, tl::Layer{131}));
  EXPECT_EQ(to_hex(wire), "6dbcb19d2a000000");
}

TEST(Convert, AnOldReplyBecomesTodays) {
  tl::messages::sendMessage request;
  request.peer = tl::InputPeerSelf();
  request.message = "m";
  request.reply_to_msg_id = 9;
  Bytes wire;
  ASSERT_TRUE(tl::encode(wire, request, kLayer144));
  const auto object = tl::decode_method(wire);
  ASSERT_TRUE(object);
  const auto* reply = tl::as<tl::InputReplyToMessage>(tl::as<tl::messages::sendMessage>(*object)->reply_to);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->reply_to_msg_id, 9);
}

TEST(Convert, TodaysTextIsAnOldString) {
  tl::Poll poll;
  tl::TextWithEntities question;
  question.text = "why?";
  poll.question = question;
  const auto old = seen(poll, kLayer152);
  EXPECT_EQ(tl::as<tl::Poll>(old)->question_until_177, "why?");
  EXPECT_EQ(tl::as<tl::TextWithEntities>(tl::as<tl::Poll>(old)->question)->text, "why?");
}

TEST(Convert, DurationsWereWholeSeconds) {
  tl::DocumentAttributeVideo video;
  video.duration = 12.6;
  EXPECT_EQ(tl::as<tl::DocumentAttributeVideo>(seen(video, kLayer152))->duration_until_158, 13);
}

TEST(Layers, EachIsServedByTheNewestThatIsNotNewer) {
  const std::pair<int, std::optional<int>> cases[] = {{0, {}},    {132, {}},  {133, 135}, {135, 135}, {136, 135},
                                                      {144, 144}, {151, 150}, {152, 152}, {199, 198}, {226, 225},
                                                      {227, 227}, {228, 228}, {500, 228}};
  for (const auto& [announced, served] : cases) {
    const auto layer = tl::served_layer(announced);
    EXPECT_EQ(layer ? std::optional(layer->number) : std::nullopt, served) << announced;
  }
}

}  // namespace
}  // namespace helio
