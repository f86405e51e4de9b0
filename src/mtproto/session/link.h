// mtproto/session/link.h: a connection, as the sessions that use it see it.
#pragma once
#include "base/clock.h"
#include "net/endpoint.h"

namespace helio::mtproto {

class Link {
 public:
  virtual ~Link() = default;

  // A session has something for this connection: Session::collect() comes soon, for all that is ready by then.
  virtual void want_flush() = 0;
  // Ends the connection in `delay`, unless this is called again before. ping_delay_disconnect.
  virtual void disconnect_after(seconds delay) = 0;
  // A session that was overloaded() has room again.
  virtual void resume() = 0;

  virtual net::Endpoint local() const = 0;
  virtual net::Endpoint remote() const = 0;
};

}  // namespace helio::mtproto
