// mtproto/handler.h: what the wire asks of the floor above, and what it offers to it. Bodies are opaque here.
//
// Threads: a session lives on one core, that of its auth key; everything below happens on that core.
#pragma once
#include <memory>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/tasks.h"
#include "net/endpoint.h"

namespace helio::mtproto {

// How a query of a session stands.
enum class Outcome {
  kDone,     // Answered, and not with an rpc_error.
  kFailed,   // Answered with an rpc_error, or its answer was dropped.
  kPending,  // Not answered yet, or never seen.
};

// One session of a client, as the floor above sees it. Who keeps one beyond a call keeps a weak_ptr: a session ends
// when its client destroys it, its key goes, or it has been without a connection for long.
class SessionPort {
 public:
  virtual ~SessionPort() = default;

  // Queues a message that answers nothing, such as an update, for delivery in the order of these calls; it is sent
  // until the client acknowledges it. False, and nothing taken, while too much waits already: Handler::has_room()
  // follows.
  virtual bool push(Bytes body) = 0;

  // Waits until query `msg_id` is answered, at most until `deadline`.
  virtual Task<Outcome> outcome_of(std::int64_t msg_id, Ticks deadline) = 0;

  virtual std::int64_t auth_key_id() const = 0;  // Of the key that encrypts it, permanent or temporary.
  virtual std::int64_t session_id() const = 0;

  // The floor above may hang here what it keeps for the session; it goes with it.
  std::shared_ptr<void> attachment;
};

struct CallContext {
  std::shared_ptr<SessionPort> session;  // Never null.
  std::int64_t auth_key_id = 0;          // Of the key that encrypted the query.
  std::int64_t permanent_key_id = 0;     // The same, or the one it is bound to; 0: temporary and not bound.
  std::int64_t session_id = 0;
  std::int64_t msg_id = 0;
  int dc = 0;                   // As the key exchange named it: +10000 for test, negative for media; 0: it did not.
  net::Endpoint local, remote;  // Of the connection that the query came on.
};

class Handler {
 public:
  virtual ~Handler() = default;

  // Runs one query and returns the encoded result or rpc_error. Never throws, except when cancelled. Calls of a session
  // start in the order of their msg_id, as far as they arrived together, and run side by side.
  virtual Task<Bytes> call(CallContext context, Bytes body) = 0;

  // push() said no, and there is room now: updatesTooLong may be pushed.
  virtual void has_room(SessionPort& session) = 0;

  // The session ends after this call.
  virtual void session_closed(SessionPort& session) = 0;

  // A permanent key was destroyed by its client: nothing will speak for it any more.
  virtual void key_destroyed(std::int64_t permanent_key_id) = 0;
};

}  // namespace helio::mtproto
