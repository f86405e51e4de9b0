// server/wire.h: plugs the wire into the API: what a session says becomes a Call, what the API pushes becomes a
// message; and the API's questions about keys become operations of the wire.
//
// Threads: the core of the session that calls.
#pragma once
#include "api/api.h"
#include "mtproto/handler.h"
#include "mtproto/server.h"

namespace helio::server {

api::Endpoint to_api(const net::Endpoint& endpoint);

// From sessions up to the API.
class Wire final : public mtproto::Handler {
 public:
  explicit Wire(Cores& cores);
  // Before the first call. `api` outlives the calls.
  void plug(api::Api& api) { api_ = &api; }
  Task<> stop();  // Returns when no task of the Wire runs on any core.

  Task<Bytes> call(mtproto::CallContext context, Bytes body) override;
  void has_room(mtproto::SessionPort& session) override;
  void session_closed(mtproto::SessionPort& session) override;
  void key_destroyed(std::int64_t permanent_key_id) override;

 private:
  Task<bool> join(int core);

  Cores& cores_;
  api::Api* api_ = nullptr;
  std::vector<std::unique_ptr<TaskGroup>> tasks_;  // One a core: what follows from a destroyed key.
};

// From the API down to keys.
class WireKeys final : public api::Keys {
 public:
  void plug(mtproto::Server& server) { server_ = &server; }  // Before the first call.

  Task<Result<>> bind_temp(api::TempKeyBinding binding) override;
  Task<> drop_temps(std::int64_t perm_auth_key_id, std::vector<std::int64_t> except) override;

 private:
  mtproto::Server* server_ = nullptr;
};

}  // namespace helio::server
