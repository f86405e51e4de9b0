#include "domain/box/box.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/testing/world.h"
#include "tl/errors.h"
#include "tl/types/records/Event.h"
#include "tl/types/records/Sent.h"
#include "tl/types/records/box/sendMessage.h"

namespace helio::domain {

using ::testing::ElementsAre;
using testing::World;

namespace {

struct Boxed : ::testing::Test {
  World world;
  UserId alice = world.make_user("Alice");
  UserId bob = world.make_user("Bob");

  tl::box::sendMessage message(UserId to, std::int64_t random_id) {
    tl::box::sendMessage command;
    command.peer = to.value;
    command.random_id = random_id;
    command.date = world.clock().unixtime();
    command.text = std::to_string(random_id);
    return command;
  }
  Result<tl::Box<tl::record::TypeSent>> send(UserId from, UserId to, std::int64_t random_id) {
    return world.run(world.domain().boxes.run(from, message(to, random_id)));
  }
  std::vector<std::string> texts(UserId viewer, UserId peer) {
    std::vector<std::string> texts;
    HistoryQuery query{.limit = 100};
    for (const auto& message : world.run(world.domain().messages.history(viewer, peer, query)).messages) {
      texts.push_back(message.text);
    }
    return texts;
  }
  // Starts commands that nobody waits for and notes how they ended.
  struct Many {
    TaskGroup tasks;
    std::vector<Error> refused;
    int done = 0;
    explicit Many(World& world) : tasks(world.cores().executor(0)) {}
  };
  static Task<> send_and_note(Boxes& boxes, UserId from, tl::box::sendMessage command, Many& many) {
    const auto sent = co_await boxes.run(from, std::move(command));
    if (sent) {
      ++many.done;
    } else {
      many.refused.push_back(sent.error());
    }
  }
};

TEST_F(Boxed, WhatIsStagedMeanwhileBecomesOneCommit) {
  store::ModelFaults slow;
  slow.delay_max = milliseconds(20);
  world.model().set_faults(slow);
  world.kv().recording = true;
  Many many(world);
  for (int i = 1; i <= 100; ++i) many.tasks.spawn(send_and_note(world.domain().boxes, alice, message(alice, i), many));
  world.settle(seconds(1));
  EXPECT_EQ(many.done, 100);
  EXPECT_EQ(world.kv().batches.size(), 2u);  // The first alone, all others together.
}

TEST_F(Boxed, AFullQueueRefusesFurtherCommands) {
  store::ModelFaults slow;
  slow.delay_max = milliseconds(20);
  world.model().set_faults(slow);
  Many many(world);
  for (int i = 1; i <= 1'050; ++i) {
    many.tasks.spawn(send_and_note(world.domain().boxes, alice, message(alice, i), many));
  }
  world.settle(seconds(5));
  EXPECT_EQ(many.done, 1'000);
  ASSERT_EQ(many.refused.size(), 50u);
  EXPECT_EQ(many.refused[0], error::FLOOD_WAIT(1));
}

TEST_F(Boxed, AnUnknownOutcomeIsNeitherLostNorDoubled) {
  for (const bool applied : {true, false}) {
    SCOPED_TRACE(applied);
    const std::size_t before = texts(bob, alice).size();
    store::ModelFaults faults;
    (applied ? faults.unknown_applied : faults.unknown_never) = 0.9;
    world.model().set_faults(faults);
    for (int i = 1; i <= 20; ++i) EXPECT_TRUE(send(alice, bob, (applied ? 100 : 200) + i));
    world.model().set_faults({});
    world.settle(seconds(10));
    EXPECT_EQ(texts(bob, alice).size(), before + 20);
    EXPECT_EQ(texts(alice, bob).size(), before + 20);
  }
}

TEST_F(Boxed, AnotherWriterIsNoticed) {
  ASSERT_TRUE(send(alice, alice, 1));
  store::ModelFaults faults;
  faults.conflict = 0.5;
  world.model().set_faults(faults);
  for (int i = 2; i <= 20; ++i) EXPECT_TRUE(send(alice, alice, i));
  EXPECT_GT(world.model().counts().conflicts, 0u);
  EXPECT_EQ(texts(alice, alice).size(), 20u);
}

TEST_F(Boxed, AStoreThatIsGoneIsReportedAndComesBack) {
  store::ModelFaults faults;
  faults.unavailable = 1;
  world.model().set_faults(faults);
  const Ticks before = world.clock().ticks();
  EXPECT_EQ(send(alice, bob, 1).error(), error::INTERNAL);
  EXPECT_GE(world.clock().ticks() - before, BoxLimits().give_up_after);

  faults = {};
  faults.read_down = 1;
  world.model().set_faults(faults);
  EXPECT_EQ(send(bob, alice, 2).error(), error::INTERNAL);

  world.model().set_faults({});
  EXPECT_TRUE(send(alice, bob, 1));
  world.settle();
  EXPECT_THAT(texts(bob, alice), ElementsAre("1"));
}

TEST_F(Boxed, WhatWasAcknowledgedSurvivesACrashBeforeItsDelivery) {
  store::ModelFaults faults;
  faults.delay_max = milliseconds(50);
  world.model().set_faults(faults);
  ASSERT_TRUE(send(alice, bob, 1));
  world.crash();  // Nothing has reached Bob yet.
  world.start();
  world.settle();
  EXPECT_THAT(texts(bob, alice), ElementsAre("1"));

  world.crash();  // The cursor was not stored: it is delivered again.
  world.start();
  world.settle();
  EXPECT_THAT(texts(bob, alice), ElementsAre("1"));
}

TEST_F(Boxed, TheCursorIsStoredWhenTheBoxIsQuiet) {
  ASSERT_TRUE(send(alice, bob, 1));
  world.settle();
  EXPECT_TRUE(world.disk().partitions[user_partition(alice)].pending);
  world.settle(BoxLimits().settle_after + seconds(1));
  EXPECT_FALSE(world.disk().partitions[user_partition(alice)].pending);
}

TEST(ManyBoxes, IdleOnesAreForgottenAndFoundAgain) {
  DomainSettings settings = World::open_settings();
  settings.boxes.boxes_per_core = 4;
  World world(1, settings);
  std::vector<UserId> users;
  for (int i = 0; i < 20; ++i) users.push_back(world.make_user(std::to_string(i)));
  std::int64_t random_id = 0;
  for (int round = 0; round < 3; ++round) {
    for (const UserId from : users) {
      Draft draft;
      draft.to = users[(static_cast<std::size_t>(from.value) + 1) % users.size()];
      draft.random_id = ++random_id;
      draft.text.text = "x";
      EXPECT_TRUE(world.run(world.domain().messages.send(from, draft)));
    }
  }
  world.settle(seconds(60));
  std::int32_t unread = 0;
  for (const UserId user : users) {
    unread += world.run(world.domain().updates.state(user)).unread;
    EXPECT_FALSE(world.disk().partitions[user_partition(user)].pending);
  }
  EXPECT_GT(unread, 0);
}

TEST_F(Boxed, AFeedGivesWhatIsCommittedFromNowOn) {
  ASSERT_TRUE(send(alice, bob, 1));
  world.settle();
  const auto feed = world.run(world.domain().boxes.subscribe(bob));
  EXPECT_EQ(feed->since(), 2);
  ASSERT_TRUE(send(alice, bob, 2));
  ASSERT_TRUE(send(alice, bob, 3));
  world.settle();
  const FeedBatch batch = world.run(feed->next());
  EXPECT_FALSE(batch.too_long);
  ASSERT_EQ(batch.items.size(), 2u);
  EXPECT_EQ(batch.items[0]->what.pts, 3);
  EXPECT_EQ(tl::as<tl::record::Message>(batch.items[1]->what.message)->text, "3");
}

TEST_F(Boxed, AFeedSaysWhoAsked) {
  const auto feed = world.run(world.domain().boxes.subscribe(alice));
  const Origin origin{.device = 5, .session = 6};
  ASSERT_TRUE(world.run(world.domain().boxes.run(alice, message(alice, 1), origin)));
  EXPECT_EQ(world.run(feed->next()).items.at(0)->origin, origin);
}

TEST_F(Boxed, AFeedThatNobodyReadsOverflows) {
  const auto feed = world.run(world.domain().boxes.subscribe(alice));
  for (int i = 1; i <= 1'010; ++i) ASSERT_TRUE(send(alice, alice, i));
  const FeedBatch batch = world.run(feed->next());
  EXPECT_TRUE(batch.too_long);
  EXPECT_LE(batch.items.size(), kFeedItemsMax);
  EXPECT_EQ(batch.items.back()->what.pts, 1'011);
  ASSERT_TRUE(send(alice, alice, 2'000));
  EXPECT_FALSE(world.run(feed->next()).too_long);
}

TEST_F(Boxed, AFeedTellsWhatAnUnknownOutcomeHid) {
  const auto feed = world.run(world.domain().boxes.subscribe(alice));
  store::ModelFaults faults;
  faults.unknown_applied = 0.7;
  world.model().set_faults(faults);
  for (int i = 1; i <= 20; ++i) ASSERT_TRUE(send(alice, alice, i));
  world.model().set_faults({});
  world.settle(seconds(20));
  const FeedBatch batch = world.run(feed->next());
  EXPECT_FALSE(batch.too_long);
  EXPECT_EQ(batch.items.size(), 20u);
}

}  // namespace
}  // namespace helio::domain
