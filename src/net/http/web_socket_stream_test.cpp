#include "net/http/web_socket_stream.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <boost/asio/write.hpp>

#include "base/virtual_clock.h"
#include "net/http/test_frames.h"
#include "net/pipe.h"
#include "net/tcp_stream.h"

namespace helio::net::http {

namespace {

constexpr unsigned kLast = 0x80, kBinary = 0x82, kClose = 0x88, kPong = 0x8a;

const Bytes kCode1000("\x03\xe8", 2);

// A client's end of a pipe, and the WebSocket on the other end.
struct Site {
  asio::io_context context;
  VirtualClock clock{context};
  Pipe pipe;
  std::unique_ptr<ByteStream> stream;
  Bytes received;  // By the client.

  explicit Site(std::size_t capacity = 1 << 20, Bytes already_read = {})
      : pipe(make_pipe(context.get_executor(), capacity)),
        stream(make_web_socket_stream(std::move(pipe.a), std::move(already_read))) {}

  void send(View bytes) { EXPECT_EQ(pipe.b->write_some(bytes), bytes.size()); }

  Task<> take_all() {
    for (;;) {
      const std::span<char> bytes = co_await pipe.b->read();
      if (bytes.empty()) co_return;
      received.append(bytes.data(), bytes.size());
    }
  }

  // What the server reads until the end.
  Task<> read_all(Bytes& payload, int& reads) {
    for (;;) {
      const std::span<char> bytes = co_await stream->read();
      ++reads;
      if (bytes.empty()) co_return;
      payload.append(bytes.data(), bytes.size());
    }
  }
  Bytes read_all() {
    Bytes payload;
    int reads = 0;
    clock.run(read_all(payload, reads));
    return payload;
  }

  // What has reached the client so far.
  std::vector<ServerFrame> frames() {
    TaskGroup taking(context.get_executor());
    taking.spawn(take_all());
    clock.run_for(milliseconds(1));
    taking.cancel();
    clock.run(taking.join());
    return server_frames(received);
  }
};

Task<> write_all(ByteStream& stream, Bytes bytes, std::size_t growth) {
  // The caller's queue may have grown when it comes back with the rest.
  std::size_t known = std::min(growth, bytes.size());
  for (std::size_t sent = 0; sent < bytes.size();) {
    const auto written = stream.write_some(View(bytes).substr(sent, known - sent));
    EXPECT_TRUE(written);
    if (!written) co_return;
    sent += *written;
    known = std::min(known + growth, bytes.size());
    if (*written == 0) co_await stream.writable();
  }
}

Bytes joined(const std::vector<ServerFrame>& frames) {
  Bytes payload;
  for (const auto& frame : frames) {
    EXPECT_EQ(frame.start, kBinary);
    payload += frame.payload;
  }
  return payload;
}

// Takes note of every write.
class Recorder final : public ByteStream {
 public:
  explicit Recorder(std::vector<Bytes>& writes) : writes_(writes) {}
  Task<std::span<char>> read() override { co_return std::span<char>(); }
  std::optional<std::size_t> write_some(View bytes) override {
    writes_.emplace_back(bytes);
    return bytes.size();
  }
  Task<> writable() override { co_return; }
  void end_writing() override {}
  void close() override {}
  Endpoint local() const override { return {}; }
  Endpoint remote() const override { return {}; }
  std::unique_ptr<ByteStream> move_to(Executor) override { return std::make_unique<Recorder>(writes_); }

