#include "domain/box/keys.h"

#include <gtest/gtest.h>

namespace helio::domain {
namespace {

TEST(PeerId, GoesThroughOneNumberAndBack) {
  struct Case {
    PeerId peer;
    std::int64_t number;
  } cases[] = {
      {UserId{1}, 1},
      {UserId{(std::int64_t{1} << 40) - 1}, (std::int64_t{1} << 40) - 1},
      {{PeerKind::kChat, 1}, -1},
      {{PeerKind::kChat, kChatIdMax}, -999'999'999'999},
      {{PeerKind::kChannel, 1}, -1'000'000'000'001},
      {{PeerKind::kChannel, 997'852'516'352}, -1'997'852'516'352},
  };
  for (const auto& [peer, number] : cases) {
    SCOPED_TRACE(number);
    EXPECT_EQ(peer.number(), number);
    EXPECT_EQ(PeerId::of(number), peer);
  }
}

TEST(Keys, OrderAsTheirNumbers) {
  EXPECT_LT(key::event(255), key::event(256));
  EXPECT_LT(key::message(UserId{7}, 1), key::message(UserId{7}, 70'000));
  EXPECT_LT(key::message(UserId{7}, 2'000'000'000), key::message(UserId{8}, 1));
  EXPECT_LT(key::message({PeerKind::kChat, 99}, 1), key::message({PeerKind::kChannel, 1}, 1));
}

TEST(Keys, RangesHoldWhatTheySay) {
  const store::Range events = key::events(5, 9);
  EXPECT_GT(events.from, key::event(5));
  EXPECT_LE(events.from, key::event(6));
  EXPECT_GT(events.to, key::event(9));
  EXPECT_LE(events.to, key::event(10));
  const store::Range dialogs = key::dialogs();
  EXPECT_LE(dialogs.from, key::dialog(UserId{1}));
  EXPECT_GT(dialogs.to, key::dialog({PeerKind::kChannel, 997'852'516'352}));
}

TEST(Keys, PartitionsOfUsersAreRecognised) {
  EXPECT_EQ(user_of(user_partition(UserId{4711})), UserId{4711});
  EXPECT_EQ(user_of(device_partition(4711)), std::nullopt);
  EXPECT_EQ(user_of(number_partition("4915112345678")), std::nullopt);
}

TEST(Keys, OneRandomIdIsAnotherKeyForAnotherPeer) {
  EXPECT_NE(key::random_id(1, UserId{2}), key::random_id(1, UserId{3}));
  EXPECT_NE(key::random_id(-1, UserId{2}), key::random_id(1, UserId{2}));
}

}  // namespace
}  // namespace helio::domain
