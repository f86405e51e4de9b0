// What a core holds for clients who do not take it, and what happens when that is too much.
#include "mtproto/shard.h"

#include <gtest/gtest.h>

#include "mtproto_client/world.h"
#include "tl/mtproto.h"
#include "tl/types/mtproto/BadMsgNotification.h"
#include "tl/types/mtproto/NewSession.h"

namespace helio::client {

namespace mt = tl::mt;

namespace {

constexpr std::size_t kBudget = 1 << 20;

mtproto::ServerSettings small_budget() {
  auto settings = mtproto::ServerSettings::for_load();
  settings.workers = 0;
  settings.queue_memory_max = kBudget;
  settings.queue_memory_core_min = 0;
  return settings;
}

#define IN_WORLD(suite, name)               \
  static Task<> suite##_##name(World& w);   \
  TEST(suite, name) {                       \
    World world(small_budget());            \
    world.clock.run(suite##_##name(world)); \
  }                                         \
  Task<> suite##_##name(World& w)

// A client that has asked something, and its session on the server.
struct Peer {
  std::unique_ptr<Client> client;
  std::weak_ptr<mtproto::SessionPort> session;

  bool push(std::size_t size) {
    const auto port = session.lock();
    return port && port->push(queries::make(0x20000001, Bytes(size, 'u')));
  }
};

Task<Peer> peer(World& w) {
  Peer made;
  made.client = co_await w.client();
  co_await made.client->call(queries::make(queries::kEcho));
  made.session = w.handler->contexts.back().session;
  co_return made;
}

}  // namespace

IN_WORLD(Shard, C16_OverBudgetSessionsWithoutAConnectionEndFirstAndTheLongestIdleOfThem) {
  std::vector<Peer> peers;
  for (int i = 0; i < 3; ++i) {
    auto one = co_await peer(w);
    peers.push_back(std::move(one));
  }
  Peer present = co_await peer(w);
  for (const int i : {1, 0, 2}) {
    peers[static_cast<std::size_t>(i)].client->disconnect();
    co_await w.clock.sleep(seconds(1));
  }
  for (Peer& one : peers) EXPECT_TRUE(one.push(300'000));
  co_await w.clock.sleep(milliseconds(1));
  EXPECT_TRUE(w.handler->closed.empty()) << "within the budget";
  EXPECT_TRUE(peers[2].push(200'000));
  co_await w.clock.sleep(milliseconds(1));
  EXPECT_EQ(w.handler->closed, std::set{peers[1].client->session_id}) << "idle for longest";
  EXPECT_TRUE(present.client->connected());

  // The client that comes back learns of it, and nothing of its past runs again.
  Client& back = *peers[1].client;
  const Message replayed{w.handler->order[1], 1, queries::make(queries::kEcho)};
  const auto runs = w.handler->contexts.size();
  int created = 0, refused = 0;
  back.on_message = [&](const Message& message) {
    created += mtproto::constructor_of(message.body) == mt::New_session_created::kId;
    refused += mtproto::constructor_of(message.body) == mt::Bad_msg_notification::kId;
  };
  back.use(w.wire());
  back.send_packet(replayed);
  co_await w.clock.sleep(milliseconds(1));
  EXPECT_EQ(w.handler->contexts.size(), runs);
  EXPECT_EQ(refused, 1);
  const Bytes answer = co_await back.call(queries::make(queries::kEcho));
  EXPECT_FALSE(answer.empty());
  EXPECT_EQ(created, 1);
  for (Peer& one : peers) co_await one.client->stop();
  co_await present.client->stop();
}

IN_WORLD(Shard, C16_ThenTheConnectionsThatHoldMostAreClosed) {
  // Three that read nothing, each with more for it than the one before; and one that reads.
  Peer reader = co_await peer(w);
  std::vector<Peer> peers;
  std::vector<std::unique_ptr<net::ByteStream>> streams;
  for (std::size_t i = 0; i < 3; ++i) {
    Peer one = co_await peer(w);
    one.client->disconnect();
    auto pipe = net::make_pipe(w.executor, 4096);
    w.server->accept(std::move(pipe.a));
    Bytes start = "\xee\xee\xee\xee";
    const Bytes packet = one.client->seal({one.client->next_msg_id(), one.client->next_seqno(false), ping(1)});
    append_le(start, static_cast<std::uint32_t>(packet.size()));
    pipe.b->write_some(start + packet);
    co_await w.clock.sleep(milliseconds(1));
    streams.push_back(std::move(pipe.b));
    peers.push_back(std::move(one));
  }
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(peers[i].push(50'000 * (i + 1)));
  co_await w.clock.sleep(milliseconds(1));
  EXPECT_TRUE(w.handler->closed.empty());
  EXPECT_TRUE(peers[2].push(400'000));
  co_await w.clock.sleep(milliseconds(1));
  EXPECT_EQ(w.handler->closed, std::set{peers[2].client->session_id});
  EXPECT_FALSE(streams[2]->write_some("x"));
  for (const std::size_t i : {0u, 1u}) EXPECT_TRUE(streams[i]->write_some("")) << i;
  const Bytes answer = co_await reader.client->call(queries::make(queries::kEcho));
  EXPECT_FALSE(answer.empty());
  for (Peer& one : peers) co_await one.client->stop();
  co_await reader.client->stop();
}

IN_WORLD(Shard, FramesThatNeverEndCountAsWell) {
  Peer one = co_await peer(w);
  std::vector<std::unique_ptr<net::ByteStream>> streams;
  for (int i = 0; i < 8; ++i) {
    auto pipe = net::make_pipe(w.executor);
    w.server->accept(std::move(pipe.a));
    Bytes start = "\xee\xee\xee\xee";
    append_le(start, std::uint32_t{1'000'000});
    append_le(start, one.client->key.id);
    pipe.b->write_some(start + Bytes(250'000, 'x'));
    co_await w.clock.sleep(milliseconds(1));
    streams.push_back(std::move(pipe.b));
  }
  const auto open = [](const auto& stream) { return stream->write_some("").has_value(); };
  EXPECT_LE(std::ranges::count_if(streams, open), 4);
  EXPECT_GE(std::ranges::count_if(streams, open), 2);
  EXPECT_TRUE(one.client->connected());
  co_await one.client->stop();
}

// Many sessions of one key that end early: each is remembered, or all of the key are judged as the newest of them.
IN_WORLD(Shard, C07_WhatEndedEarlyIsNeverRunAgainHoweverManySessionsThereWere) {
  Peer one = co_await peer(w);
  Client& client = *one.client;
  const auto send_in = [&](std::int64_t session_id, const Message& message) {
    const std::int64_t own = std::exchange(client.session_id, session_id);
    client.send_packet(message);
    client.session_id = own;
  };
  std::vector<Message> messages;
  constexpr int kSessions = 400;  // More than are remembered one by one.
  for (int i = 0; i < kSessions; ++i) {
    const Message message{client.next_msg_id(), 1, queries::make(queries::kEcho, std::to_string(i))};
    messages.push_back(message);
    client.use(w.wire());
    send_in(1000 + i, message);
    co_await w.clock.sleep(milliseconds(5));
    const auto session = w.handler->contexts.back().session;
    client.disconnect();
    co_await w.clock.sleep(milliseconds(5));
    // Each is made to end by what waits for it.
    for (int j = 0; j < 3 && !w.handler->closed.contains(1000 + i); ++j) {
      session->push(queries::make(0x20000001, Bytes(400'000, 'u')));
      co_await w.clock.sleep(milliseconds(1));
    }
    EXPECT_TRUE(w.handler->closed.contains(1000 + i));
  }
  client.use(w.wire());
  for (int i = 0; i < kSessions; ++i) send_in(1000 + i, messages[static_cast<std::size_t>(i)]);
  co_await w.clock.sleep(milliseconds(10));
  int twice = 0;
  for (const Message& message : messages) twice += w.handler->runs[message.msg_id] != 1;
  EXPECT_EQ(twice, 0);
  co_await client.stop();
}

}  // namespace helio::client
