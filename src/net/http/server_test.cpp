#include "net/http/server.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include "base/virtual_clock.h"
#include "net/http/test_frames.h"
#include "net/pipe.h"

namespace helio::net::http {

namespace {

// Sends everything back, in a WebSocket too.
class Greeter final : public Handler {
 public:
  explicit Greeter(Executor executor) : echoes_(executor) {}

  Task<Response> handle(Request request) override {
    Response response{.body = request.method + " " + request.target + " " + request.body};
    co_return response;
  }
  bool takes_web_socket(View path) const override { return path == "/ws"; }
  void web_socket(std::string path, std::unique_ptr<ByteStream> stream) override {
    EXPECT_EQ(path, "/ws");
    echoes_.spawn(echo(std::move(stream)));
  }
  Task<> join() { return echoes_.join(); }

 private:
  static Task<> echo(std::unique_ptr<ByteStream> stream) {
    for (;;) {
      const std::span<char> bytes = co_await stream->read();
      if (bytes.empty()) co_return;
      EXPECT_EQ(stream->write_some({bytes.data(), bytes.size()}), bytes.size());
    }
  }

  TaskGroup echoes_;
};

Task<> say(Clock& clock, ByteStream& client, Bytes bytes, std::size_t piece, seconds stay) {
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    client.write_some(View(bytes).substr(at, piece));
    co_await clock.sleep(milliseconds(1));
  }
  co_await clock.sleep(stay);
  client.close();
}

Task<> collect(ByteStream& client, Bytes& answer) {
  for (;;) {
    const std::span<char> bytes = co_await client.read();
    if (bytes.empty()) co_return;
    answer.append(bytes.data(), bytes.size());
  }
}

Task<> talk(Clock& clock, Bytes request, std::size_t piece, seconds stay, Bytes& answer) {
  const auto executor = co_await asio::this_coro::executor;
  Greeter greeter(executor);
  Pipe pipe = make_pipe(executor);
  TaskGroup group(executor);
  group.spawn(serve(std::move(pipe.a), clock, greeter, Limits{.body_max = 1000}));
  group.spawn(collect(*pipe.b, answer));
  group.spawn(say(clock, *pipe.b, std::move(request), piece, stay));
  co_await group.join();
  co_await greeter.join();
}

// What the server says to `request`, sent in pieces, until the client goes after a virtual second.
Bytes answer_to(Bytes request, std::size_t piece = 100'000, seconds stay = seconds(1)) {
  asio::io_context context;
  VirtualClock clock(context);
  Bytes answer;
  clock.run(talk(clock, std::move(request), piece, stay, answer));
  return answer;
}

// The request of RFC 6455, 1.2, with or without some of its fields.
Bytes upgrade(std::string_view version = "13", std::string_view protocols = "chat, binary",
              std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==", std::string_view path = "/ws?a=b") {
  Bytes text = "GET " + Bytes(path) + " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  if (!version.empty()) text += "Sec-WebSocket-Version: " + Bytes(version) + "\r\n";
  if (!protocols.empty()) text += "Sec-WebSocket-Protocol: " + Bytes(protocols) + "\r\n";
  if (!key.empty()) text += "Sec-WebSocket-Key: " + Bytes(key) + "\r\n";
  return text + "Sec-WebSocket-Extensions: permessage-deflate\r\nOrigin: https://else.where\r\n\r\n";
}

}  // namespace

TEST(Http, AnswersAtAnySplit) {
  const Bytes request =
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
      "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
      "GET http://x/b HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const std::size_t piece : {1, 3, 20, 1000}) {
    const Bytes answer = answer_to(request, piece);
    EXPECT_NE(answer.find("\r\n\r\nPOST /a hello"), Bytes::npos) << answer;
    EXPECT_NE(answer.find("\r\n\r\nPOST /c hello"), Bytes::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nGET /b ")) << answer;
  }
}

