#include <gtest/gtest.h>

#include "base/random.h"
#include "base/virtual_clock.h"
#include "net/http/server.h"
#include "net/listener.h"
#include "net/pipe.h"
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

class Greeter final : public http::Handler {
 public:
  Task<http::Response> handle(http::Request request) override {
    http::Response response{.body = request.method + " " + request.target + " " + request.body};
    co_return response;
  }
};

// What the server says to `bytes`, sent in pieces of `piece`, until it closes or is silent for a virtual second.
Task<> converse(Clock& clock, ByteStream& client, Bytes bytes, std::size_t piece) {
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    client.write_some(View(bytes).substr(at, piece));
    co_await clock.sleep(milliseconds(1));
  }
  co_await clock.sleep(seconds(1));
  client.close();
}

Task<> collect(ByteStream& client, Bytes& answer) {
  for (;;) {
    const std::span<char> bytes = co_await client.read();
    if (bytes.empty()) co_return;
    answer.append(bytes.data(), bytes.size());
  }
}

Task<> http_talk(Clock& clock, http::Handler& handler, Bytes request, std::size_t piece, Bytes& answer) {
  const auto executor = co_await asio::this_coro::executor;
  Pipe pipe = make_pipe(executor);
  TaskGroup group(executor);
  group.spawn(http::serve(std::move(pipe.a), clock, handler, http::Limits{.body_max = 1000}));
  group.spawn(collect(*pipe.b, answer));
  group.spawn(converse(clock, *pipe.b, std::move(request), piece));
  co_await group.join();
}

Bytes http_answer(Bytes request, std::size_t piece = 100'000) {
  asio::io_context context;
  VirtualClock clock(context);
  Greeter greeter;
  Bytes answer;
  clock.run(http_talk(clock, greeter, std::move(request), piece, answer));
  return answer;
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

TEST(Http, AnswersAtAnySplit) {
  const Bytes request =
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const std::size_t piece : {1, 3, 20, 1000}) {
    const Bytes answer = http_answer(request, piece);
    EXPECT_NE(answer.find("\r\n\r\nPOST /a hello"), Bytes::npos) << answer;
    EXPECT_NE(answer.find("\r\n\r\nGET /b "), Bytes::npos) << answer;
  }
}

TEST(Http, RefusesWithTheRightStatus) {
  EXPECT_TRUE(http_answer("\x16\x03\x01\x02 rubbish\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(http_answer("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n").starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(http_answer("GET / HTTP/1.1\r\nA: " + Bytes(20'000, 'a')).starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(http_answer("GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
                  .starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(
      http_answer("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab").starts_with("HTTP/1.1 400 "));
  Bytes many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 101; ++i) many += "A: 1\r\n";
  EXPECT_TRUE(http_answer(many + "\r\n").starts_with("HTTP/1.1 431 "));
}

TEST(Http, HeadHasNoBodyAndCloseCloses) {
  const Bytes answer = http_answer("HEAD / HTTP/1.1\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("Connection: close\r\n\r\n")) << answer;
}

}  // namespace helio::net
