#include "net/listener.h"

#include <boost/asio/as_tuple.hpp>

#include "base/log.h"
#include "net/tcp_stream.h"

namespace helio::net {

namespace {

std::string why(const boost::system::error_code& error) {
  if (error == asio::error::address_in_use) return "the port is in use by another program";
  if (error == asio::error::access_denied) return "this user may not open that port";
  if (error == boost::system::errc::address_not_available) return "this machine does not have that address";
  return error.message();
}

}  // namespace

Listener::Listener(Cores& cores, Clock& clock, Endpoint at)
    : cores_(cores), clock_(clock), acceptor_(cores.executor(0)) {
  boost::system::error_code error;
  const auto check = [&] {
    if (error) throw ListenError("cannot listen on " + to_text(at) + ": " + why(error));
  };
  acceptor_.open(at.protocol(), error);
  check();
  // A restarted server must not wait for the old one's closed connections to be forgotten.
  acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  check();
  acceptor_.bind(at, error);
  check();
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  check();
  local_ = acceptor_.local_endpoint();
}

Task<> Listener::run(Accepted accepted) {
  // A connection may still be on its way to its core when this task has ended.
  const auto shared = std::make_shared<const Accepted>(std::move(accepted));
  for (;;) {
    const int core = next_core_;
    TcpSocket socket(cores_.executor(core));
    const auto [error] = co_await acceptor_.async_accept(socket, asio::as_tuple(use_task));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      // Out of descriptors or memory: what is open goes on, new ones wait in the system's queue.
      log::warn("listener.accept_failed", {{"why", error.message()}});
      co_await clock_.sleep(milliseconds(100));
      continue;
    }
    next_core_ = (core + 1) % cores_.count();
    cores_.post(core, [core, shared, stream = make_tcp_stream(std::move(socket))]() mutable {
      (*shared)(core, std::move(stream));
    });
  }
}

}  // namespace helio::net
