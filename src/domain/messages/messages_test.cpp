#include "domain/messages/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/testing/world.h"
#include "tl/errors.h"
#include "tl/types/records/Event.h"
#include "tl/types/records/Reply.h"

namespace helio::domain {

using ::testing::ElementsAre;
using testing::World;

namespace {

struct Messaging : ::testing::Test {
  World world;
  UserId alice = world.make_user("Alice");
  UserId bob = world.make_user("Bob");
  std::int64_t last_random_id = 0;

  Draft draft(UserId to, std::string text) {
    Draft draft;
    draft.to = to;
    draft.random_id = ++last_random_id;
    draft.text.text = std::move(text);
    return draft;
  }
  Result<tl::record::Sent> try_send(UserId from, Draft what) {
    return world.run(world.domain().messages.send(from, what));
  }
  tl::record::Message send(UserId from, Draft what) {
    const auto sent = try_send(from, std::move(what));
    EXPECT_TRUE(sent.has_value());
    return *tl::as<tl::record::Message>(sent->message);
  }
  tl::record::Message send(UserId from, UserId to, std::string text) { return send(from, draft(to, std::move(text))); }
  tl::record::Affected read(UserId reader, PeerId peer, std::int32_t max_id) {
    return *world.run(world.domain().messages.read_history(reader, peer, max_id));
  }
  History history(UserId viewer, PeerId peer, HistoryQuery query = {}) {
    return world.run(world.domain().messages.history(viewer, peer, query));
  }
  std::vector<std::string> texts(UserId viewer, PeerId peer, HistoryQuery query = {}) {
    std::vector<std::string> texts;
    for (const auto& message : history(viewer, peer, query).messages) texts.push_back(message.text);
    return texts;
  }
  tl::record::Dialog dialog(UserId viewer, PeerId peer) {
    const auto found = world.run(world.domain().dialogs.find(viewer, {peer}));
    EXPECT_EQ(found.dialogs.size(), 1u);
    return found.dialogs.at(0);
  }
  State state(UserId user) { return world.run(world.domain().updates.state(user)); }
};

TEST_F(Messaging, AMessageIsInBothBoxes) {
  const auto sent = send(alice, bob, "hello");
  EXPECT_TRUE(sent.out);
  EXPECT_EQ(sent.id, 2);  // A new box begins at pts 1.
  world.settle();

  EXPECT_THAT(texts(alice, bob), ElementsAre("hello"));
  const auto received = history(bob, alice).messages.at(0);
  EXPECT_EQ(received.text, "hello");
  EXPECT_FALSE(received.out);
  EXPECT_EQ(received.from, alice.value);
  EXPECT_EQ(received.peer, alice.value);
  EXPECT_EQ(received.source_id, sent.id);
  EXPECT_EQ(state(bob).unread, 1);
  EXPECT_EQ(state(alice).unread, 0);
}

TEST_F(Messaging, ARepeatedRandomIdGetsTheFirstAnswer) {
  const Draft same = draft(bob, "once");
  const auto first = *try_send(alice, same);
  const auto second = *try_send(alice, same);
  EXPECT_FALSE(first.repeated);
  EXPECT_TRUE(second.repeated);
  EXPECT_EQ(first.message, second.message);
  world.settle();
  EXPECT_THAT(texts(bob, alice), ElementsAre("once"));

  Draft to_another_peer = same;
  to_another_peer.to = alice;
  EXPECT_FALSE(try_send(alice, to_another_peer)->repeated);
}

TEST_F(Messaging, TheRepeatWaitsForTheFirst) {
  const Draft same = draft(bob, "once");
  std::vector<bool> repeated;
  const auto send_and_note = [](Messages& messages, UserId from, Draft what, std::vector<bool>& notes) -> Task<> {
    const auto sent = co_await messages.send(from, std::move(what));
    notes.push_back(sent->repeated);
  };
  TaskGroup both(world.cores().executor(0));
  both.spawn(send_and_note(world.domain().messages, alice, same, repeated));
  both.spawn(send_and_note(world.domain().messages, alice, same, repeated));
  world.settle();
  EXPECT_THAT(repeated, ElementsAre(false, true));
}

TEST_F(Messaging, RefusalsLeaveNoTrace) {
  Draft no_random_id = draft(bob, "x");
  no_random_id.random_id = 0;
  EXPECT_EQ(try_send(alice, no_random_id).error(), error::RANDOM_ID_EMPTY);
  EXPECT_EQ(try_send(alice, draft(UserId{4711}, "x")).error(), error::PEER_ID_INVALID);
  EXPECT_EQ(try_send(alice, draft(UserId{}, "x")).error(), error::PEER_ID_INVALID);
  Draft reply_to_nothing = draft(bob, "x");
  reply_to_nothing.reply_to = 77;
  EXPECT_EQ(try_send(alice, reply_to_nothing).error(), error::REPLY_MESSAGE_ID_INVALID);
  EXPECT_EQ(state(alice).pts, 1);
  EXPECT_THAT(texts(alice, bob), ElementsAre());
}

TEST_F(Messaging, RepliesPointAtTheSameMessageOnBothSides) {
  send(alice, alice, "moves the ids of Alice ahead");
  const auto question = send(alice, bob, "question");
  world.settle();
  const auto received_question = history(bob, alice).messages.at(0);
  ASSERT_NE(question.id, received_question.id);

  Draft answer = draft(alice, "answer");
  answer.reply_to = received_question.id;
  send(bob, answer);
  world.settle();
  const auto received_answer = history(alice, bob).messages.at(0);
  EXPECT_EQ(tl::as<tl::record::Reply>(received_answer.reply)->id, question.id);

  Draft own = draft(bob, "and another thing");
  own.reply_to = question.id;
  send(alice, own);
  world.settle();
  const auto received_own = history(bob, alice).messages.at(0);
  EXPECT_EQ(tl::as<tl::record::Reply>(received_own.reply)->id, received_question.id);
}

TEST_F(Messaging, SavedMessagesAreNeitherSentNorReceived) {
  const auto note = send(alice, alice, "note");
  world.settle();
  EXPECT_FALSE(note.out);
  EXPECT_EQ(dialog(alice, alice).unread, 0);
  EXPECT_EQ(state(alice).pts, 2);
}

TEST_F(Messaging, ReadingCountsExactly) {
  for (int i = 0; i < 5; ++i) send(alice, bob, std::to_string(i));
  world.settle();
  EXPECT_EQ(dialog(bob, alice).unread, 5);
  const auto received = history(bob, alice).messages;  // Newest first.

  const auto two_read = read(bob, alice, received[3].id);
  EXPECT_EQ(two_read.pts_count, 1);
  EXPECT_EQ(dialog(bob, alice).unread, 3);
  EXPECT_EQ(state(bob).unread, 3);
  EXPECT_EQ(read(bob, alice, received[4].id).pts_count, 0);  // It was read already.
  world.settle();
  EXPECT_EQ(dialog(alice, bob).read_outbox, *received[3].source_id);

  EXPECT_EQ(read(bob, alice, 1'000'000).pts_count, 1);
  EXPECT_EQ(dialog(bob, alice).unread, 0);
  EXPECT_EQ(dialog(bob, alice).read_inbox, received[0].id);
  EXPECT_EQ(read(bob, alice, 1'000'000).pts_count, 0);
  world.settle();
  EXPECT_EQ(dialog(alice, bob).read_outbox, *received[0].source_id);
}

TEST_F(Messaging, AnsweringReadsTheDialog) {
  send(alice, bob, "one");
  send(alice, bob, "two");
  world.settle();
  const auto sent = *try_send(bob, draft(alice, "yes?"));
  const auto* read_before = tl::as<tl::record::EventReadInbox>(sent.read);
  ASSERT_TRUE(read_before);
  EXPECT_EQ(read_before->unread, 0);
  EXPECT_EQ(read_before->pts + 1, tl::as<tl::record::Message>(sent.message)->id);
  EXPECT_EQ(dialog(bob, alice).unread, 0);
}

TEST_F(Messaging, LongReadsGoInSlices) {
  for (int i = 0; i < 2'100; ++i) send(alice, bob, "x");
  world.settle();
  const auto newest = history(bob, alice).messages;
  const auto affected = read(bob, alice, newest[1].id);  // All but the last: too many for one command.
  EXPECT_EQ(affected.pts_count, 3);
  EXPECT_EQ(dialog(bob, alice).unread, 1);
}

TEST_F(Messaging, DatesNeverGoBack) {
  const auto first = send(alice, bob, "now");
  world.settle(seconds(30));
  const auto second = send(alice, bob, "later");
  EXPECT_GE(second.date, first.date + 30);
}

TEST_F(Messaging, APrivateMessageCostsAtMostFivePutsABox) {
  send(alice, bob, "the first one makes the dialog");
  world.settle(seconds(60));
  world.kv().recording = true;
  send(alice, bob, "counted");
  world.settle();
  ASSERT_EQ(world.kv().batches.size(), 2u);
  EXPECT_EQ(world.kv().batches[0].partition, user_partition(alice));
  EXPECT_EQ(world.kv().batches[1].partition, user_partition(bob));
  for (const auto& batch : world.kv().batches) {
    EXPECT_LE(batch.puts.size(), 5u);
    EXPECT_TRUE(batch.erase.empty());
  }
}

TEST_F(Messaging, FindsMessagesByIdAlone) {
  const auto to_bob = send(alice, bob, "b");
  const auto to_self = send(alice, alice, "a");
  const auto found = world.run(world.domain().messages.find(alice, {to_self.id, 999, to_bob.id, 1}));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].text, "a");
  EXPECT_EQ(found[1].text, "b");
}

TEST_F(Messaging, HistoryPagesByAllOffsets) {
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 10; ++i) ids.push_back(send(alice, bob, std::to_string(i)).id);
  struct Case {
    const char* why;
    HistoryQuery query;
    std::vector<std::string> expected;
  } cases[] = {
      {"newest", {.limit = 3}, {"9", "8", "7"}},
      {"older than", {.offset_id = ids[5], .limit = 2}, {"4", "3"}},
      {"shifted back", {.add_offset = 4, .limit = 2}, {"5", "4"}},
      {"around", {.offset_id = ids[5], .add_offset = -2, .limit = 4}, {"6", "5", "4", "3"}},
      {"newer only", {.offset_id = ids[5], .add_offset = -3, .limit = 3}, {"7", "6", "5"}},
      {"newer, past the end", {.offset_id = ids[8], .add_offset = -5, .limit = 5}, {"9", "8"}},
      {"far newer", {.offset_id = ids[2], .add_offset = -5, .limit = 2}, {"6", "5"}},
      {"past the beginning", {.offset_id = ids[1], .limit = 5}, {"0"}},
      {"between", {.limit = 100, .max_id = ids[4], .min_id = ids[1]}, {"3", "2"}},
      {"nothing between", {.limit = 100, .max_id = ids[1], .min_id = ids[4]}, {}},
      {"an offset beyond max_id", {.offset_id = ids[8], .limit = 2, .max_id = ids[4]}, {"3", "2"}},
  };
  for (const auto& [why, query, expected] : cases) {
    SCOPED_TRACE(why);
    EXPECT_EQ(texts(alice, bob, query), expected);
    EXPECT_EQ(history(alice, bob, query).count, 10);
  }
  EXPECT_EQ(history(alice, UserId{4711}).count, 0);
}

TEST_F(Messaging, HistoryAnswersAtMostAHundred) {
  for (int i = 0; i < 130; ++i) send(alice, alice, "x");
  EXPECT_EQ(history(alice, alice, {.limit = 1'000}).messages.size(), 100u);
  EXPECT_EQ(history(alice, alice).messages.size(), 20u);
  EXPECT_EQ(history(alice, alice, {.add_offset = 125, .limit = 50}).messages.size(), 5u);
  EXPECT_EQ(history(alice, alice, {.add_offset = -2'000'000'000, .limit = 50}).messages.size(), 0u);
  EXPECT_EQ(history(alice, alice, {.add_offset = 2'000'000'000, .limit = 50}).messages.size(), 0u);
}

}  // namespace
}  // namespace helio::domain