 private:
  std::vector<Bytes>& writes_;
};

}  // namespace

TEST(WebSocketStream, ReadsPayloadAndNothingElse) {
  Site site;
  Bytes payload;
  int reads = 0;
  TaskGroup reading(site.context.get_executor());
  reading.spawn(site.read_all(payload, reads));
  const Bytes wire = client_frame(2, "ab") + client_frame(kLast | 10, "pong") + client_frame(kLast, "cd");
  for (const char byte : wire) {
    site.send({&byte, 1});
    site.clock.run_for(milliseconds(1));
  }
  EXPECT_EQ(payload, "abcd");
  EXPECT_EQ(reads, 4);  // An empty span would have been the end.
  site.pipe.b->close();
  site.clock.run(reading.join());
}

TEST(WebSocketStream, BeginsWithWhatFollowedTheRequest) {
  const Bytes wire = client_frame(kLast | 2, "hello ");
  for (std::size_t early = 0; early <= wire.size(); ++early) {
    Site site(1 << 20, wire.substr(0, early));
    site.send(wire.substr(early) + client_frame(kLast | 2, "you") + client_frame(kLast | 8, ""));
    EXPECT_EQ(site.read_all(), "hello you");
  }
}

TEST(WebSocketStream, AWriteIsOneFrameInOneWriteBelow) {
  std::vector<Bytes> writes;
  const auto stream = make_web_socket_stream(std::make_unique<Recorder>(writes), {});
  const Bytes payload(40'000, 'p');
  EXPECT_EQ(stream->write_some(payload), payload.size());
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(server_frames(writes[0]), (std::vector<ServerFrame>{{kBinary, payload}}));
}

TEST(WebSocketStream, AFrameThatFitsOnlyInPartsStaysWhole) {
  for (const std::size_t capacity : {1u, 2u, 3u, 7u, 1000u}) {
    for (const std::size_t growth : {1u, 50u, 100'000u}) {
      Site site(capacity);
      Bytes payload;
      for (int i = 0; i < 70'000 / (capacity < 1000 ? 100 : 1); ++i) payload += static_cast<char>(i * 13 + (i >> 8));
      TaskGroup group(site.context.get_executor());
      group.spawn(site.take_all());
      site.clock.run(write_all(*site.stream, payload, growth));
      site.stream->close();
      site.clock.run(group.join());
      EXPECT_EQ(joined(server_frames(site.received)), payload) << capacity << ", " << growth;
    }
  }
}

TEST(WebSocketStream, APingIsAnsweredBetweenFrames) {
  Site site;
  site.send(client_frame(2, "ab") + client_frame(kLast | 9, "old") + client_frame(kLast | 9, Bytes(125, 'n')) +
            client_frame(kLast, "cd") + client_frame(kLast | 8, kCode1000));
  EXPECT_EQ(site.read_all(), "abcd");
  EXPECT_EQ(site.frames(), (std::vector<ServerFrame>{{kPong, Bytes(125, 'n')}, {kClose, kCode1000}}));
}

TEST(WebSocketStream, APongWaitsForTheEndOfOurFrame) {
  Site site(4);
  EXPECT_EQ(site.stream->write_some("payload"), 2u);
  Bytes payload;
  int reads = 0;
  TaskGroup reading(site.context.get_executor());
  reading.spawn(site.read_all(payload, reads));
  TaskGroup taking(site.context.get_executor());
  taking.spawn(site.take_all());
  for (const char byte : client_frame(kLast | 9, "one") + client_frame(kLast | 9, "two")) {
    site.send({&byte, 1});
    site.clock.run_for(milliseconds(1));
  }
  site.clock.run(write_all(*site.stream, "yload, more", 11));
  site.stream->close();
  site.clock.run(reading.join());
  site.clock.run(taking.join());
  EXPECT_EQ(server_frames(site.received),
            (std::vector<ServerFrame>{{kBinary, "payload"}, {kPong, "two"}, {kBinary, ", more"}}));
}

TEST(WebSocketStream, APongLeavesWithTheEndOfOurFrame) {
  Site site(4);
  EXPECT_EQ(site.stream->write_some("payload"), 2u);
  Bytes payload;
  int reads = 0;
  TaskGroup reading(site.context.get_executor());
  reading.spawn(site.read_all(payload, reads));
  TaskGroup taking(site.context.get_executor());
  taking.spawn(site.take_all());
  for (const char byte : client_frame(kLast | 9, "")) {
    site.send({&byte, 1});
    site.clock.run_for(milliseconds(1));
  }
  EXPECT_EQ(site.stream->write_some("yload"), 4u);
  site.clock.run_for(milliseconds(1));
  EXPECT_EQ(site.stream->write_some("d"), 1u);
  site.clock.run_for(milliseconds(1));
  EXPECT_EQ(server_frames(site.received), (std::vector<ServerFrame>{{kBinary, "payload"}, {kPong, ""}}));
  site.stream->close();
  site.clock.run(reading.join());
  site.clock.run(taking.join());
}

TEST(WebSocketStream, ACloseIsAnsweredAfterWhatCameBefore) {
  Site site;
  site.send(client_frame(kLast | 2, "last words") + client_frame(kLast | 8, kCode1000 + "bye"));
  site.clock.run([](Site& at) -> Task<> {
    const std::span<char> bytes = co_await at.stream->read();
    EXPECT_EQ(Bytes(bytes.data(), bytes.size()), "last words");
    EXPECT_EQ(at.stream->write_some("answer"), 6u);
    const std::span<char> end = co_await at.stream->read();
    EXPECT_TRUE(end.empty());
    EXPECT_EQ(at.stream->write_some("too late"), std::nullopt);
  }(site));
  EXPECT_EQ(site.frames(), (std::vector<ServerFrame>{{kBinary, "answer"}, {kClose, kCode1000}}));
}

TEST(WebSocketStream, ABrokenFrameIsAnsweredWithItsCode) {
  struct Case {
    Bytes frame, code;
  };
  for (const auto& [frame, code] : {Case{client_frame(kLast | 1, "text"), "\x03\xeb"},
                                    {client_frame(kLast | 3, ""), "\x03\xea"},
                                    {client_frame(kLast | 8, kCode1000 + "\xff"), "\x03\xef"}}) {
    Site site;
    site.send(client_frame(kLast | 2, "a") + frame + client_frame(kLast | 2, "b"));
    site.pipe.b->end_writing();
    EXPECT_EQ(site.read_all(), "a");
    EXPECT_EQ(site.frames(), (std::vector<ServerFrame>{{kClose, code}}));
  }
}

TEST(WebSocketStream, ARefusedClientIsReadToItsEndOrToALimit) {
  for (const bool endless : {false, true}) {
    Site site;
    Bytes payload;
    int reads = 0;
    TaskGroup reading(site.context.get_executor());
    reading.spawn(site.read_all(payload, reads));
    site.send(client_frame(kLast | 1, "text"));
    for (int i = 0; i < 4; ++i) {
      site.clock.run_for(milliseconds(1));
      EXPECT_EQ(reads, 0);
      if (endless || i == 0) site.send(client_frame(kLast | 2, Bytes(64 << 10, 'x')));
    }
    if (!endless) site.pipe.b->end_writing();
    site.clock.run_for(milliseconds(1));
    EXPECT_EQ(reads, 1);
    EXPECT_EQ(payload, "");
    site.stream->close();
    site.clock.run(reading.join());
  }
}

// Closing a socket with unread input resets the connection, and the code is lost to many a client.
TEST(WebSocketStream, TheCodeOfARefusalArrivesBehindALongMessage) {
  asio::io_context context;
  asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor(context.get_executor(),
                                                                Endpoint(asio::ip::address_v4::loopback(), 0));
  TcpSocket client(context.get_executor()), accepted(context.get_executor());
  client.connect(acceptor.local_endpoint());
  acceptor.accept(accepted);
  TaskGroup serving(context.get_executor());
  serving.spawn([](TcpSocket socket) -> Task<> {
    const auto stream = make_web_socket_stream(make_tcp_stream(std::move(socket)), {});
    const std::span<char> bytes = co_await stream->read();
    EXPECT_TRUE(bytes.empty());
    stream->close();
  }(std::move(accepted)));
  // The head first, so that the refusal is said while the rest is still on its way.
  const Bytes message = client_frame(kLast | 1, Bytes(200'000, 'a'));
  asio::write(client, asio::buffer(message.data(), 10));
  while (client.available() == 0) context.run_one();
  Bytes received;
  boost::system::error_code wrong, end;
  run_until_done(context, [](TcpSocket& to, View rest, Bytes& got, auto& failure, auto& last) -> Task<> {
    co_await asio::async_write(to, asio::buffer(rest.data(), rest.size()), asio::redirect_error(use_task, failure));
    to.shutdown(TcpSocket::shutdown_send, last);
    co_await asio::async_read(to, asio::dynamic_buffer(got), asio::redirect_error(use_task, last));
  }(client, View(message).substr(10), received, wrong, end));
  run_until_done(context, serving.join());
  EXPECT_FALSE(wrong) << wrong.message();
  EXPECT_EQ(end, asio::error::eof) << end.message();
  EXPECT_EQ(server_frames(received), (std::vector<ServerFrame>{{kClose, "\x03\xeb"}}));
}

TEST(WebSocketStream, AWaitingReadKeepsNothingOfWhatFollowedTheRequest) {
  const auto in_use = [] {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  Bytes pongs;
  while (pongs.size() < 100'000) pongs += client_frame(kLast | 10, "");
  Site site(1 << 20, pongs);
  const std::size_t before = in_use();
  Bytes payload;
  int reads = 0;
  TaskGroup reading(site.context.get_executor());
  reading.spawn(site.read_all(payload, reads));
  site.clock.run_for(milliseconds(1));
  EXPECT_EQ(reads, 0);
  if (before > 0) {  // Some allocators count nothing.
    EXPECT_LT(in_use() + 50'000, before);
  }
  site.pipe.b->close();
  site.clock.run(reading.join());
}

TEST(WebSocketStream, EndingSaysCloseOnceAndReadsOn) {
  Site site;
  EXPECT_EQ(site.stream->write_some("bye"), 3u);
  site.stream->end_writing();
  site.stream->end_writing();
  EXPECT_EQ(site.stream->write_some("more"), std::nullopt);
  site.send(client_frame(kLast | 2, "you too") + client_frame(kLast | 8, ""));
  EXPECT_EQ(site.read_all(), "you too");
  EXPECT_EQ(site.frames(), (std::vector<ServerFrame>{{kBinary, "bye"}, {kClose, kCode1000}}));
}

TEST(WebSocketStream, InsideAFrameNoCloseIsSaid) {
  Site site(4);
  EXPECT_EQ(site.stream->write_some("payload"), 2u);
  site.stream->end_writing();
  EXPECT_TRUE(site.frames().empty());
  EXPECT_EQ(site.received, Bytes("\x82\x07pa"));
}

TEST(WebSocketStream, MovesWithAllItsState) {
  Site site(4);
  const Bytes wire = client_frame(kLast | 2, "hello");
  Bytes payload;
  const auto read_once = [](Site& at, Bytes& to) -> Task<> {
    const std::span<char> bytes = co_await at.stream->read();
    to.append(bytes.data(), bytes.size());
  };
  site.send(wire.substr(0, 4));
  TaskGroup reading(site.context.get_executor());
  reading.spawn(read_once(site, payload));
  site.clock.run_for(milliseconds(1));  // Takes a part of the header, and waits.
  site.send(wire.substr(4, 4));
  site.clock.run(reading.join());
  EXPECT_EQ(payload, "he");
  EXPECT_EQ(site.stream->write_some("payload"), 2u);

  auto old = std::exchange(site.stream, site.stream->move_to(site.context.get_executor()));
  EXPECT_EQ(old->write_some("no"), std::nullopt);
  old.reset();

  site.send(wire.substr(8));
  site.clock.run(read_once(site, payload));
  EXPECT_EQ(payload, "hello");
  TaskGroup taking(site.context.get_executor());
  taking.spawn(site.take_all());
  site.clock.run(write_all(*site.stream, "yload", 5));
  site.stream->close();
  site.clock.run(taking.join());
  EXPECT_EQ(server_frames(site.received), (std::vector<ServerFrame>{{kBinary, "payload"}}));
}

}  // namespace helio::net::http