TEST(Http, RefusesWithTheRightStatusAndReadsNoMore) {
  struct Case {
    Bytes request;
    std::string_view status;
  };
  const Bytes start = "POST / HTTP/1.1\r\nHost: x\r\n";
  for (const auto& [request, status] :
       {Case{"\x16\x03\x01\x02", "400"},
        {start + "Content-Length: 1001\r\n\r\n", "413"},
        {start + "A: " + Bytes(20'000, 'a'), "431"},
        {start + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
        {start + "Transfer-Encoding: chunked\r\n\r\n400\r\n", "413"},
        {start + "Transfer-Encoding: chunked\r\n\r\n1;x\r\na\r\n0\r\n\r\n", "400"},
        {start + "Transfer-Encoding: gzip\r\n\r\n", "501"},
        {"POST / HTTP/3.0\r\n\r\n", "505"}}) {
    for (const std::size_t piece : {1000, 100'000}) {
      const Bytes answer = answer_to(request + "GET /next HTTP/1.1\r\nHost: x\r\n\r\n", piece);
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + Bytes(status) + " ")) << answer;
      EXPECT_NE(answer.find("\r\nConnection: close\r\n"), Bytes::npos) << answer;
      EXPECT_EQ(answer.find("HTTP/1.1 ", 1), Bytes::npos) << answer;
    }
  }
}

TEST(Http, HeadHasNoBodyAndCloseCloses) {
  const Bytes answer =
      answer_to("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("Connection: close\r\n\r\n")) << answer;
  EXPECT_NE(answer.find("Content-Length: 7\r\n"), Bytes::npos) << answer;
}

TEST(Http, ContinuesOnlyWhereABodyIsAwaited) {
  const Bytes expecting = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ";
  const Bytes answer = answer_to(expecting + "2\r\n\r\nab", 1);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer_to(expecting + "2\r\n\r\nab").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(answer_to(expecting + "0\r\n\r\n").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(answer_to(expecting + "1001\r\n\r\n").starts_with("HTTP/1.1 413 "));
}

TEST(Http, ClosesWhatTakesTooLong) {
  const Bytes request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_FALSE(answer_to(request, 1).empty());
  asio::io_context context;
  VirtualClock clock(context);
  const Ticks begin = clock.ticks();
  Bytes answer;
  clock.run([](VirtualClock& time, Bytes& got) -> Task<> {
    const auto executor = co_await asio::this_coro::executor;
    Greeter greeter(executor);
    Pipe pipe = make_pipe(executor);
    pipe.b->write_some("G");
    TaskGroup group(executor);
    group.spawn(collect(*pipe.b, got));
    const Limits limits;
    co_await serve(std::move(pipe.a), time, greeter, limits);
    co_await group.join();
  }(clock, answer));
  EXPECT_EQ(answer, "");
  EXPECT_GE(clock.ticks() - begin, Limits{}.request_time);
  EXPECT_LE(clock.ticks() - begin, Limits{}.request_time + seconds(2));
}

TEST(Http, BecomesAWebSocketAtAnySplit) {
  const Bytes request = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n" + upgrade() + client_frame(0x82, "hello") +
                        client_frame(0x02, "yo") + client_frame(0x89, "?") + client_frame(0x80, "u") +
                        client_frame(0x88, "");
  for (std::size_t piece = 1; piece < request.size() + 50; piece += 1 + piece / 7) {
    const Bytes answer = answer_to(request, piece);
    const std::size_t at = answer.find("HTTP/1.1 101 ");
    ASSERT_NE(at, Bytes::npos) << answer;
    const std::size_t end = answer.find("\r\n\r\n", at) + 4;
    EXPECT_EQ(answer.substr(at, end - at),
              "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: binary\r\n\r\n");
    Bytes echoed;
    bool pong = false, closed = false;
    for (const auto& frame : server_frames(answer.substr(end))) {
      if (frame.start == 0x82) echoed += frame.payload;
      pong |= frame == ServerFrame{0x8a, "?"};
      closed |= frame == ServerFrame{0x88, "\x03\xe8"};
    }
    EXPECT_EQ(echoed, "helloyou");
    EXPECT_TRUE(pong);
    EXPECT_TRUE(closed);
  }
}

// Counted with the allocator.
Bytes::size_type in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// Keeps a WebSocket, and reads nothing from it.
class Keeper final : public Handler {
 public:
  Task<Response> handle(Request) override { co_return Response(); }
  bool takes_web_socket(View path) const override { return path == "/ws"; }
  void web_socket(std::string, std::unique_ptr<ByteStream> stream) override { stream_ = std::move(stream); }

 private:
  std::unique_ptr<ByteStream> stream_;
};

// What the server holds for a client that has sent `big`, in one piece, and `small`, and waits.
std::size_t held_after(Bytes big, Bytes small, Bytes& answer) {
  asio::io_context context;
  VirtualClock clock(context);
  Keeper keeper;
  Pipe pipe = make_pipe(context.get_executor());
  TaskGroup group(context.get_executor());
  group.spawn(serve(std::move(pipe.a), clock, keeper, Limits{}));
  group.spawn(collect(*pipe.b, answer));
  clock.run_for(milliseconds(1));
  const std::size_t before = in_use();
  for (const View piece : {View(big), View(small)}) {
    EXPECT_EQ(pipe.b->write_some(piece), piece.size());
    clock.run_for(milliseconds(1));
  }
  const std::size_t after = in_use();
  pipe.b->close();
  clock.run(group.join());
  return after - std::min(before, after);
}

TEST(Http, AnIdleConnectionHoldsNothingOfItsRequests) {
  const Bytes unused(15'000, 'u');
  for (const Bytes& request : {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n" + Bytes(60'000, 'b'),
                               upgrade("13", unused, "key", "/"), upgrade("13", "binary," + unused)}) {
    Bytes answer;
    answer.reserve(1000);
    const std::size_t held =
        held_after(request.substr(0, request.size() - 1), request.substr(request.size() - 1), answer);
    EXPECT_LT(held, 6'000u) << request.substr(0, 30);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 ")) << answer;
  }
}

TEST(Http, AWebSocketOutlivesTheLimitsOfRequests) {
  const Bytes answer = answer_to(upgrade() + client_frame(0x82, "hello"), 100'000, Limits{}.idle_time * 3);
  EXPECT_EQ(server_frames(answer.substr(answer.find("\r\n\r\n") + 4)), (std::vector<ServerFrame>{{0x82, "hello"}}));
}

TEST(Http, A04_AWebSocketNeedsTheSubProtocolBinary) {
  for (const auto* protocols : {"", "chat", "Binary", "binary2", "bin ary", "x-binary, chat"}) {
    const Bytes answer = answer_to(upgrade("13", protocols) + client_frame(0x82, "hello"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << protocols;
    EXPECT_EQ(answer.find("hello"), Bytes::npos);
  }
  for (const auto* protocols : {"binary", "chat,binary", " binary ,chat"}) {
    EXPECT_TRUE(answer_to(upgrade("13", protocols)).starts_with("HTTP/1.1 101 ")) << protocols;
  }
}

TEST(Http, RefusesAnUpgradeThatIsNotWhole) {
  const Bytes old = answer_to(upgrade("8"));
  EXPECT_TRUE(old.starts_with("HTTP/1.1 426 ")) << old;
  EXPECT_NE(old.find("\r\nSec-WebSocket-Version: 13\r\n"), Bytes::npos) << old;
  EXPECT_TRUE(answer_to(upgrade("")).starts_with("HTTP/1.1 426 "));
  for (const auto* key : {"", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZWEx",
                          "dGhlIHNhbXBsZSBub25jZ-==", "dGhlIHNhbXBsZSBub25jZSBub25jZQ=="}) {
    EXPECT_TRUE(answer_to(upgrade("13", "binary", key)).starts_with("HTTP/1.1 400 ")) << key;
  }
  Bytes post = upgrade();
  post.replace(0, 3, "POST");
  EXPECT_TRUE(answer_to(post).starts_with("HTTP/1.1 400 "));
  Bytes with_body = upgrade();
  with_body.insert(with_body.size() - 2, "Content-Length: 3\r\n");
  EXPECT_TRUE(answer_to(with_body + "abc").starts_with("HTTP/1.1 400 "));
}

TEST(Http, AnotherPathKnowsNoWebSocket) {
  const Bytes answer = answer_to(upgrade("13", "binary", "dGhlIHNhbXBsZSBub25jZQ==", "/ws2"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
}

}  // namespace helio::net::http
