// Any decrypted messages for one session, from two connections: containers, packed ones, service messages, queries.
// Input: messages of a head (flags, age in seconds, step of msg_id, seqno, length) and that many words of body.
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

  VirtualClock clock_;
  SeededRandom random_{1};
  Echo handler_;
  TaskGroup tasks_;
};

class FakeLink final : public Link {
 public:
  void want_flush() override { wanted = true; }
  void disconnect_after(seconds delay) override { ASSERT(delay > seconds(0) && delay <= seconds(600)); }
  void resume() override {}
  net::Endpoint local() const override { return {}; }
  net::Endpoint remote() const override { return {}; }
  bool wanted = false;
};

void flush(Session& session, FakeLink& link) {
  if (!std::exchange(link.wanted, false)) return;
  std::vector<Packet> packets;
  session.collect(link, 1 << 20, packets);
  for (const Packet& packet : packets) ASSERT(packet.body().size() % 4 == 0);
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
    if (flags & 32) session->trim();
    for (FakeLink& each : links) flush(*session, each);
  }
  session->start_calls();
  home.clock_.run_for(milliseconds(0));
  for (FakeLink& each : links) {
    flush(*session, each);
    session->detach(each);
  }
  session->close();
  home.tasks_.cancel();
  home.clock_.run(home.tasks_.join());
}

}  // namespace
}  // namespace helio

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  helio::play({reinterpret_cast<const char*>(data), size});
  return 0;
}
