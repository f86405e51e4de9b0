// Rule C09 of docs/security.md, on what unmodified clients really sent.
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "base/virtual_clock.h"
#include "mtproto/session/service.h"
#include "mtproto/session/session.h"
#include "tl/mtproto.h"
#include "tl/types/mtproto/BadMsgNotification.h"

namespace helio::mtproto {

namespace {

struct Recorded {
  std::string client;
  std::string_view messages;
};

// Made by fuzz/record: sessions of interop runs, as far as the server had the right salt for them. A line is a message:
// when it arrived (milliseconds since 1970), by which connection, msg_id, seqno, body in hex. Of queries, also of
// packed ones, the body is their constructor; a session looks no further.
const Recorded kRecorded[] = {
#include "mtproto/session/recorded_clients.inc"
};

class Answering final : public Handler {
 public:
  Task<Bytes> call(CallContext, Bytes body) override { co_return body; }
  void has_room(SessionPort&) override {}
  void session_closed(SessionPort&) override {}
  void key_destroyed(std::int64_t) override {}
};

class Home final : public SessionHome {
 public:
  Home(asio::io_context& context, Wall start) : clock_(context, start), tasks_(context.get_executor()) {}
  ~Home() override {
    tasks_.cancel();
    clock_.run(tasks_.join());
  }
  VirtualClock& clock() override { return clock_; }
  Random& random() override { return random_; }
  Handler& handler() override { return handler_; }
  TaskGroup& tasks() override { return tasks_; }
  bool destroy_session(const Key&, std::int64_t) override { return true; }
  Task<bool> destroy_key(std::shared_ptr<Key>) override { co_return true; }

 private:
  VirtualClock clock_;
  SeededRandom random_{1};
  Answering handler_;
  TaskGroup tasks_;
};

class Connection final : public Link {
 public:
  void want_flush() override {}
  void disconnect_after(seconds) override {}
  void http_wait(const HttpWait&) override {}
  void resume() override {}
  net::Endpoint local() const override { return {}; }
  net::Endpoint remote() const override { return {}; }
};

struct Sent {
  milliseconds time{};
  int connection = 0;
  std::int64_t msg_id = 0;
  std::int32_t seqno = 0;
  Bytes body;
};

std::vector<Sent> parse(std::string_view messages) {
  std::vector<Sent> all;
  std::istringstream in{std::string(messages)};
  std::int64_t time = 0;
  Sent sent;
  std::string body;
  while (in >> time >> sent.connection >> sent.msg_id >> sent.seqno >> body) {
    sent.time = milliseconds(time);
    sent.body = from_hex(body).value();
    all.push_back(sent);
  }
  return all;
}

void each_inner(std::int64_t msg_id, std::int32_t seqno, View body,
                const std::function<void(const InnerMessage&)>& visit) {
  if (constructor_of(body) != kMsgContainerId) return visit({msg_id, seqno, body});
  const auto container = parse_container(body);
  ASSERT_TRUE(container);
  for (const InnerMessage& inner : container->messages) visit(inner);
}

// The codes of the notices that a session gives to whoever sends `messages`.
std::multiset<int> notices(const std::vector<Sent>& messages) {
  asio::io_context context;
  Home home(context, Wall(messages.front().time));
  const SaltSecret secret{};
  const auto key = std::make_shared<Key>(1, crypto::AuthKey{}, secret);
  const auto session = std::make_shared<Session>(home, key, 1, 0);
  std::map<int, Connection> connections;
  std::multiset<int> codes;
  for (const Sent& sent : messages) {
    const auto now = std::chrono::duration_cast<milliseconds>(home.clock().now().time_since_epoch());
    home.clock().run_for(std::max(sent.time - now, milliseconds(0)));
    Connection& connection = connections[sent.connection];
    crypto::Envelope envelope;
    envelope.session_id = 1;
    envelope.msg_id = sent.msg_id;
    envelope.seqno = sent.seqno;
    envelope.body = sent.body;
    EXPECT_NE(session->receive(connection, envelope), Session::Verdict::kFlood);
    session->start_calls();
    home.clock().run_for(milliseconds(0));
    for (auto& [number, each] : connections) {
      std::vector<Packet> packets;
      session->collect(each, {1 << 20, 1 << 10}, packets);
      for (const Packet& packet : packets) {
        each_inner(packet.msg_id, packet.seqno, packet.body(), [&](const InnerMessage& inner) {
          const auto object = tl::decode_mtproto(inner.body);
          const auto* bad = object ? tl::as<tl::mt::Bad_msg_notification>(*object) : nullptr;
          if (bad) codes.insert(bad->error_code);
        });
      }
    }
  }
  for (auto& [number, each] : connections) session->detach(each);
  session->close();
  return codes;
}

TEST(RecordedClients, C09_RecordedClientsGetNoNotice) {
  std::map<std::string, int> queries, packed, services;
  for (const Recorded& recorded : kRecorded) {
    SCOPED_TRACE(recorded.client);
    const std::vector<Sent> messages = parse(recorded.messages);
    ASSERT_FALSE(messages.empty());
    EXPECT_EQ(notices(messages), std::multiset<int>());
    for (const Sent& sent : messages) {
      each_inner(sent.msg_id, sent.seqno, sent.body, [&](const InnerMessage& inner) {
        const std::uint32_t id = constructor_of(inner.body);
        ++(id == kGzipPackedId ? packed : is_service(id) ? services : queries)[recorded.client];
      });
    }
  }
  // All of them are there, with what makes their sequence numbers differ.
  for (const std::string client : {"mtcute", "chromium", "gramjs", "tdlib"}) {
    EXPECT_GE(queries[client], 20) << client;
    EXPECT_GE(services[client], 10) << client;
  }
  EXPECT_GE(packed["mtcute"], 1);
  EXPECT_GE(packed["tdlib"], 1);
}

TEST(RecordedClients, C09_RecordedClientsWithWrongSeqnosGetNotices) {
  for (const Recorded& recorded : kRecorded) {
    SCOPED_TRACE(recorded.client);
    std::vector<Sent> messages = parse(recorded.messages);
    // Containers with an odd number, queries with an even one.
    for (Sent& sent : messages) sent.seqno ^= 1;
    const auto codes = notices(messages);
    EXPECT_GE(codes.count(34) + codes.count(35), 1u);
  }
}

}  // namespace

}  // namespace helio::mtproto
