// api/testing/clients.h: an api over a domain in a glass, and clients that talk to it in any layer.
//
// Every answer and every push that a client decodes is checked: it must carry everyone whom it mentions.
// For tests of this room and above. Include from *_test.cpp and tests/ only.
#pragma once
#include <gtest/gtest.h>

#include "api/api.h"
#include "domain/testing/world.h"
#include "tl/decode.h"
#include "tl/encode.h"
#include "tl/json.h"
#include "tl/mentions.h"
#include "tl/mtproto.h"
#include "tl/types/api/CodeSettings.h"
#include "tl/types/api/EmailVerification.h"
#include "tl/types/api/InputClientProxy.h"
#include "tl/types/api/InputPeer.h"
#include "tl/types/api/InputUser.h"
#include "tl/types/api/JSONValue.h"
#include "tl/types/api/Updates.h"
#include "tl/types/api/User.h"
#include "tl/types/api/auth/Authorization.h"
#include "tl/types/api/auth/SentCode.h"
#include "tl/types/api/auth/sendCode.h"
#include "tl/types/api/auth/signIn.h"
#include "tl/types/api/auth/signUp.h"
#include "tl/types/api/initConnection.h"
#include "tl/types/api/invokeWithLayer.h"
#include "tl/types/mtproto/RpcError.h"

namespace helio::api::testing {

// Remembers what was asked of it; refuses what it is told to.
class KeysSpy final : public Keys {
 public:
  Task<Result<>> bind_temp(TempKeyBinding binding) override {
    bound.push_back(std::move(binding));
    co_return answer;
  }
  Task<> drop_temps(std::int64_t perm_auth_key_id, std::vector<std::int64_t> except) override {
    dropped.emplace_back(perm_auth_key_id, std::move(except));
    co_return;
  }
  std::vector<TempKeyBinding> bound;
  std::vector<std::pair<std::int64_t, std::vector<std::int64_t>>> dropped;
  Result<> answer;
};

class SessionSpy final : public Session {
 public:
  explicit SessionSpy(Clock& clock) : clock_(clock) {}
  bool push(Bytes updates) override {
    if (full) return false;
    pushed.push_back(std::move(updates));
    return true;
  }
  Task<Outcome> outcome_of(std::int64_t msg_id, Ticks deadline) override {
    if (!outcomes.contains(msg_id)) co_await clock_.sleep_until(deadline);
    co_return outcomes.contains(msg_id) ? outcomes.at(msg_id) : Outcome::kPending;
  }
  std::vector<Bytes> pushed;
  bool full = false;
  std::map<std::int64_t, Outcome> outcomes;

 private:
  Clock& clock_;
};

struct Server {
  explicit Server(std::uint64_t seed = 1) : world(seed) { start(); }
  ~Server() { stop(); }

  void start() {
    api = std::make_unique<Api>(
        Services{world.domain(), keys, world.cores(), world.clock(), [this]() -> Random& { return world.random(); }},
        Settings{.public_address = {}, .srp_prime = Bytes(256, 'p')});
  }
  void stop() {
    if (api) world.run(api->stop());
    api.reset();
  }
  // The process dies and a new one starts on what is on the disk.
  void crash() {
    stop();
    world.crash();
    world.start();
    start();
  }
  // The same, on a backup.
  void restore(store::ModelDisk backup, std::uint32_t lost_ids) {
    stop();
    world.restore(std::move(backup), lost_ids);
    start();
  }

  domain::testing::World world;
  KeysSpy keys;
  std::unique_ptr<Api> api;
  std::int64_t keys_made = 0;
};

inline Bytes encoded(const tl::Object& object, tl::Layer layer) {
  Bytes out;
  const auto done = tl::encode(out, object, layer);
  EXPECT_TRUE(done) << tl::name_of(object) << " has no form in layer " << layer.number;
  return out;
}

// One device: a permanent key with one session, in one layer.
class Client {
 public:
  Client(Server& server, int layer) : server_(server), layer_{layer}, key_(0x1000 + ++server.keys_made) {
    new_session();
  }

  Context context() {
    Context context;
    context.auth_key_id = key_;
    context.perm_auth_key_id = key_;
    context.session_id = session_id_;
    context.msg_id = (next_msg_id_ += 4);
    context.dc = dc;
    context.local = {"127.0.0.1", 4430, false};
    context.remote_ip = "127.0.0.2";
    context.session = session_;
    return context;
  }
  Bytes call(Context context, Bytes body) {
    return server_.world.run(server_.api->call(std::move(context), std::move(body)));
  }

  // As clients begin: invokeWithLayer(initConnection(request)).
  Bytes wrapped(const tl::Object& request) const {
    tl::initConnection init;
    init.api_id = 4;
    init.device_model = "glass";
    init.system_version = "1";
    init.app_version = "2";
    init.system_lang_code = "en";
    init.lang_code = "en";
    init.query = request.clone();
    tl::invokeWithLayer layer;
    layer.layer = layer_.number;
    layer.query = std::move(init);
    return encoded(layer, layer_);
  }
  Bytes raw(const tl::Object& request) {
    Bytes body = begun_ ? encoded(request, layer_) : wrapped(request);
    begun_ = true;
    return call(context(), std::move(body));
  }

