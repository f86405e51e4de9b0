// mtproto/session/link.h: a connection, as the sessions that use it see it.
#pragma once
#include "base/clock.h"
#include "net/endpoint.h"

namespace helio::mtproto {

// What http_wait asks for, and what holds without one. Each within 0..25,000 ms.
struct HttpWait {
  milliseconds max_delay{0};      // From the first message that is ready to the answer, at most.
  milliseconds wait_after{0};     // From the last one that became ready: there may be more.
  milliseconds max_wait{25'000};  // While there is none.
};

class Link {
 public:
  virtual ~Link() = default;

  // A session has something for this connection: Session::collect() comes soon, for all that is ready by then.
  virtual void want_flush() = 0;
  // Ends the connection in `delay`, unless this is called again before. ping_delay_disconnect.
  virtual void disconnect_after(seconds delay) = 0;
  // How long the request under way may wait for its answer. Nothing on a stream.
  virtual void http_wait(const HttpWait& wait) = 0;
  // A session that was overloaded() has room again.
  virtual void resume() = 0;

  virtual net::Endpoint local() const = 0;
  virtual net::Endpoint remote() const = 0;
};

}  // namespace helio::mtproto
