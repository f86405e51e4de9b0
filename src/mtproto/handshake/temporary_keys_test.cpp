// Rules B18 to B21 of docs/security.md, on a whole server in virtual time.
#include "crypto/bind_message.h"
#include "mtproto/handshake/test_exchange.h"
#include "tl/types/mtproto/BindAuthKeyInner.h"
#include "tl/types/mtproto/destroy_auth_key.h"

namespace helio::client {

IN_WORLD(TemporaryKeys, B18_ATemporaryKeyEndsOnTimeWithItsConnections) {
  const auto client = co_await w.client(temporary(120));
  Bytes answer = co_await client->call(queries::make(queries::kEcho));
  EXPECT_FALSE(answer.empty());
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

IN_WORLD(TemporaryKeys, B19_ABoundKeySpeaksForThePermanentOne) {
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

IN_WORLD(TemporaryKeys, B19_ABoundKeyStaysWithItsPermanentKey) {
  const auto first = co_await w.client(), second = co_await w.client();
  const auto temp = co_await w.client(temporary(3600));
  const std::pair<Client*, bool> attempts[] = {{first.get(), true}, {second.get(), false}, {first.get(), true}};
  for (const auto& [permanent, allowed] : attempts) {
    Binding binding = binding_of(w, permanent->key, *temp);
    const bool bound = co_await bind(w, permanent->key, std::move(binding));
    EXPECT_EQ(bound, allowed);
    co_await temp->call(queries::make(queries::kEcho));
    EXPECT_EQ(w.handler->contexts.back().permanent_key_id, first->key.id);
  }
  // A permanent key speaks for itself alone.
  Binding binding = binding_of(w, first->key, *second);
  binding.request.expires_at = w.clock.unixtime() + 60;
  mt::Bind_auth_key_inner inner;
  inner.nonce = binding.request.nonce;
  inner.temp_auth_key_id = second->key.id;
  inner.perm_auth_key_id = first->key.id;
  inner.temp_session_id = second->session_id;
  inner.expires_at = binding.request.expires_at;
  binding.message.inner = crypto::fixed<40>(tl::encode_mtproto(inner));
  const bool bound = co_await bind(w, first->key, std::move(binding));
  EXPECT_FALSE(bound);
  for (auto* client : {first.get(), second.get(), temp.get()}) co_await client->stop();
}

IN_WORLD(TemporaryKeys, B20_EveryFieldOfTheBindingCounts) {
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

// A whole query in the envelope of version 1, whose hash is right, under a permanent key and under a temporary one.
IN_WORLD(TemporaryKeys, B21_MessagesOfMtprotoOneAreRefused) {
  for (const bool temp : {false, true}) {
    ExchangeOptions options;
    if (temp) options.expires_in = 3600;
    const auto client = co_await w.client(options);
    Bytes plain;
    append_le(plain, client->key.salt);
    append_le(plain, client->session_id);
    append_le(plain, client->next_msg_id());
    append_le(plain, std::int32_t{1});
    const Bytes query = queries::make(queries::kEcho, Bytes(12, 'x'));
    append_le(plain, static_cast<std::int32_t>(query.size()));
    plain += query;
    EXPECT_EQ(plain.size() % 16, 0u);
    plain += Bytes(32, '\0');
    const auto message_key = crypto::msg_key_v1(View(plain).substr(0, plain.size() - 32));
    Bytes packet;
    append_le(packet, client->key.id);
    packet += crypto::view(message_key);
    packet.resize(24 + plain.size());
    const auto with = crypto::message_aes_v1(client->key.bytes, crypto::Sender::kClient, message_key);
    crypto::ige_encrypt(with, plain, packet.data() + 24);
    client->send_raw(packet);
    co_await client->next_arrival();
    EXPECT_EQ(client->transport_error, -404);
    EXPECT_TRUE(w.handler->contexts.empty());
    co_await client->stop();
  }
}

IN_WORLD(TemporaryKeys, B21_DestroyAuthKeyEndsTheKeyThatCallsIt) {
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
