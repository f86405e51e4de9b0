// net/byte_stream.h: bytes in order to and from one peer; TCP, TLS and WebSocket look the same from above.
//
// Memory:  a stream that waits owns no buffer: what arrives is read into one that its core shares.
// Threads: everything on the stream's own core. move_to() carries the stream to another.
// Errors:  a peer that hangs up is ordinary: reads come back empty, writes come back as kGone.
// Owner:   destroying a stream closes it; no read() or writable() may be waiting then.
#pragma once
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/tasks.h"
#include "net/endpoint.h"

namespace helio::net {

class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // Waits for bytes and returns those that are there; empty when the stream is closed, by either side. The caller may
  // change the bytes; they are valid until it next waits for anything. One at a time.
  virtual Task<std::span<char>> read() = 0;

  // Sends at once what fits, which may be nothing; nullopt when the stream is closed.
  virtual std::optional<std::size_t> write_some(View bytes) = 0;
  // Returns when write_some() may succeed again, or would say that the stream is closed. One at a time.
  virtual Task<> writable() = 0;

  // The peer is told that nothing more will come; reading goes on. Before close() it lets the last bytes arrive:
  // closing with unread input makes the system throw them away.
  virtual void end_writing() = 0;
  // Nothing more goes in or out; a waiting read() or writable() returns.
  virtual void close() = 0;

  virtual Endpoint local() const = 0;
  virtual Endpoint remote() const = 0;

  // The same stream for the core of `executor`; this one is closed from then on. Nothing may be waiting. The result is
  // used on its new core only.
  virtual std::unique_ptr<ByteStream> move_to(Executor executor) = 0;
};

}  // namespace helio::net
