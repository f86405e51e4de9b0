// mtproto_client/world.h: a whole MTProto server and its clients in one thread and virtual time, for tests.
//
// Everything is seeded and nothing sleeps for real. The handler above answers what tests need (Queries).
#pragma once
#include <set>

#include "base/virtual_clock.h"
#include "mtproto/server.h"
#include "mtproto/session/container.h"
#include "mtproto_client/client.h"
#include "net/pipe.h"
#include "store/memory/model_kv.h"

namespace helio::client {

// Bodies that the test handler understands.
namespace queries {
inline constexpr std::uint32_t kEcho = 0x10000001;   // Answers what it was sent.
inline constexpr std::uint32_t kFail = 0x10000002;   // Answers rpc_error 400 NO.
inline constexpr std::uint32_t kSlow = 0x10000003;   // Echoes after a second.
inline constexpr std::uint32_t kNever = 0x10000004;  // Until it is released.
inline constexpr std::uint32_t kAfter =
    0x10000005;  // Waits for the query whose msg_id follows, then tells its outcome.

inline Bytes make(std::uint32_t id, View rest = {}) {
  Bytes body;
  append_le(body, id);
  body += rest;
  body.append((4 - body.size() % 4) % 4, '\0');
  return body;
}
inline Bytes after(std::int64_t msg_id) {
  Bytes rest;
  append_le(rest, msg_id);
  return make(kAfter, rest);
}
}  // namespace queries

class TestHandler final : public mtproto::Handler {
 public:
  explicit TestHandler(Clock& clock, Executor executor) : clock_(clock), released_(executor) {}

  Task<Bytes> call(mtproto::CallContext context, Bytes body) override {
    contexts.push_back(context);
    runs[context.msg_id]++;
    order.push_back(context.msg_id);
    switch (mtproto::constructor_of(body)) {
      case queries::kFail: {
        Bytes answer;
        append_le(answer, mtproto::kRpcErrorId);
        append_le(answer, std::int32_t{400});
        answer += Bytes("\x02NO\x00", 4);
        co_return answer;
      }
      case queries::kSlow: co_await clock_.sleep(seconds(1)); break;
      case queries::kNever:
        while (!release) co_await released_.wait();
        break;
      case queries::kAfter: {
        const auto msg_id = load_le<std::int64_t>(body.data() + 4);
        const auto outcome = co_await context.session->outcome_of(msg_id, clock_.ticks() + milliseconds(500));
        co_return outcome == mtproto::Outcome::kDone ? "done" : outcome == mtproto::Outcome::kFailed ? "fail" : "wait";
      }
      default: break;
    }
    co_return body;
  }
  void has_room(mtproto::SessionPort& session) override {
    ++rooms;
    if (on_room) on_room(session);
  }
  void session_closed(mtproto::SessionPort& session) override { closed.insert(session.session_id()); }
  void key_destroyed(std::int64_t permanent_key_id) override { destroyed.insert(permanent_key_id); }

  void release_all() {
    release = true;
    released_.notify_all();
  }

  std::vector<mtproto::CallContext> contexts;
  std::map<std::int64_t, int> runs;
  std::vector<std::int64_t> order;
  std::set<std::int64_t> closed, destroyed;
  std::function<void(mtproto::SessionPort&)> on_room;
  int rooms = 0;
  bool release = false;

 private:
  Clock& clock_;
  Signal released_;
};

// One key for all tests: making one is slow.
inline const crypto::RsaKey& server_key() {
  static const crypto::RsaKey key = crypto::RsaKey::generate();
  return key;
}

inline mtproto::ServerSettings settings_without_threads() {
  mtproto::ServerSettings settings;
  settings.workers = 0;
  return settings;
}

struct World {
  explicit World(mtproto::ServerSettings settings = settings_without_threads()) : settings(settings) { start(); }
  ~World() { stop(); }

  Cores cores{1};
  VirtualClock clock{cores.context(0)};
  Executor executor = cores.executor(0);
  store::ModelDisk disk;
  SeededRandom random{1};
  mtproto::ServerSettings settings;
  std::unique_ptr<store::ModelKv> kv;
  std::unique_ptr<TestHandler> handler;
  std::unique_ptr<mtproto::Server> server;
  std::uint64_t starts = 0;
  Transport transport{};  // Of clients that ask for none.

  void start() {
    kv = std::make_unique<store::ModelKv>(disk, clock, ++starts);
    handler = std::make_unique<TestHandler>(clock, executor);
    std::vector<crypto::RsaKey> keys{server_key()};
    auto make_random = [seed = starts * 1000]() mutable { return std::make_unique<SeededRandom>(++seed); };
    server = std::make_unique<mtproto::Server>(cores, clock, *kv, *handler, std::move(keys), settings, make_random);
  }
  void stop() {
    if (!server) return;
    handler->release_all();
    clock.run(server->stop());
    server.reset();
  }
  // As after kill -9: what is stored stays, everything else is gone.
  void restart() {
    stop();
    start();
  }

  std::unique_ptr<Wire> wire() { return wire(transport); }
  std::unique_ptr<Wire> wire(Transport transport) {
    auto pipe = net::make_pipe(executor);
    server->accept(std::move(pipe.a));
    return std::make_unique<Wire>(std::move(pipe.b), transport, random);
  }
  // Connects `client` (again).
  void connect(Client& client, Transport transport) {
    client.use(wire(transport), transport.http ? wire(transport) : nullptr);
  }
  Task<std::unique_ptr<Client>> client() { return client_with(transport, ExchangeOptions()); }
  Task<std::unique_ptr<Client>> client(Transport transport) { return client_with(transport, ExchangeOptions()); }
  Task<std::unique_ptr<Client>> client(ExchangeOptions options) { return client_with(transport, options); }
  Task<std::unique_ptr<Client>> client_with(Transport transport, ExchangeOptions options) {
    auto connection = wire(transport);
    const auto key = co_await exchange_keys(*connection, server_key().public_key(), clock, random, options);
    ASSERT(key);
    auto made = std::make_unique<Client>(executor, clock, random, *key);
    made->use(std::move(connection), transport.http ? wire(transport) : nullptr);
    co_return made;
  }
  // Another client with the same key: another session, or, if asked for, the same one.
  std::unique_ptr<Client> sibling(const Client& other, bool same_session = false) {
    auto made = std::make_unique<Client>(executor, clock, random, other.key);
    if (same_session) made->session_id = other.session_id;
    connect(*made, transport);
    return made;
  }
  Ticks in(milliseconds duration) { return clock.ticks() + duration; }
};

}  // namespace helio::client
