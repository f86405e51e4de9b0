// What a session awaits beside events: notes, which nobody keeps.
#include "domain/box/feed.h"

#include <gtest/gtest.h>

#include "domain/testing/world.h"
#include "tl/types/api/Update.h"

namespace helio::domain {

using testing::World;

namespace {

struct Notes : ::testing::Test {
  World world;
  UserId alice = world.make_user("Alice");
  UserId bob = world.make_user("Bob");
  std::shared_ptr<Feed> feed = world.run(world.domain().boxes.subscribe(bob));

  void tell(UserId user, std::int32_t name, Origin origin = {}) {
    tl::UpdateChat note;
    note.chat_id = name;
    world.domain().boxes.tell(user, note, origin);
  }
  void send_to_bob(std::int64_t random_id) {
    Draft draft;
    draft.to = bob;
    draft.random_id = random_id;
    draft.text.text = "hi";
    ASSERT_TRUE(world.run(world.domain().messages.send(alice, std::move(draft))).has_value());
    world.settle();
  }
};

TEST_F(Notes, ComeInOrderAmongEventsAndTakeNoPts) {
  const auto before = world.run(world.domain().boxes.counters(bob)).pts;
  tell(bob, 1, {.device = 7, .session = 8});
  tell(alice, 2);  // Not Bob's.
  world.settle();
  send_to_bob(1);
  tell(bob, 3);
  world.settle();
  const FeedBatch batch = world.run(feed->next());
  ASSERT_EQ(batch.items.size(), 3u);
  EXPECT_FALSE(batch.too_long);
  EXPECT_EQ(tl::as<tl::UpdateChat>(batch.items[0]->note)->chat_id, 1);
  EXPECT_EQ(batch.items[0]->origin, (Origin{.device = 7, .session = 8}));
  EXPECT_FALSE(batch.items[1]->note);
  EXPECT_EQ(batch.items[1]->what.pts, before + 1);
  EXPECT_EQ(tl::as<tl::UpdateChat>(batch.items[2]->note)->chat_id, 3);
}

TEST_F(Notes, LeaveRoomForEventsHoweverManyAreTold) {
  for (std::size_t i = 0; i < kFeedItemsMax + 5; ++i) tell(bob, 1);
  world.settle();
  send_to_bob(1);
  const FeedBatch batch = world.run(feed->next());
  EXPECT_FALSE(batch.too_long);
  ASSERT_EQ(batch.items.size(), kFeedNotesMax + 1);
  EXPECT_FALSE(batch.items.back()->note);
}

}  // namespace
}  // namespace helio::domain
