// net/http/server.h: HTTP/1.1 on a ByteStream, one request after the other.
//
// Limits: header 16 KiB and 100 fields, body by Limits, a request within Limits::request_time, at most idle_time
// between two. What breaks HTTP or a limit is answered with 400, 408, 413 or 431 where that is still possible, and
// closed. Threads: the connection's core. Source: RFC 9112.
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

// Serves `stream` until either side is done with it, a limit is passed or the task is cancelled.
// `clock` and `handler` outlive the task.
Task<> serve(std::unique_ptr<ByteStream> stream, Clock& clock, Handler& handler, Limits limits);

}  // namespace helio::net::http
