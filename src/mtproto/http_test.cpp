// The transport over HTTP, on a whole server in virtual time.
#include <gtest/gtest.h>

#include "mtproto/connection.h"
#include "mtproto/session/service.h"
#include "mtproto_client/world.h"
#include "tl/mtproto.h"
#include "tl/types/mtproto/BadMsgNotification.h"
#include "tl/types/mtproto/HttpWait.h"
#include "tl/types/mtproto/MsgsAck.h"
#include "tl/types/mtproto/Pong.h"
#include "tl/types/mtproto/ping_delay_disconnect.h"

namespace helio::client {

namespace mt = tl::mt;
using mtproto::constructor_of;

namespace {

#define IN_WORLD(suite, name)               \
  static Task<> suite##_##name(World& w);   \
  TEST(suite, name) {                       \
    World world(many_connections());        \
    world.clock.run(suite##_##name(world)); \
  }                                         \
  Task<> suite##_##name(World& w)

mtproto::ServerSettings many_connections() {
  auto settings = mtproto::ServerSettings::for_load();
  settings.workers = 0;
  return settings;
}

struct Answer {
  int status = 0;  // 0: the server closed without one.
  std::string head;
  Bytes body;
};

// One connection, byte for byte.
class Raw {
 public:
  explicit Raw(World& w, std::size_t capacity = 1 << 20) : pipe_(net::make_pipe(w.executor, capacity)) {
    w.server->accept(std::move(pipe_.a));
  }

  std::size_t send(View bytes) { return pipe_.b->write_some(bytes).value_or(0); }
  void close() { pipe_.b->close(); }

  // The next answer, "100 Continue" among them.
  Task<Answer> answer() {
    Answer answer;
    for (;;) {
      const std::size_t end = received_.find("\r\n\r\n");
      if (end != Bytes::npos) {
        const std::size_t at = received_.find("Content-Length: ");
        const std::size_t size = at < end ? std::stoul(received_.substr(at + 16)) : 0;
        if (received_.size() >= end + 4 + size) {
          answer.status = std::stoi(received_.substr(9));
          answer.head = received_.substr(0, end);
          answer.body = received_.substr(end + 4, size);
          received_.erase(0, end + 4 + size);
          co_return answer;
        }
      }
      const std::span<char> bytes = co_await pipe_.b->read();
      if (bytes.empty()) co_return answer;
      received_.append(bytes.data(), bytes.size());
    }
  }
  Task<bool> ended() {
    const Answer last = co_await answer();
    co_return last.status == 0 && received_.empty();
  }

 private:
  net::Pipe pipe_;
  Bytes received_;
};

Bytes post(View body, View target = "/api", View more = "") {
  return "POST " + Bytes(target) + " HTTP/1.1\r\nHost: here\r\n" + Bytes(more) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + Bytes(body);
}

Bytes req_pq(World& w) {
  KeyExchange exchange(server_key().public_key(), w.clock, w.random, {});
  return exchange.req_pq();
}

// A key and a session, whose requests the test sends itself.
struct Speaker {
  explicit Speaker(std::unique_ptr<Client> c) : client(std::move(c)) {}
  std::unique_ptr<Client> client;

  Bytes packet(Bytes body, bool content = true) {
    const auto msg_id = client->next_msg_id();
    return client->seal({msg_id, client->next_seqno(content), std::move(body)});
  }
  Bytes request(Bytes body, bool content = true) { return post(packet(std::move(body), content)); }
  // Of several bodies; those of queries have an odd seqno.
  Bytes together(const std::vector<Bytes>& bodies) {
    Message container;
    mtproto::append_container_header(container.body, bodies.size());
    for (const Bytes& body : bodies) {
      const auto msg_id = client->next_msg_id();
      mtproto::append_inner(container.body, msg_id, client->next_seqno(!mtproto::is_service(constructor_of(body))),
                            body);
    }
    container.msg_id = client->next_msg_id();
    container.seqno = client->next_seqno(false);
    return post(client->seal(container));
  }
  // The messages in an answer; nullopt when it is none for this session.
  std::optional<std::vector<Message>> read(const Answer& answer) const {
    Bytes bytes = answer.body;
    const auto opened = crypto::open(bytes, &client->key.bytes, crypto::Sender::kServer);
    if (!opened || opened->envelope.session_id != client->session_id) return std::nullopt;
    const auto& envelope = opened->envelope;
    if (constructor_of(envelope.body) != mtproto::kMsgContainerId) {
      return std::vector<Message>{{envelope.msg_id, envelope.seqno, Bytes(envelope.body)}};
    }
    const auto container = mtproto::parse_container(envelope.body);
    if (!container) return std::nullopt;
    std::vector<Message> messages;
    for (const auto& inner : container->messages) messages.push_back({inner.msg_id, inner.seqno, Bytes(inner.body)});
    return messages;
  }
  std::vector<std::uint32_t> ids(const Answer& answer) const {
    std::vector<std::uint32_t> ids;
    for (const Message& message : read(answer).value_or(std::vector<Message>(1))) {
      ids.push_back(constructor_of(message.body));
    }
    return ids;
  }
};
using Ids = std::vector<std::uint32_t>;

Bytes http_wait(int max_delay, int wait_after, int max_wait) {
  mt::Http_wait wait;
  wait.max_delay = max_delay;
  wait.wait_after = wait_after;
  wait.max_wait = max_wait;
  return tl::encode_mtproto(wait);
}

Bytes ack(const std::vector<Message>& messages) {
  mt::Msgs_ack ack;
  for (const Message& message : messages) ack.msg_ids.push_back(message.msg_id);
  return tl::encode_mtproto(ack);
}

// With a session that has been greeted and has nothing left to hear.
Task<Speaker> speaker(World& w) {
  Speaker made(co_await w.client());
  made.client->disconnect();
  Raw raw(w);
  raw.send(made.request(ping(1)));
  for (;;) {
    const Answer answer = co_await raw.answer();
    const auto messages = made.read(answer);
    ASSERT(messages);
    if (messages->empty()) break;
    raw.send(made.together({ack(*messages), http_wait(0, 0, 0)}));
  }
  raw.close();
  co_await w.clock.sleep(milliseconds(1));
  co_return made;
}

constexpr std::uint32_t kUpdate = 0x20000001;

int ms_since(World& w, Ticks start) {
  return static_cast<int>(std::chrono::duration_cast<milliseconds>(w.clock.ticks() - start).count());
}

Task<> push_after(World& w, int ms, std::uint32_t id) {
  co_await w.clock.sleep(milliseconds(ms));
  w.handler->contexts.back().session->push(queries::make(id));
}

// Tables stand outside of coroutines: GCC 12 does not compile them there.
struct Shape {
  Bytes request;
  int status;
  bool goes_on = false;
};
std::vector<Shape> shapes(const Bytes& body) {
  return {
      {post(body), 200, true},
      {post(body, "/api?x=1"), 200, true},
      {post(body, "http://127.0.0.1:443/api"), 200, true},
      {post(body, "/api", "Connection: close\r\n"), 200},
      {"POST /api HTTP/1.0\r\nContent-Length: 40\r\n\r\n" + body, 200},
      {"POST /api HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 40\r\n\r\n" + body, 200, true},
      {post(body, "/"), 404},
      {post(body, "/api/"), 404},
      {post(body, "/API"), 404},
      {"GET /api HTTP/1.1\r\nHost: here\r\n\r\n", 405},
      {"OPTIONS /api HTTP/1.1\r\nHost: here\r\n\r\n", 405},
      {"PUT /api HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\n1234", 405},
      {"POST /api HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n", 411},
      {"POST /api HTTP/1.1\r\nHost: here\r\n\r\n", 411},
      {"POST /api\r\n\r\n", 400},
      {"POST /api HTTP/1.1\nHost: here\n\n", 400},
      {post(""), 400},
      {post("1234567"), 400},
      {post(Bytes(20, 'x')), 400},
      {post(Bytes(68, 'x')), 400},
      {post(Bytes(74, 'x')), 400},
      {post(body, "/api", "X: " + Bytes(20'000, 'x') + "\r\n"), 431},
      {post(body, "/api", "Expect: miracles\r\n"), 417},
      {post(Bytes(72, 'x')), 404},
      {post(Bytes(32, '\0')), 404},
      {"POST /api HTTP/1.1\r\nHost: here\r\nContent-Length: 99999999996\r\n\r\n12345678", 413},
  };
}

struct Wait {
  int max_delay, wait_after;
  std::vector<int> pushes;
  int answered_at;
  std::size_t updates;
};
std::vector<Wait> waits() {
  return {
      {0, 5000, {1000}, 1000, 1},
      {5000, 0, {1000}, 1000, 1},
      {9000, 500, {1000}, 1500, 1},
      {9000, 500, {1000, 1400, 1800}, 2300, 3},
      {1000, 500, {1000, 1400, 1800}, 2000, 3},
      {1000, 500, {1000, 1700}, 1500, 1},
  };
}

}  // namespace

IN_WORLD(Http, A01_RequestsOfEveryShapeGetTheirStatus) {
  const Bytes body = req_pq(w);
  for (const auto& [request, status, goes_on] : shapes(body)) {
    SCOPED_TRACE(request.substr(0, 80));
    Raw raw(w);
    raw.send(request);
    Answer answer = co_await raw.answer();
    EXPECT_EQ(answer.status, status);
    if (status == 200) {
      EXPECT_EQ(answer.body.size(), 84u);
      EXPECT_NE(answer.head.find("application/octet-stream"), Bytes::npos);
    } else {
      EXPECT_LE(answer.body.size(), 40u);
    }
    EXPECT_EQ(answer.head.find("Connection: close") == Bytes::npos, goes_on);
    if (goes_on) {
      raw.send(request);
      answer = co_await raw.answer();
      EXPECT_EQ(answer.status, 200);
      raw.close();
    } else {
      const bool ended = co_await raw.ended();
      EXPECT_TRUE(ended);
    }
  }
}

IN_WORLD(Http, A01_RequestsAreReadWhereverTheyAreCut) {
  const Bytes request = post(req_pq(w));
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    Raw raw(w);
    raw.send(View(request).substr(0, cut));
    co_await w.clock.sleep(milliseconds(1));
    raw.send(View(request).substr(cut));
    const Answer answer = co_await raw.answer();
    EXPECT_EQ(answer.status, 200) << cut;
    raw.close();
  }
}

IN_WORLD(Http, A08_TransportErrorsAreStatusesAndClose) {
  auto s = co_await speaker(w);
  Bytes unknown = s.packet(ping(1)), wrong = unknown;
  unknown[0] = static_cast<char>(unknown[0] ^ 1);
  wrong[30] = static_cast<char>(wrong[30] ^ 1);
  for (const Bytes& packet : {unknown, wrong}) {
    Raw raw(w);
    raw.send(post(packet));
    const Answer answer = co_await raw.answer();
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(to_hex(answer.body), "6cfeffff");
    const bool ended = co_await raw.ended();
    EXPECT_TRUE(ended);
  }
  Bytes container;
  mtproto::append_container_header(container, 2000);
  Raw raw(w);
  raw.send(s.request(container, false));
  const Answer answer = co_await raw.answer();
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(to_hex(answer.body), "53feffff");
  const bool ended = co_await raw.ended();
  EXPECT_TRUE(ended);
  co_await s.client->stop();
}

TEST(Http, A10_TooManyConnectionsOfAnAddressAreToldByStatus) {
  struct Test {
    static Task<> run(World& w) {
      std::vector<std::unique_ptr<Wire>> open;
      for (int i = 0; i < 100; ++i) open.push_back(w.wire());
      Raw raw(w);
      raw.send(post(req_pq(w)));
      const Answer answer = co_await raw.answer();
      EXPECT_EQ(answer.status, 429);
    }
  };
  World world;
  world.clock.run(Test::run(world));
}

IN_WORLD(Http, A05_ABodyIsJudgedBeforeItArrives) {
  auto s = co_await speaker(w);
  // Of a stranger: refused when its first eight bytes are there.
  for (const bool plain : {false, true}) {
    Raw raw(w);
    raw.send("POST /api HTTP/1.1\r\nHost: here\r\nContent-Length: 1028\r\n\r\n" + Bytes(8, plain ? '\0' : 'x'));
    const Answer answer = co_await raw.answer();
    EXPECT_EQ(answer.status, 413);
  }
  // Of a known key: welcome up to the larger limit.
  const Bytes large = s.packet(queries::make(queries::kEcho, Bytes(1'000'000, 'x')));
  Raw raw(w, 4 << 20);
  raw.send(post(large, "/api", "Expect: 100-continue\r\n").substr(0, 120));
  Answer answer = co_await raw.answer();
  EXPECT_EQ(answer.status, 100);
  raw.send(post(large, "/api", "Expect: 100-continue\r\n").substr(120));
  answer = co_await raw.answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_GT(answer.body.size(), 1'000'000u);
  Bytes start;
  append_le(start, s.client->key.id);
  raw.send("POST /api HTTP/1.1\r\nHost: here\r\nContent-Length: 2097156\r\n\r\n" + start);
  answer = co_await raw.answer();
  EXPECT_EQ(answer.status, 413);
  co_await s.client->stop();
}

IN_WORLD(Http, A11_SlowHeadsAndBodiesAreClosedOnTime) {
  auto s = co_await speaker(w);
  struct Drip {
    static Task<int> seconds_open(World& w, Bytes first, Bytes drip) {
      Raw raw(w);
      const Ticks start = w.clock.ticks();
      raw.send(first);
      TaskGroup group(w.executor);
      group.spawn(run(w.clock, raw, drip));
      for (;;) {
        const Answer answer = co_await raw.answer();
        if (answer.status == 0) break;
      }
      const int open = ms_since(w, start) / 1000;
      raw.close();
      co_await group.join();
      co_return open;
    }
    static Task<> run(Clock& clock, Raw& raw, Bytes bytes) {
      for (const char byte : bytes) {
        co_await clock.sleep(seconds(5));
        if (raw.send({&byte, 1}) == 0) co_return;
      }
    }
  };
  const Bytes head = "POST /api HTTP/1.1\r\nHost: here\r\nContent-Length: 40\r\n\r\n";
  int open = co_await Drip::seconds_open(w, "POST", Bytes(100, 'x'));
  EXPECT_NEAR(open, 10, 1) << "a slow head";
  open = co_await Drip::seconds_open(w, head, Bytes(100, 'x'));
  EXPECT_NEAR(open, 10, 1) << "a slow body";
  const Bytes good = post(req_pq(w));
  open = co_await Drip::seconds_open(w, good, "");
  EXPECT_NEAR(open, 60, 1) << "no key";
  open = co_await Drip::seconds_open(w, good + "POST", Bytes(100, 'x'));
  EXPECT_NEAR(open, 30, 1) << "a slow second head";
  open = co_await Drip::seconds_open(w, good + head, Bytes(100, 'x'));
  EXPECT_NEAR(open, 30, 1) << "a slow second body";
  open = co_await Drip::seconds_open(w, s.request(ping(1)), "");
  EXPECT_NEAR(open, 300, 2) << "idle";
  const Bytes quick = s.together({ping(1), http_wait(0, 0, 0)});
  open = co_await Drip::seconds_open(w, quick + "POST", Bytes(100, 'x'));
  EXPECT_NEAR(open, 30, 1) << "a slow head behind an answer";
  co_await s.client->stop();
}

IN_WORLD(Http, A11_WhileAnAnswerIsWaitedForNoOtherLimitHolds) {
  auto s = co_await speaker(w);
  Raw raw(w);
  mt::ping_delay_disconnect ping;
  ping.disconnect_delay = 5;
  Ticks start = w.clock.ticks();
  raw.send(s.together({tl::encode_mtproto(ping), http_wait(20'000, 20'000, 25'000)}));
  Answer answer = co_await raw.answer();
  EXPECT_EQ(s.ids(answer), Ids{mt::Pong::kId});
  EXPECT_EQ(ms_since(w, start), 20'000);

  // Half a request behind one that waits is nobody's fault.
  Raw second(w);
  second.send(s.request(queries::make(queries::kEcho)));
  answer = co_await second.answer();
  start = w.clock.ticks();
  const auto messages = s.read(answer).value_or(std::vector<Message>());
  second.send(s.together({ack(messages), http_wait(25'000, 25'000, 25'000)}));
  const Bytes next = s.request(client::ping(9));
  second.send(View(next).substr(0, 30));
  co_await push_after(w, 20'000, kUpdate);
  answer = co_await second.answer();
  EXPECT_EQ(s.ids(answer), Ids{kUpdate});
  EXPECT_EQ(ms_since(w, start), 45'000);
  second.send(View(next).substr(30));
  answer = co_await second.answer();
  EXPECT_EQ(answer.status, 200);
  co_await s.client->stop();
}

IN_WORLD(Http, KeysQueriesAndPushesOfAWholeClient) {
  w.transport = kHttp;
  const auto client = co_await w.client();
  std::vector<std::uint32_t> pushed;
  client->on_push = [&](const Message& message) { pushed.push_back(constructor_of(message.body)); };
  const Bytes body = queries::make(queries::kEcho, "over HTTP");
  Bytes answer = co_await client->call(body);
  EXPECT_EQ(answer, body);
  // Later than its own request waits for it: through the other connection.
  const Ticks start = w.clock.ticks();
  const Bytes slow = queries::make(queries::kSlow, "slow");
  answer = co_await client->call(slow);
  EXPECT_EQ(answer, slow);
  EXPECT_EQ(ms_since(w, start), 1000);
  answer = co_await client->call(queries::make(queries::kFail));
  EXPECT_EQ(error_in(answer), "400 NO");
  pushed.clear();
  w.handler->contexts.back().session->push(queries::make(kUpdate));
  co_await w.clock.sleep(milliseconds(1));
  EXPECT_EQ(pushed, Ids{kUpdate});
  // Hours of polling, and it still works.
  co_await w.clock.sleep(seconds(7200));
  EXPECT_TRUE(client->connected() || client->poll_wire());
  w.handler->contexts.back().session->push(queries::make(kUpdate + 1));
  co_await w.clock.sleep(milliseconds(1));
  EXPECT_EQ(pushed.back(), kUpdate + 1);
  co_await client->stop();
}

IN_WORLD(Http, ALongPollIsAnsweredWhenSomethingComesOrByAnEmptyContainer) {
  auto s = co_await speaker(w);
  Raw raw(w);
  TaskGroup group(w.executor);
  raw.send(s.request(queries::make(queries::kEcho)));
  Answer answer = co_await raw.answer();
  EXPECT_EQ(s.ids(answer), Ids{mtproto::kRpcResultId});
  raw.send(s.together({ack(s.read(answer).value_or(std::vector<Message>()))}));

  Ticks start = w.clock.ticks();
  answer = co_await raw.answer();
  EXPECT_EQ(ms_since(w, start), 25'000) << "what holds without http_wait";
  EXPECT_EQ(answer.status, 200);
  Bytes sealed = answer.body;
  const auto opened = crypto::open(sealed, &s.client->key.bytes, crypto::Sender::kServer);
  EXPECT_EQ(opened->envelope.msg_id & 3, 3);
  EXPECT_EQ(opened->envelope.seqno, 4) << "two messages with content came before";
  EXPECT_EQ(s.ids(answer), Ids()) << "an empty container";

  start = w.clock.ticks();
  raw.send(s.request(http_wait(0, 0, 7000), false));
  answer = co_await raw.answer();
  EXPECT_EQ(ms_since(w, start), 7000);
  EXPECT_EQ(s.ids(answer), Ids());

  start = w.clock.ticks();
  raw.send(s.request(http_wait(0, 0, 25'000), false));
  group.spawn(push_after(w, 3000, kUpdate));
  answer = co_await raw.answer();
  EXPECT_EQ(ms_since(w, start), 3000);
  EXPECT_EQ(s.ids(answer), Ids{kUpdate});
  const auto update = s.read(answer).value_or(std::vector<Message>());

  // The next request, whenever it comes, brings what was pushed meanwhile: several as one container.
  for (int i = 1; i <= 3; ++i)
    w.handler->contexts.back().session->push(queries::make(kUpdate + static_cast<unsigned>(i)));
  co_await w.clock.sleep(seconds(1));
  start = w.clock.ticks();
  raw.send(s.together({ack(update), http_wait(0, 0, 25'000)}));
  answer = co_await raw.answer();
  EXPECT_EQ(ms_since(w, start), 0);
  EXPECT_EQ(s.ids(answer), (Ids{kUpdate + 1, kUpdate + 2, kUpdate + 3}));
  co_await group.join();
  co_await s.client->stop();
}

IN_WORLD(Http, C15_HttpWaitSaysHowLongWhatIsReadyWaitsForMore) {
  auto s = co_await speaker(w);
  Raw raw(w);
  TaskGroup group(w.executor);
  raw.send(s.request(queries::make(queries::kEcho)));
  Answer answer = co_await raw.answer();
  raw.send(s.together({ack(s.read(answer).value_or(std::vector<Message>())), http_wait(0, 0, 0)}));
  answer = co_await raw.answer();
  EXPECT_EQ(s.ids(answer), Ids());

  // Each update restarts wait_after; max_delay counts from the first.
  for (const auto& [max_delay, wait_after, pushes, answered_at, updates] : waits()) {
    SCOPED_TRACE(std::to_string(max_delay) + " " + std::to_string(wait_after));
    const Ticks start = w.clock.ticks();
    for (const int ms : pushes) group.spawn(push_after(w, ms, kUpdate));
    raw.send(s.request(http_wait(max_delay, wait_after, 25'000), false));
    answer = co_await raw.answer();
    EXPECT_EQ(ms_since(w, start), answered_at);
    auto messages = s.read(answer).value_or(std::vector<Message>());
    EXPECT_EQ(messages.size(), updates);
    co_await group.join();
    // Whatever is left over.
    while (!messages.empty()) {
      raw.send(s.together({ack(messages), http_wait(0, 0, 0)}));
      answer = co_await raw.answer();
      messages = s.read(answer).value_or(std::vector<Message>());
    }
  }
  co_await s.client->stop();
}

IN_WORLD(Http, AnswersThatAreReadyTogetherAreOneContainer) {
  auto s = co_await speaker(w);
  Raw raw(w);
  raw.send(s.together({queries::make(queries::kEcho, "one"), queries::make(queries::kEcho, "two"), ping(7)}));
  Answer answer = co_await raw.answer();
  auto ids = s.ids(answer);
  std::ranges::sort(ids);
  EXPECT_EQ(ids, (Ids{mt::Pong::kId, mtproto::kRpcResultId, mtproto::kRpcResultId}));
  // What is ready later waits for the next request.
  raw.send(s.together({queries::make(queries::kEcho), queries::make(queries::kSlow)}));
  answer = co_await raw.answer();
  EXPECT_EQ(s.ids(answer).size(), 1u);
  co_await w.clock.sleep(seconds(2));
  raw.send(s.request(http_wait(0, 0, 0), false));
  answer = co_await raw.answer();
  EXPECT_EQ(s.ids(answer), Ids{mtproto::kRpcResultId});
  co_await s.client->stop();
}

IN_WORLD(Http, WhatWentOutOnALostConnectionComesAgainOnTheNext) {
  auto s = co_await speaker(w);
  Bytes lost;
  {
    Raw raw(w);
    raw.send(s.request(queries::make(queries::kEcho, "lost")));
    const Answer answer = co_await raw.answer();
    lost = s.read(answer).value_or(std::vector<Message>(1)).front().body;
    raw.close();  // The client never saw it.
  }
  co_await w.clock.sleep(milliseconds(10));
  Raw raw(w);
  raw.send(s.request(http_wait(0, 0, 0), false));
  Answer answer = co_await raw.answer();
  EXPECT_EQ(s.read(answer).value_or(std::vector<Message>(1)).front().body, lost);
  raw.send(s.together({ack(s.read(answer).value_or(std::vector<Message>())), http_wait(0, 0, 0)}));
  answer = co_await raw.answer();
  EXPECT_EQ(s.ids(answer), Ids());

  // A request whose connection went away before its answer: the answer is for the next.
  Raw second(w);
  second.send(s.request(queries::make(queries::kSlow, "late")));
  co_await w.clock.sleep(milliseconds(10));
  second.close();
  raw.send(s.request(http_wait(0, 0, 25'000), false));
  answer = co_await raw.answer();
  EXPECT_EQ(s.ids(answer), Ids{mtproto::kRpcResultId});
  co_await s.client->stop();
}

IN_WORLD(Http, SeveralConnectionsServeOneSession) {
  auto s = co_await speaker(w);
  Raw poll(w), first(w), second(w);
  poll.send(s.request(http_wait(0, 0, 25'000), false));
  co_await w.clock.sleep(milliseconds(1));
  // A query is answered on the connection that it came on, while that waits.
  first.send(s.request(queries::make(queries::kEcho)));
  Answer answer = co_await first.answer();
  EXPECT_EQ(s.ids(answer), Ids{mtproto::kRpcResultId});
  // Once it does not, on another.
  second.send(s.together({queries::make(queries::kSlow), http_wait(0, 0, 100)}));
  answer = co_await second.answer();
  EXPECT_EQ(s.ids(answer), Ids());
  answer = co_await poll.answer();
  EXPECT_EQ(s.ids(answer), Ids{mtproto::kRpcResultId});
  // An update goes out once.
  first.send(s.request(http_wait(0, 0, 3000), false));
  second.send(s.request(http_wait(0, 0, 3000), false));
  co_await w.clock.sleep(milliseconds(1));
  w.handler->contexts.back().session->push(queries::make(kUpdate));
  answer = co_await first.answer();
  const Answer other = co_await second.answer();
  EXPECT_EQ(std::ranges::count(s.ids(answer), kUpdate) + std::ranges::count(s.ids(other), kUpdate), 1);
  co_await s.client->stop();
}

IN_WORLD(Http, AConnectionServesOneSessionAtATime) {
  auto a = co_await speaker(w);
  auto b = co_await speaker(w);
  Raw raw(w);
  raw.send(a.request(queries::make(queries::kEcho)));
  Answer answer = co_await raw.answer();
  EXPECT_EQ(a.ids(answer), Ids{mtproto::kRpcResultId});
  raw.send(b.request(queries::make(queries::kEcho)));
  answer = co_await raw.answer();
  EXPECT_EQ(b.ids(answer), Ids{mtproto::kRpcResultId});
  // Of the former nothing comes any more, whatever happens to it.
  w.handler->contexts.front().session->push(queries::make(kUpdate));
  raw.send(b.together({ack(b.read(answer).value_or(std::vector<Message>())), http_wait(0, 0, 2000)}));
  answer = co_await raw.answer();
  EXPECT_EQ(b.ids(answer), Ids());
  // What it was sent there may be lost: it comes again on another, with what was pushed since.
  Raw other(w);
  other.send(a.request(http_wait(0, 0, 0), false));
  answer = co_await other.answer();
  EXPECT_EQ(a.ids(answer), (Ids{mtproto::kRpcResultId, kUpdate}));
  co_await a.client->stop();
  co_await b.client->stop();
}

IN_WORLD(Http, NoticesWithoutASessionAreTheAnswer) {
  auto s = co_await speaker(w);
  Raw raw(w);
  const std::int64_t salt = std::exchange(s.client->key.salt, 12345);
  raw.send(s.request(queries::make(queries::kEcho)));
  Answer answer = co_await raw.answer();
  EXPECT_EQ(s.ids(answer), Ids{mt::Bad_server_salt::kId});
  s.client->key.salt = salt;
  s.client->session_id ^= 1;  // Not opened by a message of another time.
  raw.send(post(s.client->seal({std::int64_t{1000} << 32 | 4, 1, queries::make(queries::kEcho)})));
  answer = co_await raw.answer();
  EXPECT_EQ(s.ids(answer), Ids{mt::Bad_msg_notification::kId});
  co_await s.client->stop();
}

// What a request waited for must not outlive its answer: the next one may be a plain packet that takes its time.
IN_WORLD(Http, AKeyExchangeMayFollowARequestOfASession) {
  auto s = co_await speaker(w);
  Raw raw(w);
  raw.send(s.request(http_wait(0, 0, 0)));
  Answer answer = co_await raw.answer();
  EXPECT_EQ(answer.status, 200);
  KeyExchange exchange(server_key().public_key(), w.clock, w.random, {});
  raw.send(post(exchange.req_pq()));
  answer = co_await raw.answer();
  const auto second = exchange.req_dh_params(answer.body);
  EXPECT_TRUE(second);
  raw.send(post(second.value_or(Bytes())));
  answer = co_await raw.answer();
  const auto third = exchange.set_client_dh_params(answer.body);
  EXPECT_TRUE(third);
  store::ModelFaults slow;
  slow.delay_max = milliseconds(20);
  w.kv->set_faults(slow);
  raw.send(post(third.value_or(Bytes())));
  answer = co_await raw.answer();
  EXPECT_TRUE(exchange.finish(answer.body));
  co_await s.client->stop();
}

IN_WORLD(Http, TenThousandRequestsInARowWaitTheirTurn) {
  auto s = co_await speaker(w);
  // Behind one that waits, no more is read than one read brings.
  constexpr std::size_t kCapacity = 64 << 10;
  Raw raw(w, kCapacity);
  raw.send(s.request(http_wait(0, 0, 5000), false));
  constexpr int kRequests = 10'000;
  Bytes wire;
  for (int i = 0; i < kRequests; ++i) wire += s.request(ping(i));
  std::size_t sent = 0;
  for (int i = 0; i < 100; ++i) {
    sent += raw.send(View(wire).substr(sent));
    co_await w.clock.sleep(milliseconds(10));
  }
  EXPECT_LE(sent, 2 * kCapacity);

  Answer answer = co_await raw.answer();
  EXPECT_EQ(s.ids(answer), Ids());
  int in_order = 0;
  for (int i = 0; i < kRequests; ++i) {
    sent += raw.send(View(wire).substr(sent));
    answer = co_await raw.answer();
    const auto messages = s.read(answer);
    if (!messages || messages->empty()) break;
    const auto object = tl::decode_mtproto(messages->front().body);
    const auto* pong = object ? tl::as<mt::Pong>(*object) : nullptr;
    in_order += pong && pong->ping_id == i;
  }
  EXPECT_EQ(in_order, kRequests);
  co_await s.client->stop();
}

IN_WORLD(Http, AClientThatNeverReadsItsAnswersIsNotServedForEver) {
  auto s = co_await speaker(w);
  Raw raw(w, 8 << 10);
  Bytes wire;
  for (int i = 0; i < 200; ++i) wire += s.request(queries::make(queries::kEcho, Bytes(20'000, 'x')));
  std::size_t sent = 0;
  for (int i = 0; i < 2000; ++i) {
    sent += raw.send(View(wire).substr(sent));
    co_await w.clock.sleep(milliseconds(1));
  }
  EXPECT_LT(sent, std::size_t{3} << 20);
  // And not kept for ever.
  co_await w.clock.sleep(seconds(62));
  EXPECT_EQ(raw.send("x"), 0u);
  co_await s.client->stop();
}

}  // namespace helio::client
