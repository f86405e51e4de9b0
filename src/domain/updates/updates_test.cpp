#include "domain/updates/updates.h"

#include <gtest/gtest.h>

#include "domain/testing/world.h"
#include "tl/errors.h"
#include "tl/types/records/Sent.h"

namespace helio::domain {

using testing::World;

namespace {

struct Updated : ::testing::Test {
  World world;
  UserId alice = world.make_user("Alice");
  UserId bob = world.make_user("Bob");
  std::int64_t last_random_id = 0;

  void send(UserId from, UserId to, int times = 1) {
    for (int i = 0; i < times; ++i) {
      Draft draft;
      draft.to = to;
      draft.random_id = ++last_random_id;
      draft.text.text = std::to_string(last_random_id);
      ASSERT_TRUE(world.run(world.domain().messages.send(from, draft)));
    }
    world.settle();
  }
  Difference difference(UserId user, std::int32_t pts, std::int32_t total_limit = 0) {
    return *world.run(world.domain().updates.difference(user, pts, total_limit));
  }
};

TEST_F(Updated, ANewAccountHasAPts) {
  EXPECT_EQ(world.run(world.domain().updates.state(alice)).pts, 1);
  EXPECT_EQ(difference(alice, 1).kind, Difference::Kind::kEmpty);
}

TEST_F(Updated, TheDifferenceIsEverythingSince) {
  send(alice, bob, 3);
  const Difference all = difference(bob, 2);
  EXPECT_EQ(all.kind, Difference::Kind::kAll);
  EXPECT_EQ(all.state.pts, 4);
  ASSERT_EQ(all.events.size(), 2u);
  EXPECT_EQ(all.events[0].pts, 3);
  EXPECT_EQ(tl::as<tl::record::Message>(all.events[1].message)->text, "3");
}

TEST_F(Updated, MuchComesInSlices) {
  send(alice, bob, 250);
  std::int32_t pts = 1;
  std::size_t events = 0;
  int slices = 0;
  for (;;) {
    const Difference part = difference(bob, pts);
    events += part.events.size();
    pts = part.state.pts;
    ++slices;
    if (part.kind != Difference::Kind::kSlice) break;
  }
  EXPECT_EQ(events, 250u);
  EXPECT_EQ(slices, 3);
  EXPECT_EQ(pts, 251);
}

TEST_F(Updated, TooMuchAndTheFutureAreTooLong) {
  send(alice, alice, 20);
  EXPECT_EQ(difference(alice, 1, 10).kind, Difference::Kind::kTooLong);
  EXPECT_EQ(difference(alice, 1, 20).kind, Difference::Kind::kAll);
  const Difference future = difference(alice, 1'000);
  EXPECT_EQ(future.kind, Difference::Kind::kTooLong);
  EXPECT_EQ(future.state.pts, 21);
}

TEST_F(Updated, NonsenseIsRefused) {
  EXPECT_EQ(world.run(world.domain().updates.difference(alice, 0)).error(), error::PERSISTENT_TIMESTAMP_EMPTY);
  EXPECT_EQ(world.run(world.domain().updates.difference(alice, -5)).error(), error::PERSISTENT_TIMESTAMP_INVALID);
}

}  // namespace
}  // namespace helio::domain
