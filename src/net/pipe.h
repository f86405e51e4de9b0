// net/pipe.h: two ByteStreams that are each other's peer, without a network: for tests and simulations.
//
// Both live on one core. Each direction holds at most `capacity` bytes, then write_some() takes no more.
#pragma once
#include "net/byte_stream.h"

namespace helio::net {

struct Pipe {
  std::unique_ptr<ByteStream> a, b;
};
Pipe make_pipe(Executor executor, std::size_t capacity = 1 << 20);

}  // namespace helio::net
