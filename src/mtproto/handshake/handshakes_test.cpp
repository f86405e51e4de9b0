// Rules B of docs/security.md, on a whole server in virtual time.
#include "mtproto/handshake/handshakes.h"

#include <gtest/gtest.h>

#include "crypto/bind_message.h"
#include "mtproto_client/world.h"
#include "tl/mtproto.h"
#include "tl/types/mtproto/BindAuthKeyInner.h"
#include "tl/types/mtproto/ResPQ.h"
#include "tl/types/mtproto/Set_client_DH_params_answer.h"
#include "tl/types/mtproto/destroy_auth_key.h"
#include "tl/types/mtproto/ping.h"
#include "tl/types/mtproto/req_DH_params.h"

namespace helio::client {

namespace mt = tl::mt;
using mtproto::constructor_of;

namespace {

#define IN_WORLD(suite, name)               \
  static Task<> suite##_##name(World& w);   \
  TEST(suite, name) {                       \
    World world;                            \
    world.clock.run(suite##_##name(world)); \
  }                                         \
  Task<> suite##_##name(World& w)

KeyExchange exchange_of(World& w, ExchangeOptions options = {}) {
  return KeyExchange(server_key().public_key(), w.clock, w.random, options);
}

// The answer to `packet`, on a connection of its own if none is given.
Task<Bytes> ask(World& w, Bytes packet, Wire* on = nullptr) {
  std::unique_ptr<Wire> own;
  if (!on) {
    own = w.wire();
    on = own.get();
  }
  on->add(packet);
  on->flush();
  co_return co_await on->receive();
}

const Bytes kNotFound = "\x6c\xfe\xff\xff";
const Bytes kFlood = "\x53\xfe\xff\xff";
const Bytes kWrongDc = "\x44\xfe\xff\xff";

// Whether an exchange with one thing changed before each step goes through.
using Change = std::function<void(KeyExchange&)>;
void unchanged(KeyExchange&) {}

Task<Bytes> second_answer(World& w, ExchangeOptions options, Change change) {
  KeyExchange exchange = exchange_of(w, options);
  const Bytes res_pq = co_await ask(w, exchange.req_pq());
  EXPECT_TRUE(exchange.req_dh_params(res_pq));
  change(exchange);
  co_return co_await ask(w, exchange.req_dh_params_of(exchange.seal_inner()));
}

bool is_ok(View answer) {
  return constructor_of(plain_body(answer)) == 0xd0e8075c;
}

}  // namespace

IN_WORLD(Handshake, EveryTransportAndEveryKindOfInnerData) {
  for (const Transport transport : kTransports) {
    const auto client = co_await w.client(transport);
    const Bytes answer = co_await client->call(queries::make(queries::kEcho, "hi"));
    EXPECT_EQ(answer, queries::make(queries::kEcho, "hi"));
    co_await client->stop();
  }
  for (const bool multi : {true, false}) {
    for (const bool legacy : {true, false}) {
      for (const bool with_dc : {true, false}) {
        for (const bool temp : {true, false}) {
          ExchangeOptions options{.req_pq_multi = multi, .legacy_padding = legacy};
          if (!with_dc) options.dc.reset();
          if (temp) options.expires_in = 3600;
          const auto client = co_await w.client(options);
          const Bytes answer = co_await client->call(queries::make(queries::kEcho));
          EXPECT_FALSE(answer.empty());
          EXPECT_EQ(w.handler->contexts.back().dc, with_dc ? 2 : 0);
          EXPECT_EQ(w.handler->contexts.back().permanent_key_id, temp ? 0 : client->key.id);
          co_await client->stop();
        }
      }
    }
  }
}

IN_WORLD(Handshake, B01_PlainMessagesAreFourAndExact) {
  mt::ping ping;
  Bytes answer = co_await ask(w, plain_packet(tl::encode_mtproto(ping)));
  EXPECT_EQ(answer, kNotFound);
  KeyExchange exchange = exchange_of(w);
  for (const int wrong : {-4, 4}) {
    Bytes packet = exchange.req_pq();
    store_le(packet.data() + 16, static_cast<std::int32_t>(20 + wrong));
    answer = co_await ask(w, packet);
    EXPECT_EQ(answer, kNotFound) << wrong;
  }
  // TDLib counts up to 255 random bytes of padding into the message; nobody needs more.
  for (const std::size_t padding : {4, 252, 256}) {
    Bytes longer = exchange.req_pq() + Bytes(padding, '\x5a');
    store_le(longer.data() + 16, static_cast<std::int32_t>(longer.size() - 20));
    answer = co_await ask(w, longer);
    EXPECT_EQ(answer == kNotFound, padding > 255) << padding;
  }
}

IN_WORLD(Handshake, B02_ExchangesPerAddressAreBounded) {
  const auto wire = w.wire();
  for (int i = 0; i < 25; ++i) {
    KeyExchange exchange = exchange_of(w);
    const Bytes answer = co_await ask(w, exchange.req_pq(), wire.get());
    EXPECT_EQ(answer == kFlood, i >= 20) << i;
    if (answer == kFlood) break;
  }
  // Ten minutes later they are forgotten.
  co_await w.clock.sleep(seconds(601));
  KeyExchange exchange = exchange_of(w);
  const Bytes answer = co_await ask(w, exchange.req_pq());
  EXPECT_NE(answer, kFlood);
}

TEST(Handshake, B03_NoPqRepeats) {
  Cores cores(1);
  mtproto::Workers workers(cores, {.threads = 0}, [] { return std::make_unique<SeededRandom>(7); });
  SeededRandom random(8);
  mtproto::PqPool pool(workers, random);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 5000; ++i) {
    const auto pq = pool.take();
    ASSERT_TRUE(pq);
    EXPECT_LT(pq->p, pq->q);
    EXPECT_TRUE(seen.insert(pq->product()).second);
  }
}

IN_WORLD(Handshake, B04_ARepeatedRequestGetsTheSameAnswerAndADifferentOneEndsIt) {
  KeyExchange exchange = exchange_of(w);
  const auto wire = w.wire();
  const Bytes res_pq = co_await ask(w, exchange.req_pq(), wire.get());
  Bytes again = co_await ask(w, exchange.req_pq(), wire.get());
  EXPECT_EQ(again, res_pq);
  again = co_await ask(w, exchange.req_pq());
  EXPECT_EQ(again, res_pq);

  const Bytes second = *exchange.req_dh_params(res_pq);
  const Bytes params = co_await ask(w, second, wire.get());
  again = co_await ask(w, second);
  EXPECT_EQ(again, params);

  const Bytes third = *exchange.set_client_dh_params(params);
  const Bytes done = co_await ask(w, third, wire.get());
  again = co_await ask(w, third);
  EXPECT_EQ(again, done);
  EXPECT_TRUE(exchange.finish(done));

  // A different request in a state that has been answered.
  for (const int step : {1, 2}) {
    KeyExchange other = exchange_of(w);
    const Bytes first_answer = co_await ask(w, other.req_pq());
    const Bytes right = *other.req_dh_params(first_answer);
    Bytes second_answer;
    if (step == 2) second_answer = co_await ask(w, right);
    const Bytes different = other.req_dh_params_of(other.seal_inner());
    if (step == 1) {
      other.p = other.q;  // Wrong already.
      again = co_await ask(w, other.req_dh_params_of(other.seal_inner()));
    } else {
      again = co_await ask(w, different);
    }
    EXPECT_EQ(again, kNotFound);
    again = co_await ask(w, right);
    EXPECT_EQ(again, kNotFound) << "after a different request even the right one is refused";
  }
}

IN_WORLD(Handshake, B05_ReqDhParamsIsCheckedFieldByField) {
  const std::pair<const char*, Change> changes[] = {
      {"nothing", [](KeyExchange&) {}},
      {"p and q swapped", [](KeyExchange& e) { std::swap(e.p, e.q); }},
      {"not the factors", [](KeyExchange& e) { e.p[3] ^= 2; }},
      {"p with a leading zero", [](KeyExchange& e) { e.p.insert(0, 1, '\0'); }},
      {"one and pq", [](KeyExchange& e) { e.q = crypto::write_pq_number(e.pq), e.p = "\x01"; }},
      {"another key", [](KeyExchange& e) { e.fingerprint ^= 1; }},
      {"another nonce", [](KeyExchange& e) { e.nonce[0] ^= 1; }},
      {"another server nonce", [](KeyExchange& e) { e.server_nonce[0] ^= 1; }},
  };
  for (const auto& [what, change] : changes) {
    const Bytes answer = co_await second_answer(w, ExchangeOptions(), change);
    EXPECT_EQ(is_ok(answer), std::string(what) == "nothing") << what;
    if (!is_ok(answer)) {
      EXPECT_EQ(answer, kNotFound) << what;
    }
  }
  for (const std::size_t size : {0, 255, 257}) {
    KeyExchange exchange = exchange_of(w);
    const Bytes res_pq = co_await ask(w, exchange.req_pq());
    exchange.req_dh_params(res_pq);
    Bytes data = exchange.seal_inner();
    data.resize(size);
    const Bytes answer = co_await ask(w, exchange.req_dh_params_of(data));
    EXPECT_EQ(answer, kNotFound) << size;
  }
  KeyExchange exchange = exchange_of(w);
  const Bytes res_pq = co_await ask(w, exchange.req_pq());
  exchange.req_dh_params(res_pq);
  const Bytes answer = co_await ask(w, exchange.req_dh_params_of(Bytes(256, '\xff')));
  EXPECT_EQ(answer, kNotFound) << "not below the modulus";
}

IN_WORLD(Handshake, B07_B09_InnerDataMustMeanThisExchange) {
  const Change nonce_of = [](KeyExchange& e) { e.inner_data[40] = static_cast<char>(e.inner_data[40] ^ 1); };
  Bytes answer = co_await second_answer(w, ExchangeOptions(), nonce_of);
  EXPECT_EQ(answer, kNotFound);
  // Another constructor, with the right hash.
  const Change constructor = [](KeyExchange& e) { e.inner_data[0] ^= 1; };
  answer = co_await second_answer(w, ExchangeOptions(), constructor);
  EXPECT_EQ(answer, kNotFound);
  const Change noisy = [&w](KeyExchange& e) { w.random.fill(std::span(e.inner_data).last(60)); };
  answer = co_await second_answer(w, ExchangeOptions(), noisy);
  EXPECT_EQ(answer, kNotFound);
  KeyExchange exchange = exchange_of(w);
  const Bytes res_pq = co_await ask(w, exchange.req_pq());
  exchange.req_dh_params(res_pq);
  Bytes noise = w.random.bytes(256);
  noise[0] = '\0';
  answer = co_await ask(w, exchange.req_dh_params_of(noise));
  EXPECT_EQ(answer, kNotFound);

  for (const int dc : {1, 2, 5, -2, 10'002, -10'002}) {
    answer = co_await second_answer(w, with_dc(dc), unchanged);
    EXPECT_TRUE(is_ok(answer)) << dc;
  }
  for (const int dc : {0, 6, 10'000, 20'002, std::numeric_limits<int>::max()}) {
    answer = co_await second_answer(w, with_dc(dc), unchanged);
    EXPECT_EQ(answer, kWrongDc) << dc;
  }
  for (const int expires_in : {-1, 0, 59, 172'801}) {
    answer = co_await second_answer(w, temporary(expires_in), unchanged);
    EXPECT_EQ(answer, kNotFound) << expires_in;
  }
}

TEST(Handshake, B08_TheOldSchemeCanBeTurnedOff) {
  auto settings = settings_without_threads();
  settings.legacy_key_exchange = false;
  World world(settings);
  struct Body {
    static Task<> run(World& w) {
      const ExchangeOptions legacy{.legacy_padding = true}, single{.req_pq_multi = false};
      Bytes answer = co_await second_answer(w, legacy, unchanged);
      EXPECT_EQ(answer, kNotFound);
      answer = co_await second_answer(w, with_dc(std::nullopt), unchanged);
      EXPECT_EQ(answer, kNotFound);
      answer = co_await second_answer(w, single, unchanged);
      EXPECT_TRUE(is_ok(answer));
    }
  };
  world.clock.run(Body::run(world));
}

IN_WORLD(Handshake, B12_B13_ClientDhParamsAreChecked) {
  const auto& p = crypto::dh_prime();
  const auto shifted = [&](int last) {
    Bytes number(crypto::view(p));
    number[255] = static_cast<char>(number[255] + last);
    return number;
  };
  Bytes low(256, '\0');
  low[255 - 1983 / 8] = static_cast<char>(1 << 1983 % 8);
  Bytes high = Bytes(crypto::view(p));
  high[255 - 1983 / 8] = static_cast<char>(high[255 - 1983 / 8] - (1 << 1983 % 8));
  const Bytes bad[] = {Bytes(256, '\0'), Bytes("\x01", 1), shifted(-1), shifted(0), shifted(1), low, high,
                       Bytes(300, '\1'), Bytes()};
  for (const Bytes& g_b : bad) {
    KeyExchange exchange = exchange_of(w);
    const Bytes res_pq = co_await ask(w, exchange.req_pq());
    const Bytes params = co_await ask(w, *exchange.req_dh_params(res_pq));
    exchange.g_b = g_b;
    const Bytes third = *exchange.set_client_dh_params(params);
    Bytes answer = co_await ask(w, third);
    EXPECT_EQ(constructor_of(plain_body(answer)), mt::Dh_gen_fail::kId) << to_hex(g_b);
    answer = co_await ask(w, third);
    EXPECT_EQ(answer, kNotFound) << "the exchange is over";
  }
  // A wrong retry_id, a changed byte, an impossible length.
  for (const int wrong : {0, 1, 2}) {
    KeyExchange exchange = exchange_of(w);
    const Bytes res_pq = co_await ask(w, exchange.req_pq());
    const Bytes params = co_await ask(w, *exchange.req_dh_params(res_pq));
    if (wrong == 0) exchange.retry_id = 1;
    Bytes third = *exchange.set_client_dh_params(params);
    if (wrong == 1) third[third.size() - 30] = static_cast<char>(third[third.size() - 30] ^ 1);
    if (wrong == 2) {
      third.resize(third.size() - 4);
      store_le(third.data() + 16, static_cast<std::int32_t>(third.size() - 20));
    }
    const Bytes answer = co_await ask(w, third);
    EXPECT_EQ(answer, kNotFound) << wrong;
  }
}

namespace {

// Says what it is told to.
class ScriptedKeeper final : public mtproto::KeyKeeper {
 public:
  Task<Kept> keep(mtproto::NewKey key) override {
    kept.push_back(key);
    if (script.empty()) co_return Kept::kYes;
    const Kept next = script.front();
    script.pop_front();
    co_return next;
  }
  std::deque<Kept> script;
  std::vector<mtproto::NewKey> kept;
};

struct Home {
  Cores cores{1};
  VirtualClock clock{cores.context(0)};
  SeededRandom random{3};
  ScriptedKeeper keeper;
  mtproto::Workers workers;
  mtproto::Handshakes handshakes;
  boost::asio::ip::address address = boost::asio::ip::address_v4::loopback();

  explicit Home(mtproto::Workers::Limits limits = {.threads = 0})
      : workers(cores, limits, [] { return std::make_unique<SeededRandom>(5); }),
        handshakes(clock, random, workers, keeper, {server_key()}, {}) {}
};

Task<> collide(Home& home, int times, Bytes& last, std::size_t& asked) {
  KeyExchange exchange(server_key().public_key(), home.clock, home.random, {});
  for (int i = 0; i < times; ++i) home.keeper.script.push_back(mtproto::KeyKeeper::Kept::kIdTaken);
  auto reply = co_await home.handshakes.handle(home.address, exchange.req_pq());
  reply = co_await home.handshakes.handle(home.address, *exchange.req_dh_params(reply.packet));
  for (int attempt = 0; attempt < 10; ++attempt) {
    reply = co_await home.handshakes.handle(home.address, *exchange.set_client_dh_params(reply.packet));
    if (constructor_of(plain_body(reply.packet)) != mt::Dh_gen_retry::kId) break;
    exchange.retry_id = crypto::auth_key_aux_hash(home.keeper.kept.back().bytes);
  }
  last = reply.packet;
  asked = home.keeper.kept.size();
  EXPECT_EQ(exchange.finish(reply.packet).has_value(), times < 5);
}

Task<> flood(Home& home, int& refused) {
  KeyExchange exchange(server_key().public_key(), home.clock, home.random, {});
  auto reply = co_await home.handshakes.handle(home.address, exchange.req_pq());
  const Bytes request = *exchange.req_dh_params(reply.packet);
  for (int i = 0; i < 3; ++i) {
    reply = co_await home.handshakes.handle(home.address, request);
    refused += reply.packet.empty() && reply.error == mtproto::TransportError::kFlood;
  }
}

}  // namespace

TEST(Handshake, B15_ATakenIdIsTriedAgainAtMostFiveTimes) {
  for (const int times : {0, 1, 4, 5}) {
    Home home;
    Bytes last;
    std::size_t asked = 0;
    home.clock.run(collide(home, times, last, asked));
    EXPECT_EQ(constructor_of(plain_body(last)), times < 5 ? mt::Dh_gen_ok::kId : mt::Dh_gen_fail::kId);
    EXPECT_EQ(asked, static_cast<std::size_t>(times < 5 ? times + 1 : 5));
    std::set<std::int64_t> ids;
    for (const auto& key : home.keeper.kept) ids.insert(key.id);
    EXPECT_EQ(ids.size(), asked);
  }
}

TEST(Handshake, B17_AFullQueueRefuses) {
  Home home({.threads = 1, .queue_max = 0});
  int refused = 0;
  home.clock.run(flood(home, refused));
  EXPECT_EQ(refused, 3) << "each time, and it may be asked again";
}

IN_WORLD(Handshake, B16_ThePermanentKeyIsDurableBeforeDhGenOk) {
  const auto client = co_await w.client();
  const ClientKey key = client->key;
  co_await client->stop();
  bool found = false;
  for (const auto& [name, partition] : w.disk.partitions) {
    for (const auto& [row, value] : partition.rows) found |= value.find(crypto::view(key.bytes)) != Bytes::npos;
  }
  EXPECT_TRUE(found);
  store::ModelFaults down;
  down.unavailable = 1;
  w.kv->set_faults(down);
  KeyExchange exchange = exchange_of(w);
  const Bytes res_pq = co_await ask(w, exchange.req_pq());
  const Bytes params = co_await ask(w, *exchange.req_dh_params(res_pq));
  const Bytes third = *exchange.set_client_dh_params(params);
  Bytes answer = co_await ask(w, third);
  EXPECT_EQ(answer, kFlood);
  w.kv->set_faults({});
  answer = co_await ask(w, third);
  EXPECT_TRUE(exchange.finish(answer)) << "the same request goes on where the store failed";
}

IN_WORLD(Handshake, TheFirstSaltIsRight) {
  const auto client = co_await w.client();
  client->repair = false;
  const Bytes answer = co_await client->call(queries::make(queries::kEcho));
  EXPECT_FALSE(answer.empty());
  co_await client->stop();
}

IN_WORLD(Handshake, B18_TemporaryKeysLeaveNoTraceAndEndOnTime) {
  const auto client = co_await w.client(temporary(120));
  Bytes answer = co_await client->call(queries::make(queries::kEcho));
  EXPECT_FALSE(answer.empty());
  for (const auto& [name, partition] : w.disk.partitions) {
    for (const auto& [row, value] : partition.rows) EXPECT_EQ(value.find(crypto::view(client->key.bytes)), Bytes::npos);
  }
  co_await w.clock.sleep(seconds(135));
  EXPECT_FALSE(client->connected());
  const auto late = w.sibling(*client);
  answer = co_await late->call(queries::make(queries::kEcho));
  EXPECT_TRUE(answer.empty());
  EXPECT_EQ(late->transport_error, -404);
  co_await late->stop();
  co_await client->stop();
}

namespace {

struct Binding {
  mtproto::TempKeyBinding request;
  crypto::BindMessage message;
};

Binding binding_of(World& w, const ClientKey& permanent, const Client& temp) {
  Binding binding;
  auto& request = binding.request;
  request.temp_key_id = temp.key.id;
  request.session_id = temp.session_id;
  request.msg_id = 4 * static_cast<std::int64_t>(w.random.below(1'000'000));
  request.permanent_key_id = permanent.id;
  request.nonce = static_cast<std::int64_t>(w.random.u64());
  request.expires_at = temp.key.expires_at;
  mt::Bind_auth_key_inner inner;
  inner.nonce = request.nonce;
  inner.temp_auth_key_id = request.temp_key_id;
  inner.perm_auth_key_id = request.permanent_key_id;
  inner.temp_session_id = request.session_id;
  inner.expires_at = request.expires_at;
  binding.message.msg_id = request.msg_id;
  binding.message.inner = crypto::fixed<40>(tl::encode_mtproto(inner));
  return binding;
}

Task<bool> bind(World& w, const ClientKey& permanent, Binding binding) {
  binding.request.encrypted_message =
      crypto::seal_bind_message(binding.message, permanent.bytes, permanent.id, w.random);
  co_return co_await w.server->bind_temp(binding.request);
}

}  // namespace

IN_WORLD(Handshake, B19_ABoundKeySpeaksForThePermanentOne) {
  const auto permanent = co_await w.client();
  std::vector<std::unique_ptr<Client>> temps;
  for (int i = 0; i < 33; ++i) {
    temps.push_back(co_await w.client(temporary(3600)));
    co_await temps.back()->call(queries::make(queries::kEcho));
    EXPECT_EQ(w.handler->contexts.back().permanent_key_id, 0);
    Binding binding = binding_of(w, permanent->key, *temps.back());
    const bool bound = co_await bind(w, permanent->key, std::move(binding));
    EXPECT_TRUE(bound);
    co_await temps.back()->call(queries::make(queries::kEcho));
    EXPECT_EQ(w.handler->contexts.back().permanent_key_id, permanent->key.id);
    EXPECT_EQ(w.handler->contexts.back().auth_key_id, temps.back()->key.id);
  }
  // One too many: the oldest has gone.
  co_await w.clock.sleep(milliseconds(10));
  EXPECT_FALSE(temps[0]->connected());
  EXPECT_TRUE(temps[1]->connected());
  std::vector<std::int64_t> except{temps[5]->key.id};
  co_await w.server->drop_temps(permanent->key.id, except);
  co_await w.clock.sleep(milliseconds(10));
  EXPECT_FALSE(temps[1]->connected());
  EXPECT_TRUE(temps[5]->connected());
  EXPECT_TRUE(permanent->connected());
  for (const auto& temp : temps) co_await temp->stop();
  co_await permanent->stop();
}

IN_WORLD(Handshake, B20_EveryFieldOfTheBindingCounts) {
  const auto permanent = co_await w.client();
  const auto temp = co_await w.client(temporary(3600));
  using Break = std::function<void(Binding&)>;
  const std::pair<const char*, Break> breaks[] = {
      {"msg_id", [](Binding& b) { b.message.msg_id += 4; }},
      {"seqno", [](Binding& b) { b.message.seqno = 1; }},
      {"nonce", [](Binding& b) { b.request.nonce ^= 1; }},
      {"session", [](Binding& b) { b.request.session_id ^= 1; }},
      {"temp key", [](Binding& b) { b.message.inner[12] ^= 1; }},
      {"permanent key", [](Binding& b) { b.message.inner[20] ^= 1; }},
      {"expires_at", [](Binding& b) { b.request.expires_at -= 1; }},
      {"constructor", [](Binding& b) { b.message.inner[0] ^= 1; }},
  };
  for (const auto& [what, change] : breaks) {
    Binding binding = binding_of(w, permanent->key, *temp);
    change(binding);
    const bool bound = co_await bind(w, permanent->key, std::move(binding));
    EXPECT_FALSE(bound) << what;
  }
  for (const int expires_at : {0, -1, 3600 + 61, 7200}) {
    temp->key.expires_at = w.clock.unixtime() + expires_at;
    Binding binding = binding_of(w, permanent->key, *temp);
    const bool bound = co_await bind(w, permanent->key, std::move(binding));
    EXPECT_FALSE(bound) << expires_at;
  }
  temp->key.expires_at = w.clock.unixtime() + 3600;
  Binding binding = binding_of(w, permanent->key, *temp);
  for (const std::size_t size : {0, 103, 105, 120}) {
    binding.request.encrypted_message = w.random.bytes(size);
    const bool bound = co_await w.server->bind_temp(binding.request);
    EXPECT_FALSE(bound) << size;
  }
  // Another key than the one named, and at last the right one.
  const auto stranger = co_await w.client();
  bool bound = co_await bind(w, stranger->key, binding);
  EXPECT_FALSE(bound);
  bound = co_await bind(w, permanent->key, binding);
  EXPECT_TRUE(bound);
  for (auto* client : {permanent.get(), temp.get(), stranger.get()}) co_await client->stop();
}

IN_WORLD(Handshake, B21_DestroyAuthKeyEndsTheKeyThatCallsIt) {
  const auto doomed = co_await w.client();
  const auto other = co_await w.client();
  std::vector<std::uint32_t> got;
  doomed->on_push = [&](const Message& message) { got.push_back(constructor_of(message.body)); };
  doomed->send(tl::encode_mtproto(mt::destroy_auth_key()));
  co_await w.clock.sleep(milliseconds(50));
  constexpr std::uint32_t kDestroyAuthKeyOk = 0xf660e1d4;
  EXPECT_NE(std::ranges::find(got, kDestroyAuthKeyOk), got.end());
  EXPECT_FALSE(doomed->connected());
  EXPECT_EQ(w.handler->destroyed, std::set{doomed->key.id});
  const auto again = w.sibling(*doomed);
  Bytes answer = co_await again->call(queries::make(queries::kEcho));
  EXPECT_EQ(again->transport_error, -404);
  answer = co_await other->call(queries::make(queries::kEcho));
  EXPECT_FALSE(answer.empty());
  for (auto* client : {doomed.get(), other.get(), again.get()}) co_await client->stop();
}

}  // namespace helio::client
