// net/http/server.h: HTTP/1.1 on a ByteStream, one request after the other; the last one may open a WebSocket.
//
// Limits: heads as in request_head.h, body by Limits, a request within Limits::request_time, at most idle_time between
// two. What breaks HTTP or a limit of size is answered with its status and closed; what takes too long is closed.
// Threads: the connection's core. Source: RFC 9112, RFC 6455.
#pragma once
#include "base/clock.h"
#include "net/byte_stream.h"
#include "net/http/message.h"

namespace helio::net::http {

struct Limits {
  std::size_t body_max = 64 << 10;
  seconds request_time{30};
  seconds idle_time{75};
};

// Serves `stream` until either side is done with it, a limit is passed, a WebSocket was handed over or the task is
// cancelled. `clock` and `handler` outlive the task.
Task<> serve(std::unique_ptr<ByteStream> stream, Clock& clock, Handler& handler, Limits limits);

}  // namespace helio::net::http
