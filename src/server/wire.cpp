#include "server/wire.h"

#include "base/log.h"
#include "store/kv.h"
#include "tl/errors.h"

namespace helio::server {

namespace {

// What the API holds of a session; hangs on the session itself, which may end first.
class Port final : public api::Session {
 public:
  Port(std::weak_ptr<mtproto::SessionPort> session, api::SessionKey key) : session_(std::move(session)), key_(key) {}

  const api::SessionKey& key() const { return key_; }

  bool push(Bytes updates) override {
    const auto session = session_.lock();
    return session && session->push(std::move(updates));
  }

  Task<api::Outcome> outcome_of(std::int64_t msg_id, Ticks deadline) override {
    const auto session = session_.lock();
    if (!session) co_return api::Outcome::kPending;
    switch (co_await session->outcome_of(msg_id, deadline)) {
      case mtproto::Outcome::kDone: co_return api::Outcome::kDone;
      case mtproto::Outcome::kFailed: co_return api::Outcome::kFailed;
      case mtproto::Outcome::kPending: break;
    }
    co_return api::Outcome::kPending;
  }

 private:
  std::weak_ptr<mtproto::SessionPort> session_;
  const api::SessionKey key_;
};

// The same for every call of a session, until the key it speaks for becomes another: a temporary key was bound.
std::shared_ptr<Port> port_of(const mtproto::CallContext& context) {
  const api::SessionKey key{context.permanent_key_id, context.session_id};
  auto port = std::static_pointer_cast<Port>(context.session->attachment);
  if (!port || port->key() != key) {
    port = std::make_shared<Port>(context.session, key);
    context.session->attachment = port;
  }
  return port;
}

// The key is gone already: what the API kept about it may stay, the server must not end for it.
Task<> tell_key_destroyed(api::Api* api, std::int64_t permanent_key_id) {
  try {
    co_await api->key_destroyed(permanent_key_id);
  } catch (const store::StoreDown& down) {
    log::error("wire.key_destroyed_failed", {{"what", down.what()}});
  }
}

}  // namespace

api::Endpoint to_api(const net::Endpoint& endpoint) {
  return {endpoint.address().to_string(), endpoint.port(), endpoint.address().is_v6()};
}

Wire::Wire(Cores& cores) : cores_(cores) {
  for (int core = 0; core < cores.count(); ++core) tasks_.push_back(std::make_unique<TaskGroup>(cores.executor(core)));
}

Task<Bytes> Wire::call(mtproto::CallContext context, Bytes body) {
  api::Context asked;
  asked.auth_key_id = context.auth_key_id;
  if (context.permanent_key_id != 0) asked.perm_auth_key_id = context.permanent_key_id;
  asked.session_id = context.session_id;
  asked.msg_id = context.msg_id;
  if (context.dc != 0) asked.dc = context.dc;
  asked.local = to_api(context.local);
  asked.remote_ip = context.remote.address().to_string();
  asked.session = port_of(context);
  return api_->call(std::move(asked), std::move(body));
}

void Wire::has_room(mtproto::SessionPort& session) {
  if (const auto port = std::static_pointer_cast<Port>(session.attachment)) api_->has_room(port->key());
}

void Wire::session_closed(mtproto::SessionPort& session) {
  if (const auto port = std::static_pointer_cast<Port>(session.attachment)) api_->session_closed(port->key(), *port);
}

void Wire::key_destroyed(std::int64_t permanent_key_id) {
  tasks_[static_cast<std::size_t>(cores_.here())]->spawn(tell_key_destroyed(api_, permanent_key_id));
}

Task<> Wire::stop() {
  for (int core = 0; core < cores_.count(); ++core) {
    co_await cores_.on(core, [this, core] { return join(core); });
  }
}

Task<bool> Wire::join(int core) {
  co_await tasks_[static_cast<std::size_t>(core)]->join();
  co_return true;
}

Task<Result<>> WireKeys::bind_temp(api::TempKeyBinding binding) {
  mtproto::TempKeyBinding asked;
  asked.temp_key_id = binding.temp_auth_key_id;
  asked.session_id = binding.session_id;
  asked.msg_id = binding.msg_id;
  asked.permanent_key_id = binding.perm_auth_key_id;
  asked.nonce = binding.nonce;
  asked.expires_at = binding.expires_at;
  asked.encrypted_message = std::move(binding.encrypted_message);
  const bool bound = co_await server_->bind_temp(std::move(asked));
  if (!bound) co_return fail(error::ENCRYPTED_MESSAGE_INVALID);
  co_return Result<>{};
}

Task<> WireKeys::drop_temps(std::int64_t perm_auth_key_id, std::vector<std::int64_t> except) {
  return server_->drop_temps(perm_auth_key_id, std::move(except));
}

}  // namespace helio::server
