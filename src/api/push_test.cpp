#include "api/push.h"

#include "api/testing/clients.h"
#include "tl/types/api/Message.h"
#include "tl/types/api/Update.h"
#include "tl/types/api/auth/logOut.h"
#include "tl/types/api/contacts/ResolvedPeer.h"
#include "tl/types/api/contacts/resolvePhone.h"
#include "tl/types/api/invokeWithoutUpdates.h"
#include "tl/types/api/messages/sendMessage.h"
#include "tl/types/api/updates/State.h"
#include "tl/types/api/updates/getState.h"

namespace helio::api::testing {
namespace {

struct Pushing : ::testing::Test {
  Pushing() {
    anna.enter("9996610001", "Anna");
    ben.enter("9996620002", "Ben");
    tl::contacts::resolvePhone resolve;
    resolve.phone = "9996620002";
    const auto found = anna.ask<tl::contacts::ResolvedPeer>(resolve);
    ben_seen = *tl::as<tl::User>(found.users.at(0));
    anna.pushed();
    ben.pushed();
  }
  void write(std::string text) {
    tl::messages::sendMessage send;
    send.peer = peer_of(ben_seen);
    send.message = std::move(text);
    send.random_id = ++random_id;
    anna.ask<tl::Updates>(send);
  }
  static std::vector<std::string> texts(const std::vector<tl::Box<tl::TypeUpdate>>& updates) {
    std::vector<std::string> texts;
    for (const auto& update : updates) {
      const auto* fresh = tl::as<tl::UpdateNewMessage>(update);
      texts.push_back(fresh ? tl::as<tl::Message>(fresh->message)->message : "?");
    }
    return texts;
  }

  Server server;
  Client anna{server, 227}, ben{server, 198};
  tl::User ben_seen;
  std::int64_t random_id = 0;
};

TEST_F(Pushing, UpdatesComeInOrderOfTheirPts) {
  for (int i = 0; i < 120; ++i) write(std::to_string(i));
  const auto updates = ben.updates();
  ASSERT_EQ(updates.size(), 120u);
  std::int32_t pts = tl::as<tl::UpdateNewMessage>(updates[0])->pts;
  for (int i = 0; i < 120; ++i) {
    const auto* update = tl::as<tl::UpdateNewMessage>(updates[static_cast<std::size_t>(i)]);
    EXPECT_EQ(update->pts, pts++);
    EXPECT_EQ(tl::as<tl::Message>(update->message)->message, std::to_string(i));
  }
}

TEST_F(Pushing, EachSessionGetsItsOwnLayer) {
  Client old(server, 144);
  old.enter("9996620002", "Ben");
  old.pushed();
  write("to both");
  server.world.settle();
  ASSERT_EQ(ben.session().pushed.size(), 1u);
  ASSERT_EQ(old.session().pushed.size(), 1u);
  EXPECT_NE(ben.session().pushed[0], old.session().pushed[0]);
  EXPECT_EQ(texts(ben.updates()), std::vector<std::string>{"to both"});
  EXPECT_EQ(texts(old.updates()), std::vector<std::string>{"to both"});
}

TEST_F(Pushing, ASessionThatOnlyAsksWithoutUpdatesGetsNone) {
  ben.new_session();
  tl::invokeWithoutUpdates quiet;
  quiet.query = tl::updates::getState{};
  ben.ask<tl::updates::State>(quiet);
  write("unheard");
  EXPECT_TRUE(ben.pushed().empty());
  ben.ask<tl::updates::State>(tl::updates::getState{});
  write("heard");
  EXPECT_EQ(texts(ben.updates()), std::vector<std::string>{"heard"});
}

TEST_F(Pushing, ASessionThatCanTakeNoMoreIsToldToAskOnceThereIsRoom) {
  ben.session().full = true;
  for (int i = 0; i < 10; ++i) write("lost");
  EXPECT_TRUE(ben.pushed().empty());
  ben.session().full = false;
  server.api->has_room(ben.session_key());
  const auto pushed = ben.pushed();
  ASSERT_FALSE(pushed.empty());
  EXPECT_TRUE(tl::as<tl::UpdatesTooLong>(pushed[0]));
  write("after");
  const auto updates = ben.updates();
  EXPECT_EQ(texts(updates), std::vector<std::string>{"after"});
}

TEST_F(Pushing, AClosedSessionGetsNothingMore) {
  server.api->session_closed(ben.session_key(), ben.session());
  write("unheard");
  EXPECT_TRUE(ben.pushed().empty());
}

TEST_F(Pushing, ASessionThatMovedToAnotherTemporaryKeyOutlivesItsOldSelf) {
  const SessionSpy old(server.world.clock());
  server.api->session_closed(ben.session_key(), old);
  write("heard");
  EXPECT_EQ(texts(ben.updates()), std::vector<std::string>{"heard"});
}

TEST_F(Pushing, WhoLoggedOutGetsNothingMore) {
  EXPECT_EQ(ben.refusal(tl::auth::logOut{}), "");
  write("unheard");
  EXPECT_TRUE(ben.pushed().empty());
}

TEST_F(Pushing, WhoLoggedOutWithoutUpdatesGetsNothingMore) {
  tl::invokeWithoutUpdates quiet;
  quiet.query = tl::auth::logOut{};
  EXPECT_EQ(ben.refusal(quiet), "");
  write("unheard");
  EXPECT_TRUE(ben.pushed().empty());
}

TEST_F(Pushing, AnotherUserOnTheSameSessionGetsTheirOwn) {
  ben.enter("9996630003", "Carl");
  ben.pushed();
  write("for Ben alone");
  EXPECT_TRUE(ben.pushed().empty());
}

TEST_F(Pushing, AfterARestartASessionIsServedAgainFromItsNextCallOn) {
  server.crash();
  ben.ask<tl::updates::State>(tl::updates::getState{});
  write("still here");
  EXPECT_EQ(texts(ben.updates()), std::vector<std::string>{"still here"});
}

}  // namespace
}  // namespace helio::api::testing
