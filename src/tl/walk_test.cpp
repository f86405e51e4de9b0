#include "tl/walk.h"

#include <gtest/gtest.h>

#include "tl/json.h"
#include "tl/mentions.h"
#include "tl/types/api/Chat.h"
#include "tl/types/api/Message.h"
#include "tl/types/api/MessageEntity.h"
#include "tl/types/api/MessageFwdHeader.h"
#include "tl/types/api/Peer.h"
#include "tl/types/api/Update.h"
#include "tl/types/api/Updates.h"
#include "tl/types/api/User.h"
#include "tl/types/api/UserStatus.h"

namespace helio {
namespace {

tl::PeerUser peer_user(std::int64_t id) {
  tl::PeerUser peer;
  peer.user_id = id;
  return peer;
}

// A message of 1 to a chat 2, forwarded from channel 3, via bot 4, that mentions 5; it brings 1 and 2 along.
tl::Updates updates() {
  tl::PeerChat chat;
  chat.chat_id = 2;
  tl::PeerChannel channel;
  channel.channel_id = 3;
  tl::MessageFwdHeader forward;
  forward.from_id = channel;
  tl::MessageEntityMentionName mention;
  mention.user_id = 5;
  tl::Message message;
  message.from_id = peer_user(1);
  message.peer_id = chat;
  message.fwd_from = forward;
  message.via_bot_id = 4;
  message.entities.emplace().push_back(mention);
  tl::UpdateNewMessage update;
  update.message = message;
  tl::User user;
  user.id = 1;
  tl::ChatForbidden group;
  group.id = 2;
  tl::Updates updates;
  updates.updates.push_back(update);
  updates.users.push_back(user);
  updates.chats.push_back(group);
  return updates;
}

TEST(Walk, VisitsEveryObjectBeforeWhatIsInIt) {
  std::string names;
  tl::walk(updates(), [&](const tl::Object& part) { names += std::string(tl::name_of(part)) + " "; });
  EXPECT_EQ(names,
            "updates updateNewMessage message peerUser peerChat messageFwdHeader peerChannel messageEntityMentionName "
            "user chatForbidden ");
}

TEST(Walk, NumbersAreThoseThatAreThere) {
  tl::UpdateDeleteMessages update;
  update.messages = {7, 8};
  update.pts = 9;
  std::string found;
  tl::numbers(update, [&](std::string_view field, std::int64_t value) {
    found += std::string(field) + "=" + std::to_string(value) + " ";
  });
  EXPECT_EQ(found, "messages=7 messages=8 pts=9 pts_count=0 ");
}

TEST(Mentions, MissingIsWhatIsMentionedAndNotCarried) {
  EXPECT_EQ(tl::mentioned(updates()), (tl::Peers{{1, 4, 5}, {2}, {3}}));
  EXPECT_EQ(tl::carried(updates()), (tl::Peers{{1}, {2}, {}}));
  EXPECT_EQ(tl::missing(updates()), (tl::Peers{{4, 5}, {}, {3}}));
}

TEST(Json, SaysWhatIsThere) {
  tl::User user;
  user.id = 5'000'000'000;
  user.bot = true;
  user.first_name = "a\"b\\\n";
  tl::UserStatusOnline online;
  online.expires = -1;
  user.status = online;
  EXPECT_EQ(tl::to_json(user), R"({"_": "user", "bot": true, "id": "5000000000", "first_name": "a\"b\\\u000a", )"
                               R"("status": {"_": "userStatusOnline", "expires": -1}})");
}

TEST(Box, IsAValueOfItsOwn) {
  tl::Box<tl::TypePeer> a = peer_user(1);
  tl::Box<tl::TypePeer> b = a;
  EXPECT_EQ(a, b);
  tl::as<tl::PeerUser>(b)->user_id = 2;
  EXPECT_EQ(tl::as<tl::PeerUser>(a)->user_id, 1);
  EXPECT_FALSE(a == b);
  b = std::move(a);
  EXPECT_EQ(tl::as<tl::PeerUser>(b)->user_id, 1);
  EXPECT_FALSE(tl::as<tl::PeerChat>(b));
  b = nullptr;
  EXPECT_FALSE(b);
  tl::Box<tl::Object> any = tl::Box<tl::TypePeer>(peer_user(3));
  EXPECT_TRUE(tl::as<tl::TypePeer>(any));
}

}  // namespace
}  // namespace helio
