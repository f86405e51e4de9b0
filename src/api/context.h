// api/context.h: what the wire tells about one call, and what the api asks of the session it came from.
//
// The api never sees a socket or a packet. The room that plugs the wire in (server/) makes one Session for each
// MTProto session and one Context for each query.
#pragma once
#include <compare>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/tasks.h"

namespace helio::api {

// How an earlier query of a session ended.
enum class Outcome { kDone, kFailed, kPending };

// One MTProto session. All calls on the core that the session lives on.
class Session {
 public:
  virtual ~Session() = default;

  // Hands over one encoded Updates, to be delivered in the order of these calls. False, and nothing taken, when the
  // session is gone or has as much waiting as it may have; Api::has_room() or session_closed() follows.
  virtual bool push(Bytes updates) = 0;

  // Waits until the query `msg_id` of this session has ended, at most until `deadline`; kPending when it has not by
  // then, or was never seen.
  virtual Task<Outcome> outcome_of(std::int64_t msg_id, Ticks deadline) = 0;
};

// A session belongs to a permanent key: whichever temporary key carries it today.
struct SessionKey {
  std::int64_t auth_key_id = 0;
  std::int64_t session_id = 0;
  auto operator<=>(const SessionKey&) const = default;
};

// An address of ours, as the client reached it.
struct Endpoint {
  std::string ip;
  int port = 0;
  bool is_v6 = false;
};

struct Context {
  std::int64_t auth_key_id = 0;                  // Of the key that encrypted the query.
  std::optional<std::int64_t> perm_auth_key_id;  // The same for a permanent key; nullopt: temporary and not bound.
  std::int64_t session_id = 0;
  std::int64_t msg_id = 0;
  int dc = 2;      // As the key exchange named it: DC id, +10000 for test, negative for media.
  Endpoint local;  // Where this connection arrived.
  std::string remote_ip;
  std::shared_ptr<Session> session;  // Never null.
};

}  // namespace helio::api
