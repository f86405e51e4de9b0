#include "domain/box/lost.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/box/record.h"
#include "domain/testing/world.h"
#include "tl/errors.h"
#include "tl/types/records/Affected.h"
#include "tl/types/records/Event.h"
#include "tl/types/records/Lost.h"
#include "tl/types/records/Reply.h"
#include "tl/types/records/Sent.h"

namespace helio::domain {

using ::testing::ElementsAre;
using testing::World;

namespace {

tl::record::Counters at(std::int32_t pts) {
  tl::record::Counters counters;
  counters.pts = pts;
  return counters;
}

TEST(Lost, IsPassedOverOnceForEachRestore) {
  auto counters = at(10);
  EXPECT_FALSE(is_behind(counters, 0));
  EXPECT_TRUE(is_behind(counters, 100));
  pass_lost(counters, 100);
  EXPECT_EQ(counters.pts, 110);
  EXPECT_FALSE(is_behind(counters, 100));
  pass_lost(counters, 100);
  EXPECT_EQ(counters.pts, 110);

  counters.pts = 115;
  EXPECT_TRUE(is_behind(counters, 250));
  pass_lost(counters, 250);
  EXPECT_EQ(counters.pts, 265);
  ASSERT_TRUE(counters.lost);
  EXPECT_EQ(counters.lost->size(), 2u);
}

TEST(Lost, IsWhatLiesBetweenTheBackupAndTheFirstNumberAfterIt) {
  auto counters = at(10);
  pass_lost(counters, 100);
  counters.pts = 115;
  pass_lost(counters, 250);
  for (const std::int32_t known : {1, 10, 110, 111, 115, 265, 266}) EXPECT_FALSE(is_lost(counters, known)) << known;
  for (const std::int32_t lost : {11, 60, 109, 116, 264}) EXPECT_TRUE(is_lost(counters, lost)) << lost;
  EXPECT_EQ(lost_after(counters, 1), 250);
  EXPECT_EQ(lost_after(counters, 10), 250);
  EXPECT_EQ(lost_after(counters, 112), 150);
  EXPECT_EQ(lost_after(counters, 265), 0);
}

constexpr std::uint32_t kLost = 1'000;

struct Restored : ::testing::Test {
  World world;
  UserId alice = world.make_user("Alice");
  UserId bob = world.make_user("Bob");
  std::int64_t last_random_id = 0;

