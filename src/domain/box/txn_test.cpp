#include "domain/box/txn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/box/keys.h"
#include "tl/types/records/Event.h"
#include "tl/types/records/MessageId.h"

namespace helio::domain {

using ::testing::ElementsAre;

namespace {

constexpr UserId kAlice{1};

tl::record::MessageId value(std::int32_t id) {
  tl::record::MessageId record;
  record.id = id;
  return record;
}

struct Transaction : ::testing::Test {
  BoxMemory memory = [] {
    BoxMemory memory;
    memory.version = 7;
    tl::record::Counters counters;
    counters.pts = 10;
    memory.entries[key::counters()] = tl::encode_record(counters);
    memory.entries["a"] = tl::encode_record(value(1));
    memory.entries["b"] = std::nullopt;
    return memory;
  }();
  BoxTxn box{user_partition(kAlice), memory, 0};

  std::optional<std::int32_t> find(const Bytes& key) {
    const auto record = box.find<tl::record::MessageId>(key);
    return record ? std::optional(record->id) : std::nullopt;
  }
  std::vector<Bytes> keys_of(const BoxMemory::Rows& rows) {
    std::vector<Bytes> keys;
    for (const auto& row : rows.rows) keys.push_back(row.key);
    return keys;
  }
};

TEST_F(Transaction, SeesWhatIsCommittedUnderWhatIsStaged) {
  EXPECT_EQ(find("a"), 1);
  EXPECT_EQ(find("b"), std::nullopt);
  box.put("a", value(2));
  box.put("b", value(3));
  EXPECT_EQ(find("a"), 2);
  EXPECT_EQ(find("b"), 3);
  box.erase("a");
  EXPECT_EQ(find("a"), std::nullopt);
}

TEST_F(Transaction, AsksForWhatIsNotInMemory) {
  try {
    find("unknown");
    FAIL();
  } catch (const ReadMiss& miss) {
    EXPECT_EQ(miss.key, "unknown");
  }
  try {
    box.scan({"m1", "m9"}, 10);
    FAIL();
  } catch (const ReadMiss& miss) {
    EXPECT_EQ(miss.scan->from, "m1");
    EXPECT_EQ(miss.scan->limit, 10u);
  }
}

TEST_F(Transaction, ScansThroughBothLayers) {
  memory.scans[{"m1", "m9"}] = {{{"m2", "x"}, {"m4", "x"}, {"m6", "x"}}, false};
  box.put("m3", value(1));
  box.put("m4", value(1));
  box.erase("m6");
  box.put("m8", value(1));
  box.put("n", value(1));
  EXPECT_THAT(keys_of(box.scan({"m1", "m9"}, 10)), ElementsAre("m2", "m3", "m4", "m8"));
}

TEST_F(Transaction, AScanThatWasCutShortStopsWhereItWasCut) {
  memory.scans[{"m1", "m9"}] = {{{"m2", "x"}, {"m4", "x"}}, true};
  box.put("m3", value(1));
  box.put("m8", value(1));  // Whether there is a row before it is not known.
  const auto rows = box.scan({"m1", "m9"}, 2);
  EXPECT_THAT(keys_of(rows), ElementsAre("m2", "m3", "m4"));
  EXPECT_TRUE(rows.more);
}

TEST_F(Transaction, ARefusedCommandLeavesNothing) {
  box.savepoint({});
  box.put("a", value(2));
  tl::record::EventReadOutbox event;
  event.pts = box.next_pts();
  box.log(event.pts, event);
  const std::size_t size = box.size();

  box.savepoint({});
  box.put("a", value(3));
  box.put("b", value(3));
  box.erase("a");
  box.date(1'000);
  box.add_unread(1);
  event.pts = box.next_pts();
  box.log(event.pts, event);
  box.rollback();

  EXPECT_EQ(find("a"), 2);
  EXPECT_EQ(find("b"), std::nullopt);
  EXPECT_EQ(box.counters().pts, 11);
  EXPECT_EQ(box.counters().date, 0);
  EXPECT_EQ(box.counters().unread, 0);
  EXPECT_EQ(box.size(), size);
  EXPECT_EQ(box.take_events().size(), 1u);
}

TEST_F(Transaction, TheCursorRidesAlongButDoesNotTravelAlone) {
  BoxTxn idle(user_partition(kAlice), memory, 9);
  EXPECT_TRUE(idle.batch().puts.empty());
  idle.put("a", value(2));
  EXPECT_EQ(idle.batch().puts.size(), 2u);

  BoxTxn asked(user_partition(kAlice), memory, 9);
  asked.write_cursor();
  EXPECT_EQ(asked.batch().puts.size(), 1u);
}

TEST_F(Transaction, NumbersThatTheStoreForgotArePassedOverWhateverTheCommandsDo) {
  BoxTxn behind(user_partition(kAlice), memory, 0);
  behind.pass_lost_ids(1'000);
  behind.savepoint({});
  behind.put("a", value(2));
  behind.rollback();
  EXPECT_EQ(behind.counters().pts, 1'010);
  ASSERT_EQ(behind.batch().puts.size(), 1u);

  BoxMemory then = memory;
  then.entries[key::counters()] = behind.batch().puts[0].value;
  BoxTxn beyond(user_partition(kAlice), then, 0);
  beyond.pass_lost_ids(1'000);
  EXPECT_EQ(beyond.counters().pts, 1'010);
  EXPECT_TRUE(beyond.batch().puts.empty());
}

TEST_F(Transaction, ABatchIsPendingWhileEffectsAreUnderWay) {
  tl::record::EventMessage event;
  event.out = true;
  event.pts = box.next_pts();
  box.log(event.pts, event);
  EXPECT_TRUE(box.batch().pending);
  EXPECT_EQ(box.batch().expect, 7u);

  BoxTxn quiet(user_partition(kAlice), memory, 0);
  quiet.put("a", value(2));
  EXPECT_FALSE(quiet.batch().pending);
}

}  // namespace
}  // namespace helio::domain
