// api/api.h: the door for TL methods: one encoded query in, one encoded answer out.
//
// A call is unwrapped (api/wrappers.h), its layer and client are stored with its permanent key, its rights are checked
// (api/method.h), it runs, and its answer is encoded in the layer of that key. Calling also subscribes the session to
// the updates of its user (api/push.h).
// Threads: a call runs on the core of its session; one Api serves all cores.
#pragma once
#include "api/call.h"
#include "api/push.h"
#include "api/table.h"

namespace helio::api {

struct Unwrapped;

class Api {
 public:
  Api(Services services, Settings settings);

  // The answer to `body`, ready to go into an rpc_result: what the method returns, or an rpc_error. Never throws but
  // when it is cancelled: a broken store is logged, and answered with 500 INTERNAL.
  Task<Bytes> call(Context context, Bytes body);

  // `session` is gone for good: it gets no more updates. On the session's core.
  void session_closed(SessionKey key, const Session& session) { pushes_.close(key, session); }

  // Session::push() said no, and would not now. On the session's core.
  void has_room(SessionKey session) { pushes_.has_room(session); }

  // A permanent key was destroyed: whoever was signed in on it is out.
  Task<> key_destroyed(std::int64_t auth_key_id);

  // Ends the pushes of every core. Once, before the cores stop; no calls after it.
  Task<> stop() { return pushes_.stop(); }

 private:
  using Device = std::shared_ptr<const tl::record::Device>;

  Task<Result<Bytes>> answer(Context context, Bytes body);
  Task<Result<>> remember_client(std::int64_t key, Device device, Unwrapped unwrapped);
  Task<Result<>> wait_for(std::shared_ptr<Session> session, std::vector<std::int64_t> msg_ids);
  Task<> follow_updates(Context context, domain::UserId user, tl::Layer layer);

  Services services_;
  Settings settings_;
  Table table_;
  Pushes pushes_;
};

}  // namespace helio::api