  Result<tl::record::Sent> send(UserId from, UserId to, std::optional<std::int32_t> reply_to = {}) {
    Draft draft;
    draft.to = to;
    draft.random_id = ++last_random_id;
    draft.text.text = std::to_string(last_random_id);
    draft.reply_to = reply_to;
    return world.run(world.domain().messages.send(from, draft));
  }
  std::int32_t sent_id(UserId from, UserId to) { return tl::as<tl::record::Message>(send(from, to)->message)->id; }
  Difference difference(UserId user, std::int32_t pts, std::int32_t total_limit = 0) {
    return *world.run(world.domain().updates.difference(user, pts, total_limit));
  }
  std::vector<std::int32_t> pts_of(const Difference& difference) {
    std::vector<std::int32_t> pts;
    for (const LoggedEvent& logged : difference.events) pts.push_back(logged.pts);
    return pts;
  }
  tl::record::Counters stored(UserId user) {
    const Bytes partition = user_partition(user);
    return record_of<tl::record::Counters>(partition, key::counters(),
                                           world.disk().partitions[partition].rows[key::counters()]);
  }
  std::vector<std::string> texts(UserId viewer, UserId peer) {
    std::vector<std::string> texts;
    HistoryQuery query{.limit = 100};
    for (const auto& message : world.run(world.domain().messages.history(viewer, peer, query)).messages) {
      texts.push_back(message.text);
    }
    return texts;
  }
};

TEST_F(Restored, NoIdIsGivenTwice) {
  ASSERT_EQ(sent_id(alice, bob), 2);
  world.settle();
  const store::ModelDisk backup = world.disk();
  ASSERT_EQ(sent_id(alice, bob), 3);
  world.settle();
  world.restore(backup, kLost);
  EXPECT_EQ(sent_id(alice, bob), 2 + 1'000 + 1);
  world.settle();
  EXPECT_EQ(difference(bob, 2).events.at(0).pts, 2 + 1'000 + 1);
  EXPECT_THAT(texts(bob, alice), ElementsAre("3", "1"));

  world.restore(world.disk(), kLost);
  EXPECT_EQ(sent_id(alice, bob), 3 + 2'000 + 1);
  world.crash();  // The store was not restored again: nothing is passed over.
  world.start();
  EXPECT_EQ(sent_id(alice, bob), 3 + 2'000 + 2);
}

TEST_F(Restored, WhoAsksWhereABoxIsGetsWhatIsCommittedBeyondTheForgotten) {
  send(alice, alice);
  world.restore(world.disk(), kLost);
  EXPECT_EQ(stored(alice).pts, 2);  // Nobody has touched the box yet.
  EXPECT_EQ(world.run(world.domain().updates.state(alice)).pts, 1'002);
  EXPECT_EQ(stored(alice).pts, 1'002);

  const auto feed = world.run(world.domain().boxes.subscribe(bob));
  EXPECT_EQ(feed->since(), 1'001);
  EXPECT_EQ(stored(bob).pts, 1'001);
  send(bob, bob);
  const FeedBatch batch = world.run(feed->next());
  EXPECT_FALSE(batch.too_long);
  ASSERT_EQ(batch.items.size(), 1u);
  EXPECT_EQ(batch.items[0]->what.pts, 1'002);
}

TEST_F(Restored, NobodyIsToldAPtsThatCannotBeCommitted) {
  world.restore(world.disk(), kLost);
  store::ModelFaults down;
  down.unavailable = 1;
  world.model().set_faults(down);
  EXPECT_THROW(world.run(world.domain().updates.state(alice)), store::StoreDown);
  EXPECT_THROW(world.run(world.domain().boxes.subscribe(alice)), store::StoreDown);
  EXPECT_EQ(stored(alice).pts, 1);
}

TEST_F(Restored, TheDifferenceGoesAcrossAndNobodyInsideIsLeftWithAHole) {
  for (int i = 0; i < 3; ++i) send(alice, alice);  // 2 to 4
  world.restore(world.disk(), kLost);
  // Up to the backup nothing is missing; that numbers were passed over is news as well.
  EXPECT_EQ(difference(alice, 4).kind, Difference::Kind::kAll);
  EXPECT_EQ(difference(alice, 4).state.pts, 1'004);
  EXPECT_THAT(pts_of(difference(alice, 2)), ElementsAre(3, 4));
  EXPECT_EQ(difference(alice, 1'004).kind, Difference::Kind::kEmpty);

  for (int i = 0; i < 2; ++i) send(alice, alice);  // 1005, 1006
  EXPECT_THAT(pts_of(difference(alice, 3)), ElementsAre(4, 1'005, 1'006));
  EXPECT_THAT(pts_of(difference(alice, 4)), ElementsAre(1'005, 1'006));
  EXPECT_THAT(pts_of(difference(alice, 1'004)), ElementsAre(1'005, 1'006));
  EXPECT_THAT(pts_of(difference(alice, 1'005)), ElementsAre(1'006));
  for (const std::int32_t unknown : {5, 6, 500, 1'003, 1'007, 5'000}) {
    const Difference answer = difference(alice, unknown);
    EXPECT_EQ(answer.kind, Difference::Kind::kTooLong) << unknown;
    EXPECT_EQ(answer.state.pts, 1'006);
  }
  // What was passed over is nothing that was missed.
  EXPECT_EQ(difference(alice, 2, 4).kind, Difference::Kind::kAll);
  EXPECT_EQ(difference(alice, 2, 3).kind, Difference::Kind::kTooLong);
}

TEST_F(Restored, SlicesGoAcross) {
  for (int i = 0; i < 150; ++i) send(alice, alice);
  world.restore(world.disk(), 1 << 20);
  for (int i = 0; i < 60; ++i) send(alice, alice);
  std::vector<std::int32_t> pts;
  std::int32_t from = 1;
  for (;;) {
    const Difference part = difference(alice, from);
    ASSERT_NE(part.kind, Difference::Kind::kTooLong);
    for (const std::int32_t one : pts_of(part)) pts.push_back(one);
    from = part.state.pts;
    if (part.kind != Difference::Kind::kSlice) break;
  }
  EXPECT_EQ(pts.size(), 210u);
  EXPECT_EQ(from, 151 + (1 << 20) + 60);
}

TEST_F(Restored, WhatTheBackupStillHadToDeliverArrivesOnce) {
  store::ModelFaults slow;
  slow.delay_max = milliseconds(50);
  world.model().set_faults(slow);
  ASSERT_TRUE(send(alice, bob));
  const store::ModelDisk backup = world.disk();  // Nothing has reached Bob yet.
  world.settle(seconds(1));
  ASSERT_THAT(texts(bob, alice), ElementsAre("1"));
  world.restore(backup, kLost);
  world.settle(seconds(1));
  EXPECT_THAT(texts(bob, alice), ElementsAre("1"));
  EXPECT_THAT(pts_of(difference(bob, 1)), ElementsAre(1'002));
}

TEST_F(Restored, AUserWhoIsMadeAgainBeginsBeyondTheirFormerSelf) {
  const store::ModelDisk backup = world.disk();
  const UserId carol = world.make_user("Carol");
  for (int i = 0; i < 5; ++i) send(carol, carol);
  world.restore(backup, kLost);
  EXPECT_EQ(world.run(world.domain().updates.state(carol)).pts, 0);
  tl::record::Profile profile;
  profile.user_id = carol.value;
  profile.phone = "15550000099";
  tl::box::create command;
  command.profile = profile;
  ASSERT_TRUE(world.run(world.domain().boxes.run(carol, std::move(command))));
  EXPECT_EQ(world.run(world.domain().updates.state(carol)).pts, 1'001);
  EXPECT_EQ(difference(carol, 6).kind, Difference::Kind::kTooLong);
  EXPECT_EQ(sent_id(carol, carol), 1'002);
}

TEST_F(Restored, ForgottenMessagesAreUnknownOnes) {
  send(bob, alice);
  world.settle();
  const store::ModelDisk backup = world.disk();
  send(bob, alice);
  world.settle();
  constexpr std::int32_t kForgotten = 3;
  ASSERT_EQ(world.run(world.domain().messages.find(alice, {2, kForgotten})).size(), 2u);
  world.restore(backup, kLost);

  EXPECT_EQ(world.run(world.domain().messages.find(alice, {2, kForgotten})).size(), 1u);
  EXPECT_EQ(send(alice, bob, kForgotten).error(), error::REPLY_MESSAGE_ID_INVALID);
  // Read up to something that is not there: all before it is.
  const auto read = world.run(world.domain().messages.read_history(alice, bob, kForgotten));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->pts_count, 1);
  EXPECT_EQ(world.run(world.domain().updates.state(alice)).unread, 0);
}

// An export is of each box by itself: the one may be older than the other.
TEST_F(Restored, ABoxLivesWithAnotherThatForgotMore) {
  send(alice, bob);
  world.settle(seconds(20));
  store::ModelDisk backup = world.disk();
  send(alice, bob);  // Alice will not know of it, Bob will.
  world.settle(seconds(20));
  const std::int32_t at_bob = 3;
  backup.partitions[user_partition(bob)] = world.disk().partitions[user_partition(bob)];
  world.restore(backup, kLost);

  EXPECT_THAT(texts(alice, bob), ElementsAre("1"));
  EXPECT_THAT(texts(bob, alice), ElementsAre("2", "1"));
  ASSERT_TRUE(send(bob, alice, at_bob));  // Reads, and answers, what Alice forgot.
  world.settle(seconds(20));
  EXPECT_THAT(texts(alice, bob), ElementsAre("3", "1"));
  ASSERT_TRUE(send(alice, bob));
  world.settle(seconds(20));
  EXPECT_THAT(texts(bob, alice), ElementsAre("4", "3", "2", "1"));
  EXPECT_EQ(difference(alice, 2).kind, Difference::Kind::kAll);
}

}  // namespace
}  // namespace helio::domain
