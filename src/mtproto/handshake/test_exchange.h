// mtproto/handshake/test_exchange.h: what the tests of rules B share: a server to make keys with, whole (World) or only
// its handshakes (Home), and the questions of a client that breaks one thing. For tests only.
#pragma once
#include <gtest/gtest.h>

#include "crypto/exchange_data.h"
#include "mtproto/handshake/handshakes.h"
#include "mtproto_client/world.h"
#include "tl/mtproto.h"
#include "tl/types/mtproto/Client_DH_Inner_Data.h"
#include "tl/types/mtproto/Server_DH_Params.h"
#include "tl/types/mtproto/Server_DH_inner_data.h"
#include "tl/types/mtproto/Set_client_DH_params_answer.h"
#include "tl/types/mtproto/set_client_DH_params.h"

#define IN_WORLD(suite, name)               \
  static Task<> suite##_##name(World& w);   \
  TEST(suite, name) {                       \
    World world;                            \
    world.clock.run(suite##_##name(world)); \
  }                                         \
  Task<> suite##_##name(World& w)

#define IN_HOME(suite, name)              \
  static Task<> suite##_##name(Home& h);  \
  TEST(suite, name) {                     \
    Home home;                            \
    home.clock.run(suite##_##name(home)); \
  }                                       \
  Task<> suite##_##name(Home& h)

namespace helio::client {

namespace mt = tl::mt;
using mtproto::constructor_of;

inline const Bytes kNotFound = "\x6c\xfe\xff\xff";
inline const Bytes kFlood = "\x53\xfe\xff\xff";
inline const Bytes kWrongDc = "\x44\xfe\xff\xff";

inline KeyExchange exchange_of(World& w, ExchangeOptions options = {}) {
  return KeyExchange(server_key().public_key(), w.clock, w.random, options);
}

// The answer to `packet`, on a connection of its own if none is given.
inline Task<Bytes> ask(World& w, Bytes packet, Wire* on = nullptr) {
  std::unique_ptr<Wire> own;
  if (!on) {
    own = w.wire();
    on = own.get();
  }
  on->add(packet);
  on->flush();
  co_return co_await on->receive();
}

// Seeded, and it counts the secrets for Diffie-Hellman that were drawn; a fixed one may be put in their place.
struct Chance final : Random {
  struct Watch {
    int secrets = 0;
    Bytes secret;  // Empty: as the seed has it.
  };
  Chance(std::uint64_t seed, std::shared_ptr<Watch> watch) : seeded(seed), watch(std::move(watch)) {}
  void fill(std::span<char> out) override {
    seeded.fill(out);
    if (out.size() != 256) return;
    ++watch->secrets;
    if (!watch->secret.empty()) std::memcpy(out.data(), watch->secret.data(), out.size());
  }
  SeededRandom seeded;
  std::shared_ptr<Watch> watch;
};

// Says what it is told to, and yes after that.
class ScriptedKeeper final : public mtproto::KeyKeeper {
 public:
  Task<Kept> keep(mtproto::NewKey key) override {
    if (!forgets) kept.push_back(key);
    if (script.empty()) co_return Kept::kYes;
    const Kept next = script.front();
    script.pop_front();
    co_return next;
  }
  std::deque<Kept> script;
  std::vector<mtproto::NewKey> kept;
  bool forgets = false;
};

// Handshakes alone, without a server around them.
struct Home {
  explicit Home(mtproto::Workers::Limits limits = {.threads = 0}, mtproto::Handshakes::Settings settings = {},
                std::vector<crypto::RsaKey> keys = {server_key()})
      : workers(cores, limits, [this] { return std::make_unique<Chance>(5, watch); }),
        handshakes(clock, random, workers, keeper, std::move(keys), settings) {}

  Cores cores{1};
  VirtualClock clock{cores.context(0)};
  SeededRandom random{3};
  std::shared_ptr<Chance::Watch> watch = std::make_shared<Chance::Watch>();
  ScriptedKeeper keeper;
  mtproto::Workers workers;
  mtproto::Handshakes handshakes;
  boost::asio::ip::address address = boost::asio::ip::address_v4::loopback();

  KeyExchange exchange(ExchangeOptions options = {}) {
    return KeyExchange(server_key().public_key(), clock, random, options);
  }
  // The packet that answers, or four bytes as the wire would have them.
  Task<Bytes> ask(Bytes packet) {
    const auto reply = co_await handshakes.handle(address, std::move(packet));
    if (!reply.packet.empty()) co_return reply.packet;
    Bytes error;
    append_le(error, static_cast<std::int32_t>(reply.error));
    co_return error;
  }
};

// The constructor of a plain answer; an error of the wire has none of these.
inline std::uint32_t kind_of(View answer) {
  return constructor_of(plain_body(answer));
}
inline bool is_ok(View answer) {
  return kind_of(answer) == mt::Server_DH_params_ok::kId;
}

// set_client_DH_params around `encrypted`.
inline Bytes third_request(const KeyExchange& exchange, Bytes encrypted) {
  mt::set_client_DH_params request;
  request.nonce = exchange.nonce;
  request.server_nonce = exchange.server_nonce;
  request.encrypted_data = std::move(encrypted);
  return plain_packet(tl::encode_mtproto(request));
}

// What server_DH_params_ok says inside.
inline mt::Server_DH_inner_data inner_of(const KeyExchange& exchange, View params) {
  const auto object = tl::decode_mtproto(plain_body(params));
  const auto* ok = object ? tl::as<mt::Server_DH_params_ok>(*object) : nullptr;
  const auto aes = crypto::exchange_aes(exchange.new_nonce, exchange.server_nonce);
  const auto data = ok ? crypto::open_exchange_data(ok->encrypted_answer, aes) : std::nullopt;
  const auto inner = data ? tl::decode_mtproto(*data) : fail(Error());
  const auto* found = inner ? tl::as<mt::Server_DH_inner_data>(*inner) : nullptr;
  EXPECT_TRUE(found);
  return found ? *found : mt::Server_DH_inner_data();
}

}  // namespace helio::client
