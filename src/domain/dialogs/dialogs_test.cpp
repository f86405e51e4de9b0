#include "domain/dialogs/dialogs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "domain/box/keys.h"
#include "domain/testing/world.h"
#include "tl/record.h"

namespace helio::domain {

using ::testing::ElementsAre;
using testing::World;

namespace {

// Dialogs as a store holds them, without the messages' history.
struct Listed : ::testing::Test {
  World world;
  UserId alice = world.make_user("Alice");

  void put(PeerId peer, std::int32_t top, std::int32_t date, std::int32_t unread = 0) {
    tl::record::Dialog dialog;
    dialog.peer = peer.number();
    dialog.top = top;
    dialog.date = date;
    dialog.unread = unread;
    auto& partition = world.disk().partitions[user_partition(alice)];
    partition.rows[key::dialog(peer)] = tl::encode_record(dialog);
  }
  static std::vector<std::int64_t> peers(const DialogList& list) {
    std::vector<std::int64_t> peers;
    for (const auto& dialog : list.dialogs) peers.push_back(dialog.peer);
    return peers;
  }
  // All pages of a list.
  std::vector<std::int64_t> all(Dialogs& dialogs, std::int32_t limit) {
    std::vector<std::int64_t> all;
    DialogsQuery query{.limit = limit};
    for (;;) {
      const auto page = world.run(dialogs.list(alice, query));
      if (page.dialogs.empty()) return all;
      for (const std::int64_t peer : peers(page)) all.push_back(peer);
      const auto& last = page.dialogs.back();
      query.offset_date = last.date;
      query.offset_id = last.top;
      query.offset_peer = PeerId::of(last.peer);
    }
  }
};

TEST_F(Listed, NewestFirstAndTiesInAFixedOrder) {
  put(UserId{5}, 50, 1'000);
  put(UserId{6}, 60, 1'000);
  put(UserId{7}, 10, 3'000);
  put(UserId{8}, 20, 2'000);
  Dialogs dialogs(world.kv());
  for (const std::int32_t limit : {1, 2, 3, 100}) {
    SCOPED_TRACE(limit);
    EXPECT_THAT(all(dialogs, limit), ElementsAre(7, 8, 6, 5));
  }
  EXPECT_EQ(world.run(dialogs.list(alice, {.limit = 1})).count, 4);
}

TEST_F(Listed, AnOffsetMayBeADateOrAPeerAlone) {
  put(UserId{5}, 50, 1'000);
  put(UserId{6}, 60, 2'000);
  put(UserId{7}, 70, 3'000);
  Dialogs dialogs(world.kv());
  EXPECT_THAT(peers(world.run(dialogs.list(alice, {.offset_date = 3'000}))), ElementsAre(6, 5));
  EXPECT_THAT(peers(world.run(dialogs.list(alice, {.offset_peer = UserId{6}}))), ElementsAre(5));
  EXPECT_THAT(peers(world.run(dialogs.list(alice, {.offset_peer = UserId{99}}))), ElementsAre(7, 6, 5));
}

TEST_F(Listed, NewMessagesWhilePagingDoNotRepeatADialog) {
  put(UserId{5}, 50, 1'000);
  put(UserId{6}, 60, 2'000);
  put(UserId{7}, 70, 3'000);
  Dialogs dialogs(world.kv());
  const auto first = world.run(dialogs.list(alice, {.limit = 1}));
  EXPECT_THAT(peers(first), ElementsAre(7));
  put(UserId{5}, 80, 4'000);  // Moves to the top of the list, which the client has seen.
  const auto second = world.run(dialogs.list(alice, {.offset_date = 3'000, .offset_id = 70, .offset_peer = UserId{7}}));
  EXPECT_THAT(peers(second), ElementsAre(6));
}

TEST_F(Listed, OnlyTheAskedForExist) {
  put(UserId{5}, 50, 1'000);
  Dialogs dialogs(world.kv());
  EXPECT_THAT(peers(world.run(dialogs.find(alice, {UserId{4}, UserId{5}}))), ElementsAre(5));
}

// A channel's newest message, date and unread count are the channel's own: posts never write to members' boxes.
struct SomeChannels final : ChannelHeads {
  std::map<std::int64_t, ChannelHead> heads_by_peer;
  Task<std::vector<std::optional<ChannelHead>>> heads(UserId, std::vector<tl::record::Dialog> dialogs) override {
    std::vector<std::optional<ChannelHead>> heads;
    for (const auto& dialog : dialogs) {
      const auto found = heads_by_peer.find(dialog.peer);
      heads.push_back(found == heads_by_peer.end() ? std::nullopt : std::optional(found->second));
    }
    co_return heads;
  }
};

TEST_F(Listed, ChannelsAreMergedInByTheirHeads) {
  const PeerId news{PeerKind::kChannel, 1}, left{PeerKind::kChannel, 2}, club{PeerKind::kChannel, 3};
  put(UserId{5}, 50, 1'000);
  put(UserId{6}, 60, 3'000);
  put(news, 0, 0);
  put(left, 0, 0);
  put(club, 0, 0);
  SomeChannels channels;
  channels.heads_by_peer[news.number()] = {.top = 900, .date = 2'000, .unread = 7};
  channels.heads_by_peer[club.number()] = {.top = 5, .date = 3'000, .unread = 0};
  Dialogs dialogs(world.kv(), &channels);
  for (const std::int32_t limit : {1, 2, 100}) {
    SCOPED_TRACE(limit);
    EXPECT_THAT(all(dialogs, limit), ElementsAre(6, club.number(), news.number(), 5));
  }
  channels.heads_by_peer[news.number()] = {.top = 901, .date = 4'000, .unread = 8};
  const auto list = world.run(dialogs.list(alice, {.limit = 1}));
  EXPECT_EQ(list.dialogs.at(0).top, 901);
  EXPECT_EQ(list.dialogs.at(0).unread, 8);
  EXPECT_EQ(list.count, 4);
}

}  // namespace
}  // namespace helio::domain
