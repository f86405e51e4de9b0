// net/listener.h: accepts TCP connections on one address and deals them out to the cores in turn.
//
// Threads: built anywhere; run() on core 0.
#pragma once
#include <functional>
#include <stdexcept>

#include "base/clock.h"
#include "base/cores.h"
#include "net/byte_stream.h"

namespace helio::net {

// One sentence for the owner of the machine: which address, and why not.
struct ListenError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Listener {
 public:
  // What becomes of a connection; called on the core that the stream belongs to. Any core, so it must not be changed.
  using Accepted = std::function<void(int core, std::unique_ptr<ByteStream> stream)>;

  // Binds and listens; from then on the system queues connections. Throws ListenError.
  Listener(Cores& cores, Clock& clock, Endpoint at);

  // Where it listens: the port is real even when 0 was asked for.
  Endpoint local() const { return local_; }

  // Accepts until the task is cancelled.
  Task<> run(Accepted accepted);

 private:
  Cores& cores_;
  Clock& clock_;
  asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor_;
  Endpoint local_;
  int next_core_ = 0;
};

}  // namespace helio::net
