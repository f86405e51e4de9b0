#include <gtest/gtest.h>

#include "net/listener.h"
#include "net/tcp_stream.h"

namespace helio::net {

namespace {

Endpoint loopback(std::uint16_t port = 0) {
  return {asio::ip::address_v4::loopback(), port};
}

// Sends everything back.
Task<> echo(std::unique_ptr<ByteStream> stream) {
  for (;;) {
    const std::span<char> bytes = co_await stream->read();
    if (bytes.empty()) co_return;
    Bytes copy(bytes.data(), bytes.size());
    while (!copy.empty()) {
      const auto written = stream->write_some(copy);
      if (!written) co_return;
      copy.erase(0, *written);
      if (!copy.empty()) co_await stream->writable();
    }
  }
}

// A server on three cores that moves each connection to the next core before it echoes.
struct EchoServer {
  Cores cores{3};
  SystemClock clock;
  Listener listener{cores, clock, loopback()};
  std::vector<std::unique_ptr<TaskGroup>> groups;

  EchoServer() {
    for (int i = 0; i < cores.count(); ++i) groups.push_back(std::make_unique<TaskGroup>(cores.executor(i)));
    groups[0]->spawn(listener.run([this](int core, std::unique_ptr<ByteStream> stream) {
      EXPECT_EQ(cores.here(), core);
      const int next = (core + 1) % cores.count();
      auto moved = stream->move_to(cores.executor(next));
      cores.post(next, [this, next, moved = std::move(moved)]() mutable {
        groups[static_cast<std::size_t>(next)]->spawn(echo(std::move(moved)));
      });
    }));
  }
};

Task<> talk(EchoServer& server, int& equal) {
  for (int i = 0; i < 6; ++i) {
    auto stream = co_await connect_tcp(server.listener.local());
    if (!stream) continue;
    Bytes sent(300'000, static_cast<char>('a' + i));
    View left = sent;
    Bytes received;
    while (received.size() < sent.size()) {
      const auto written = stream->write_some(left);
      left.remove_prefix(written.value_or(0));
      const std::span<char> bytes = co_await stream->read();
      if (bytes.empty()) break;
      received.append(bytes.data(), bytes.size());
    }
    equal += received == sent && stream->remote() == server.listener.local();
    stream->close();
  }
  // Let the echoes see the end before their loops stop.
  co_await server.clock.sleep(milliseconds(50));
  server.groups[0]->cancel();
  co_await server.groups[0]->join();
  server.cores.stop();
}

}  // namespace

TEST(Listener, ConnectionsMoveBetweenCoresAndLoseNothing) {
  int equal = 0;
  EchoServer server;
  server.cores.post(0, [&] {
    // Not in the group that the talk itself cancels.
    asio::co_spawn(server.cores.executor(0), talk(server, equal),
                   [](std::exception_ptr failure) { EXPECT_FALSE(failure); });
  });
  server.cores.run();
  EXPECT_EQ(equal, 6);
  for (int i = 0; i < 3; ++i) {
    server.groups[static_cast<std::size_t>(i)]->cancel();
    run_until_done(server.cores.context(i), server.groups[static_cast<std::size_t>(i)]->join());
  }
}

TEST(TcpStream, AWaitingReadEndsWithItsTask) {
  Cores cores(1);
  asio::io_context& context = cores.context(0);
  asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor(context.get_executor(), loopback());
  std::unique_ptr<ByteStream> stream;
  int reads = 0;
  TaskGroup reading(context.get_executor());
  run_until_done(
      context, [](auto& at, auto& to) -> Task<> { to = co_await connect_tcp(at.local_endpoint()); }(acceptor, stream));
  TcpSocket peer(context.get_executor());
  acceptor.accept(peer);
  reading.spawn([](ByteStream& from, int& count) -> Task<> {
    for (;;) {
      const std::span<char> bytes = co_await from.read();
      if (bytes.empty()) co_return;
      ++count;
    }
  }(*stream, reads));
  for (int i = 0; i < 3; ++i) {
    peer.write_some(asio::buffer("x", 1));
    context.restart();
    while (reads <= i) context.run_one();
  }
  EXPECT_EQ(reading.size(), 1u);
  reading.cancel();
  run_until_done(context, reading.join());
  EXPECT_EQ(reads, 3);
}

TEST(TcpStream, KeepsTheAddressesOfAPeerThatIsGoneWhereverItMoves) {
  asio::io_context context;
  asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor(context.get_executor(), loopback());
  TcpSocket peer(context.get_executor()), accepted(context.get_executor());
  peer.connect(acceptor.local_endpoint());
  acceptor.accept(accepted);
  const Endpoint remote = peer.local_endpoint();
  auto stream = make_tcp_stream(std::move(accepted));
  peer.set_option(asio::socket_base::linger(true, 0));
  peer.close();  // With a reset: the system forgets who it was.
  for (int i = 0; i < 2; ++i) {
    stream = stream->move_to(context.get_executor());
    EXPECT_EQ(stream->remote(), remote);
    EXPECT_EQ(stream->local(), acceptor.local_endpoint());
    stream->close();
  }
}

TEST(Listener, SaysInOneSentenceThatAPortIsInUse) {
  Cores cores(1);
  SystemClock clock;
  Listener first(cores, clock, loopback());
  try {
    Listener second(cores, clock, first.local());
    FAIL();
  } catch (const ListenError& error) {
    EXPECT_EQ(std::string(error.what()),
              "cannot listen on " + to_text(first.local()) + ": the port is in use by another program");
  }
}

}  // namespace helio::net