  // The answer, which must be an A.
  template <class A>
  A ask(const tl::Object& request) {
    const Bytes bytes = raw(request);
    if (const auto error = error_of(bytes)) {
      ADD_FAILURE() << tl::name_of(request) << " in layer " << layer_.number << ": " << *error;
      return {};
    }
    return as<A>(bytes, tl::name_of(request));
  }
  template <class A>
  A as(View bytes, std::string_view what) {
    auto object = tl::decode_object(bytes);
    if (!object) {
      ADD_FAILURE() << what << " in layer " << layer_.number << " answers what cannot be read";
      return {};
    }
    check_closed(**object);
    A* answer = tl::as<A>(*object);
    if (!answer) {
      ADD_FAILURE() << what << " answers " << tl::to_json(**object);
      return {};
    }
    return std::move(*answer);
  }
  // The name of the error that it answers; empty when it answers none.
  std::string refusal(const tl::Object& request) { return error_of(raw(request)).value_or(""); }

  // What was pushed since the last time, each as updates (or updatesTooLong).
  std::vector<tl::Box<tl::Object>> pushed() {
    server_.world.settle();
    std::vector<tl::Box<tl::Object>> updates;
    for (const Bytes& bytes : std::exchange(session_->pushed, {})) {
      auto object = tl::decode_object(bytes);
      EXPECT_TRUE(object);
      if (!object) continue;
      check_closed(**object);
      updates.push_back(*std::move(object));
    }
    return updates;
  }
  // All updates that were pushed since the last time, out of their containers.
  std::vector<tl::Box<tl::TypeUpdate>> updates() {
    std::vector<tl::Box<tl::TypeUpdate>> list;
    for (auto& container : pushed()) {
      auto* updates = tl::as<tl::Updates>(container);
      if (!updates) {
        ADD_FAILURE() << "pushed " << tl::to_json(*container);
        continue;
      }
      for (auto& update : updates->updates) list.push_back(std::move(update));
    }
    return list;
  }

  // Signs a test number in, or up under `name`.
  tl::User enter(std::string phone, std::string name) {
    tl::auth::sendCode send;
    send.phone_number = phone;
    send.api_id = 4;
    send.api_hash = "hash";
    send.settings = tl::CodeSettings{};
    const auto sent = ask<tl::auth::SentCode>(send);
    tl::auth::signIn in;
    in.phone_number = phone;
    in.phone_code_hash = sent.phone_code_hash;
    in.phone_code = std::string(6, phone.at(5));
    const Bytes answer = raw(in);
    auto object = tl::decode_object(answer);
    if (!object) {
      ADD_FAILURE() << "signIn answers " << error_of(answer).value_or("nothing readable");
      return {};
    }
    if (tl::as<tl::auth::AuthorizationSignUpRequired>(*object)) {
      tl::auth::signUp up;
      up.phone_number = phone;
      up.phone_code_hash = sent.phone_code_hash;
      up.first_name = name;
      object = tl::Box<tl::Object>(ask<tl::auth::Authorization>(up));
    }
    const auto* authorization = tl::as<tl::auth::Authorization>(*object);
    const auto* user = authorization ? tl::as<tl::User>(authorization->user) : nullptr;
    if (!user) {
      ADD_FAILURE() << "no user in " << tl::to_json(**object);
      return {};
    }
    me = *user;
    return me;
  }

  void new_session() {
    session_id_ += 1;
    session_ = std::make_shared<SessionSpy>(server_.world.clock());
  }
  SessionSpy& session() { return *session_; }
  SessionKey session_key() const { return {key_, session_id_}; }
  tl::Layer layer() const { return layer_; }
  std::int64_t key() const { return key_; }

  static std::optional<std::string> error_of(View bytes) {
    auto object = tl::decode_mtproto(bytes);
    if (!object) return std::nullopt;
    const auto* error = tl::as<tl::mt::Rpc_error>(*object);
    return error ? std::optional<std::string>(error->error_message) : std::nullopt;
  }

  tl::User me;
  int dc = 2;

 private:
  void check_closed(const tl::Object& object) {
    EXPECT_EQ(tl::missing(object), tl::Peers{}) << tl::to_json(object) << "\nin layer " << layer_.number;
  }

  Server& server_;
  tl::Layer layer_;
  std::int64_t key_;
  std::int64_t session_id_ = 0x500;
  std::int64_t next_msg_id_ = 0x600;
  std::shared_ptr<SessionSpy> session_;
  bool begun_ = false;
};

inline tl::InputPeerUser peer_of(const tl::User& user) {
  tl::InputPeerUser peer;
  peer.user_id = user.id;
  peer.access_hash = user.access_hash.value_or(0);
  return peer;
}

}  // namespace helio::api::testing
