// Any decrypted messages for one session, from two connections that are parked, lost and flushed in between:
// containers, packed ones, service messages, queries. What the session holds stays within its bounds. Input: messages
// of a head (flags, age in seconds, step of msg_id, seqno, length) and that many words of body.
#include "base/assert.h"
#include "base/virtual_clock.h"
#include "mtproto/session/session.h"

namespace helio {
namespace {

using namespace mtproto;

class Echo final : public Handler {
 public:
  Task<Bytes> call(CallContext context, Bytes body) override {
    ASSERT(++runs[context.msg_id] == 1);
    co_return body;
  }
  void has_room(SessionPort& session) override { session.push("room"); }
  void session_closed(SessionPort&) override {}
  void key_destroyed(std::int64_t) override {}
  std::map<std::int64_t, int> runs;
};

class Home final : public SessionHome {
 public:
  explicit Home(asio::io_context& context) : clock_(context), tasks_(context.get_executor()) {}
  Clock& clock() override { return clock_; }
  Random& random() override { return random_; }
  Handler& handler() override { return handler_; }
  TaskGroup& tasks() override { return tasks_; }
  bool destroy_session(const Key&, std::int64_t) override { return true; }
  Task<bool> destroy_key(std::shared_ptr<Key>) override { co_return true; }
  void queued(std::ptrdiff_t change) override {
    held += change;
    // Sent or not, of queries that wait, without a promise; and what one batch adds at most.
    ASSERT(held >= 0 && held <= (8 << 20) + (8 << 20) + (1 << 20) + (4 << 20));
  }

  VirtualClock clock_;
  SeededRandom random_{1};
  Echo handler_;
  TaskGroup tasks_;
  std::ptrdiff_t held = 0;
};

class FakeLink final : public Link {
 public:
  void want_flush() override { wanted = true; }
  void disconnect_after(seconds delay) override { ASSERT(delay > seconds(0) && delay <= seconds(600)); }
  void http_wait(const HttpWait& wait) override {
    for (const milliseconds each : {wait.max_delay, wait.wait_after, wait.max_wait}) {
      ASSERT(each >= milliseconds(0) && each <= seconds(25));
    }
  }
  void resume() override {}
  net::Endpoint local() const override { return {}; }
  net::Endpoint remote() const override { return {}; }
  bool wanted = false;
};

// In `link` there is room for one packet if it is like HTTP.
void flush(Session& session, FakeLink& link, bool http) {
  if (!std::exchange(link.wanted, false)) return;
  std::vector<Packet> packets;
  const Room room = http ? Room{1 << 16, 1} : Room{1 << 20, 1 << 20};
  link.wanted = session.collect(link, room, packets);
  ASSERT(packets.size() <= room.packets);
  std::size_t bytes = 0, content = 0;
  for (const Packet& packet : packets) {
    ASSERT(packet.body().size() % 4 == 0);
    if (constructor_of(packet.body()) == kMsgContainerId) {
      const auto container = parse_container(packet.body());
      ASSERT(container);
      for (const InnerMessage& inner : container->messages) {
        ASSERT(inner.msg_id < packet.msg_id);
        ASSERT(inner.seqno <= packet.seqno);
        bytes += inner.body.size();
        ++content;
      }
    } else {
      bytes += packet.body().size();
      ++content;
    }
  }
  ASSERT(content <= 1 || bytes <= room.bytes);
  if (http && !packets.empty()) session.park(link);
}

void play(View input) {
  asio::io_context context;
  Home home(context);
  const SaltSecret secret{};
  const auto key = std::make_shared<Key>(1, crypto::AuthKey{}, secret);
  const auto session = std::make_shared<Session>(home, key, 1, 0);
  FakeLink links[2];
  const std::int64_t base = msg_id_at(home.clock_.now());
  constexpr std::size_t kHead = 8;
  while (input.size() >= kHead) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(input[i]); };
    const unsigned char flags = byte(0);
    FakeLink& link = links[flags & 1];
    crypto::Envelope message;
    message.session_id = 1;
    message.msg_id = base - (static_cast<std::int64_t>(byte(1)) << 32) + load_le<std::uint16_t>(input.data() + 2);
    message.seqno = load_le<std::uint16_t>(input.data() + 4);
    const std::size_t size =
        std::min<std::size_t>(load_le<std::uint16_t>(input.data() + 6) * 4u, (input.size() - kHead) / 4 * 4);
    const Bytes body(input.substr(kHead, size));
    message.body = body;
    input.remove_prefix(kHead + size);
    if (session->receive(link, message) == Session::Verdict::kFlood) break;
    if (flags & 2) session->start_calls();
    if (flags & 4) home.clock_.run_for(milliseconds(0));
    if (flags & 8) session->detach(link);
    if (flags & 16) session->push("push");
    if (flags & 32) session->trim(home.clock_.now());
    if (flags & 64) session->park(link);
    if (flags & 128) session->park(links[(flags & 1) ^ 1]);
    // What is not flushed piles up.
    if ((flags & 192) != 192) {
      for (FakeLink& each : links) flush(*session, each, &each == &links[1]);
    }
    ASSERT(session->queued_bytes() == static_cast<std::size_t>(home.held));
  }
  session->start_calls();
  home.clock_.run_for(milliseconds(0));
  for (FakeLink& each : links) {
    flush(*session, each, false);
    session->detach(each);
  }
  session->close();
  ASSERT(home.held == 0);
  home.tasks_.cancel();
  home.clock_.run(home.tasks_.join());
}

}  // namespace
}  // namespace helio

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  helio::play({reinterpret_cast<const char*>(data), size});
  return 0;
}
