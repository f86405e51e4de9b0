// Rules A of docs/security.md that need a whole connection.
#include "mtproto/connection.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include "mtproto_client/world.h"
#include "net/listener.h"
#include "net/tcp_stream.h"

namespace helio::client {

namespace {

mtproto::ServerSettings many_connections() {
  auto settings = mtproto::ServerSettings::for_load();
  settings.workers = 0;
  return settings;
}

// Seconds until the server closes a connection that sends `bytes` at once and then one byte of `drip` each five
// seconds.
Task<int> seconds_open(World& w, Bytes bytes, Bytes drip, std::size_t* received = nullptr) {
  auto pipe = net::make_pipe(w.executor);
  const std::int32_t start = w.clock.unixtime();
  w.server->accept(std::move(pipe.a));
  pipe.b->write_some(bytes);
  TaskGroup group(w.executor);
  struct Drip {
    static Task<> run(Clock& clock, net::ByteStream& stream, Bytes bytes) {
      for (const char byte : bytes) {
        co_await clock.sleep(seconds(5));
        if (!stream.write_some({&byte, 1})) co_return;
      }
    }
  };
  group.spawn(Drip::run(w.clock, *pipe.b, drip));
  std::size_t got = 0;
  for (;;) {
    const std::span<char> read = co_await pipe.b->read();
    if (read.empty()) break;
    got += read.size();
  }
  const int open = w.clock.unixtime() - start;
  pipe.b->close();
  co_await group.join();
  if (received) *received = got;
  co_return open;
}

Task<> time_limits(World& w) {
  // Nothing; half a header; a header that is nobody's; a frame that never ends; and each byte by byte.
  int open = co_await seconds_open(w, "", "");
  EXPECT_NEAR(open, 10, 1);
  open = co_await seconds_open(w, "\xee", "");
  EXPECT_NEAR(open, 10, 1);
  std::size_t received = 1;
  open = co_await seconds_open(w, Bytes(100, 'r'), Bytes(100, 'x'), &received);
  EXPECT_NEAR(open, 10, 1);
  EXPECT_EQ(received, 0u);
  open = co_await seconds_open(w, Bytes("\xef\x0a", 2), Bytes(100, '\0'));
  EXPECT_NEAR(open, 10, 1);

  // One good step of the key exchange, then silence, or a slow second frame.
  KeyExchange exchange(server_key().public_key(), w.clock, w.random, {});
  Bytes step = "\xee\xee\xee\xee";
  append_le(step, std::uint32_t{40});
  step += exchange.req_pq();
  open = co_await seconds_open(w, step, "");
  EXPECT_NEAR(open, 60, 1);
  open = co_await seconds_open(w, step, Bytes(100, '\x10'));
  EXPECT_NEAR(open, 35, 1);

  const auto client = co_await w.client();
  co_await client->call(queries::make(queries::kEcho));
  const std::int32_t start = w.clock.unixtime();
  // The same behind a key: a frame that is slow, in its header or later.
  const Bytes ask = client->seal({client->next_msg_id(), client->next_seqno(false), ping(1)});
  step = "\xee\xee\xee\xee";
  append_le(step, static_cast<std::uint32_t>(ask.size()));
  step += ask;
  open = co_await seconds_open(w, step, Bytes("\x48\x00", 2));
  EXPECT_NEAR(open, 35, 1);
  open = co_await seconds_open(w, step, Bytes("\x48\x00\x00\x00", 4) + Bytes(100, 'x'));
  EXPECT_NEAR(open, 35, 1);

  while (client->connected()) co_await client->next_arrival();
  EXPECT_NEAR(w.clock.unixtime() - start, 300, 2);
  co_await client->stop();
}

Task<> unknown_and_wrong(World& w) {
  const auto client = co_await w.client();
  co_await client->call(queries::make(queries::kEcho));
  const Bytes good = client->seal({client->next_msg_id(), 3, ping(1)});
  Bytes unknown = good, wrong_key = good, wrong_body = good, cut = good;
  unknown[0] = static_cast<char>(unknown[0] ^ 1);
  wrong_key[10] = static_cast<char>(wrong_key[10] ^ 1);
  wrong_body.back() = static_cast<char>(wrong_body.back() ^ 1);
  cut.resize(cut.size() - 4);
  for (const Bytes& packet : {unknown, wrong_key, wrong_body, cut}) {
    const auto wire = w.wire();
    wire->add(packet);
    wire->flush();
    Bytes answer = co_await wire->receive();
    EXPECT_EQ(to_hex(answer), "6cfeffff");
    answer = co_await wire->receive();
    EXPECT_TRUE(answer.empty()) << "closed";
  }
  // Too small for any message: closed without a word.
  for (const auto& [size, byte] : {std::pair(4, '\x11'), {20, '\x11'}, {68, '\x11'}, {8, '\0'}, {20, '\0'}}) {
    const auto wire = w.wire();
    wire->add(Bytes(static_cast<std::size_t>(size), byte));
    wire->flush();
    const Bytes answer = co_await wire->receive();
    EXPECT_TRUE(answer.empty()) << size << (byte == '\0' ? ", plain" : "");
  }
  for (const std::size_t size : {8, 20}) {
    const auto wire = w.wire();
    wire->add(Bytes(size, '\0'));
    wire->flush();
    const Bytes answer = co_await wire->receive();
    EXPECT_TRUE(answer.empty()) << "plain, " << size;
  }
  co_await client->stop();
}

Task<> sizes(World& w) {
  // A large frame is read only if its key exists.
  const auto client = co_await w.client();
  const Bytes large = queries::make(queries::kEcho, Bytes(1'500'000, 'x'));
  const auto fresh = w.sibling(*client);
  Bytes answer = co_await fresh->call(large);
  EXPECT_EQ(answer, large) << "the first packet of a connection";
  const auto wire = w.wire();
  wire->add(Bytes(2000, '\x11'));
  wire->flush();
  answer = co_await wire->receive();
  EXPECT_TRUE(answer.empty());
  // More than any message may have.
  Bytes longest((2 << 20) + 8, '\x11');
  store_le(longest.data(), fresh->key.id);
  fresh->send_raw(longest);
  co_await w.clock.sleep(seconds(1));
  EXPECT_FALSE(fresh->connected());
  co_await client->stop();
  co_await fresh->stop();
}

// When each of many connections was closed, and what it was sent.
struct Closing {
  Ticks at{};
  std::size_t received = 0;
};

Task<> watch(World& w, std::unique_ptr<net::ByteStream> stream, Closing& closing) {
  for (;;) {
    const std::span<char> read = co_await stream->read();
    if (read.empty()) break;
    closing.received += read.size();
  }
  closing.at = w.clock.ticks();
}

// Random headers, each beside a peer that is accepted at the same moment and sends nothing at all.
Task<> random_headers(World& w) {
  constexpr std::size_t kPairs = 1000;
  std::vector<Closing> random(kPairs), silent(kPairs);
  TaskGroup group(w.executor);
  for (std::size_t i = 0; i < kPairs; ++i) {
    for (Closing* closing : {&random[i], &silent[i]}) {
      auto pipe = net::make_pipe(w.executor);
      w.server->accept(std::move(pipe.a));
      Bytes header = w.random.bytes(mtproto::kObfuscationHeaderSize);
      header[0] = 'r';
      if (closing == &random[i]) pipe.b->write_some(header + w.random.bytes(i));
      group.spawn(watch(w, std::move(pipe.b), *closing));
    }
    co_await w.clock.sleep(milliseconds(7));
  }
  co_await group.join();
  std::size_t received = 0;
  int apart = 0;
  for (std::size_t i = 0; i < kPairs; ++i) {
    received += random[i].received + silent[i].received;
    apart += random[i].at != silent[i].at;
  }
  EXPECT_EQ(received, 0u);
  EXPECT_EQ(apart, 0);
}

// The same obfuscated bytes on two connections.
Task<> repeated_header(World& w) {
  mtproto::Opening opening = mtproto::open_obfuscation(mtproto::Framing::kIntermediate, 2, w.random);
  KeyExchange exchange(server_key().public_key(), w.clock, w.random, {});
  const Bytes packet = exchange.req_pq();
  Bytes frame;
  append_le(frame, static_cast<std::uint32_t>(packet.size()));
  frame += packet;
  opening.obfuscation.out.apply(frame);
  std::size_t received = 0;
  int open = co_await seconds_open(w, opening.header + frame, "", &received);
  EXPECT_EQ(received, 4u + 84);
  EXPECT_NEAR(open, 60, 1);
  open = co_await seconds_open(w, opening.header + frame, "", &received);
  EXPECT_EQ(received, 0u);
  EXPECT_NEAR(open, 10, 1) << "as a silent peer";
}

Task<> web_socket(World& w) {
  const auto client = co_await w.client();
  for (const Transport transport : kTransports) {
    auto pipe = net::make_pipe(w.executor);
    w.server->accept(std::move(pipe.a), mtproto::Carrier::kWebSocket);
    Wire wire(std::move(pipe.b), transport, w.random);
    const Ticks start = w.clock.ticks();
    wire.add(client->seal({client->next_msg_id(), client->next_seqno(false), ping(1)}));
    wire.flush();
    const Bytes answer = co_await wire.receive();
    EXPECT_EQ(!answer.empty(), transport.obfuscated);
    EXPECT_EQ(w.clock.ticks(), start) << "closed at once";
  }
  auto pipe = net::make_pipe(w.executor);
  w.server->accept(std::move(pipe.a), mtproto::Carrier::kWebSocket);
  pipe.b->write_some("POST /api HTTP/1.1\r\n");
  const std::span<char> bytes = co_await pipe.b->read();
  EXPECT_TRUE(bytes.empty());
  co_await client->stop();
}

// Counted with the allocator, since other tests have already grown the process.
Task<> declared_lengths(World& w) {
  constexpr int kConnections = 10'000;
  std::vector<net::Pipe> pipes;
  for (int i = 0; i < kConnections; ++i) pipes.push_back(net::make_pipe(w.executor));
  const auto in_use = [] {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  const std::size_t before = in_use();
  for (net::Pipe& pipe : pipes) {
    w.server->accept(std::move(pipe.a));
    pipe.b->write_some(View("\xef\x7f\xff\xff\xff", 5));
  }
  co_await w.clock.sleep(milliseconds(100));
  EXPECT_LT(in_use(), before + (50 << 20));
  int open = 0;
  for (net::Pipe& pipe : pipes) open += pipe.b->write_some("").has_value();
  EXPECT_EQ(open, kConnections) << "what they hold was counted";
  // The length is judged with the first bytes of the packet.
  for (net::Pipe& pipe : pipes) pipe.b->write_some(Bytes(8, 'x'));
  co_await w.clock.sleep(milliseconds(100));
  open = 0;
  for (net::Pipe& pipe : pipes) open += pipe.b->write_some("").has_value();
  EXPECT_EQ(open, 0);
}

// A stream that counts the system calls it would be.
class CountingStream final : public net::ByteStream {
 public:
  CountingStream(std::unique_ptr<net::ByteStream> below, int& writes) : below_(std::move(below)), writes_(writes) {}
  Task<std::span<char>> read() override { return below_->read(); }
  std::optional<std::size_t> write_some(View bytes) override {
    ++writes_;
    return below_->write_some(bytes);
  }
  Task<> writable() override { return below_->writable(); }
  void end_writing() override { below_->end_writing(); }
  void close() override { below_->close(); }
  net::Endpoint local() const override { return below_->local(); }
  net::Endpoint remote() const override { return below_->remote(); }
  std::unique_ptr<net::ByteStream> move_to(Executor) override { return nullptr; }

 private:
  std::unique_ptr<net::ByteStream> below_;
  int& writes_;
};

// Queries with quick acks, and a packet of an unknown key, in one read.
Task<> one_write(World& w) {
  const auto client = co_await w.client();
  co_await client->call(queries::make(queries::kEcho));
  int writes = 0;
  auto pipe = net::make_pipe(w.executor);
  w.server->accept(std::make_unique<CountingStream>(std::move(pipe.a), writes));
  Wire wire(std::move(pipe.b), Transport(), w.random);
  for (int i = 0; i < 3; ++i) {
    wire.add(client->seal({client->next_msg_id(), client->next_seqno(true), queries::make(queries::kEcho)}), true);
  }
  wire.flush();
  Bytes packet = co_await wire.receive();
  EXPECT_EQ(writes, 1);
  EXPECT_EQ(wire.quick_acks().size(), 3u);
  auto opened = crypto::open(packet, &client->key.bytes, crypto::Sender::kServer);
  const auto container = opened ? mtproto::parse_container(opened->envelope.body) : std::nullopt;
  EXPECT_TRUE(container && container->messages.size() == 3);

  wire.add(client->seal({client->next_msg_id(), client->next_seqno(true), queries::make(queries::kEcho)}), true);
  wire.add(Bytes(72, 'x'));
  wire.flush();
  packet = co_await wire.receive();
  opened = crypto::open(packet, &client->key.bytes, crypto::Sender::kServer);
  EXPECT_TRUE(opened);
  packet = co_await wire.receive();
  EXPECT_EQ(Wire::error_of(packet), -404);
  EXPECT_EQ(wire.quick_acks().size(), 4u);
  EXPECT_EQ(writes, 2);
  packet = co_await wire.receive();
  EXPECT_TRUE(packet.empty());
  co_await client->stop();
}

// Whatever breaks a rule of section C gets no quick ack. `good` is a query that keeps all of them.
Task<> no_quick_ack(World& w) {
  for (const Transport transport : kTransports) {
    if (transport.framing == mtproto::Framing::kFull) continue;
    const auto client = co_await w.client(transport);
    co_await client->call(queries::make(queries::kEcho));
    const auto acks_for = [&](const Message& message) {
      client->wire()->add(client->seal(message), true);
      client->wire()->flush();
      return client->wire()->quick_acks().size();
    };
    const Bytes query = queries::make(queries::kEcho);
    const auto at = [&](int seconds_off) {
      return (client->next_msg_id() & ~std::int64_t{3}) + (std::int64_t{seconds_off} << 32);
    };
    Bytes claims, nested;
    mtproto::append_container_header(claims, 3);
    mtproto::append_container_header(nested, 1);
    mtproto::append_inner(nested, client->next_msg_id(), client->next_seqno(false), claims);
    const std::vector<Message> refused = {
        {at(-301), client->next_seqno(true), query},                 // C03: too old,
        {at(40), client->next_seqno(true), query},                   // too new,
        {at(0) | 1, client->next_seqno(true), query},                // not a client's,
        {at(0) >> 32 << 32, client->next_seqno(true), query},        // of no clock.
        {client->next_msg_id(), client->next_seqno(false), query},   // C09.
        {client->next_msg_id(), client->next_seqno(false), claims},  // C10: not all there,
        {client->next_msg_id(), client->next_seqno(false), nested},  // one in another.
    };
    for (const Message& message : refused) {
      acks_for(message);
      co_await w.clock.sleep(milliseconds(1));
      EXPECT_EQ(client->wire()->quick_acks().size(), 0u) << message.msg_id << " " << message.seqno;
    }
    const std::int64_t salt = std::exchange(client->key.salt, 4711);  // C06.
    client->repair = false;
    acks_for({client->next_msg_id(), client->next_seqno(true), query});
    co_await w.clock.sleep(milliseconds(1));
    EXPECT_EQ(client->wire()->quick_acks().size(), 0u);
    client->key.salt = salt;
    const Message good{client->next_msg_id(), client->next_seqno(true), query};
    Bytes copy = client->seal(good);
    client->wire()->add(copy, true);
    client->wire()->flush();
    co_await w.clock.sleep(milliseconds(1));
    const auto opened = crypto::open(copy, &client->key.bytes, crypto::Sender::kClient);
    EXPECT_EQ(client->wire()->quick_acks(), std::vector{opened->quick_ack});
    // C01, C02: then the connection ends as well.
    copy = client->seal({client->next_msg_id(), client->next_seqno(true), query});
    copy.back() = static_cast<char>(copy.back() ^ 1);
    client->wire()->add(copy, true);
    client->wire()->flush();
    co_await w.clock.sleep(milliseconds(1));
    EXPECT_EQ(client->wire()->quick_acks().size(), 1u);
    EXPECT_EQ(client->transport_error, -404);
    co_await client->stop();
  }
}

// Many packets in one read: of two keys and three sessions, a plain one among them, more than are opened side by side.
Task<> many_frames(World& w) {
  const auto a = co_await w.client();
  const auto b = co_await w.client();
  co_await a->call(queries::make(queries::kEcho));
  co_await b->call(queries::make(queries::kEcho));
  const auto wire = w.wire();
  KeyExchange exchange(server_key().public_key(), w.clock, w.random, {});
  std::vector<std::int64_t> ids;
  w.handler->order.clear();
  for (int i = 0; i < 100; ++i) {
    Client& client = i % 50 < 40 ? *a : *b;
    const std::int64_t session = client.session_id;
    if (i % 7 == 0) client.session_id ^= 2;
    ids.push_back(client.next_msg_id() + i * 4);
    wire->add(client.seal({ids.back(), 2 * i + 101, queries::make(queries::kEcho)}), i % 3 == 0);
    client.session_id = session;
    if (i == 30) wire->add(exchange.req_pq());
  }
  wire->flush();
  co_await w.clock.sleep(milliseconds(10));
  std::ranges::sort(ids);
  auto order = w.handler->order;
  std::ranges::sort(order);
  EXPECT_EQ(order, ids);
  int plain = 0;
  while (plain == 0) {
    const Bytes packet = co_await wire->receive();
    ASSERT(!packet.empty());
    plain += load_le<std::int64_t>(packet.data()) == 0;
  }
  while (wire->take()) {
  }
  EXPECT_EQ(wire->quick_acks().size(), 34u);

  // What is behind a packet that ends the connection has no effect.
  const auto c = co_await w.client();
  for (const int broken : {0, 1, 15, 16, 17, 31}) {
    const auto next = w.wire();
    ids.clear();
    w.handler->order.clear();
    for (int i = 0; i < 40; ++i) {
      const Message message{c->next_msg_id(), c->next_seqno(true), queries::make(queries::kEcho)};
      Bytes packet = c->seal(message);
      if (i < broken) ids.push_back(message.msg_id);
      if (i == broken) packet.back() = static_cast<char>(packet.back() ^ 1);
      next->add(packet);
    }
    next->flush();
    co_await w.clock.sleep(milliseconds(10));
    EXPECT_EQ(w.handler->order, ids) << broken;
  }
  co_await c->stop();
  co_await a->stop();
  co_await b->stop();
}

Task<> too_many(World& w) {
  std::vector<std::unique_ptr<Wire>> open;
  for (int i = 0; i < 100; ++i) open.push_back(w.wire());
  KeyExchange exchange(server_key().public_key(), w.clock, w.random, {});
  for (const Transport transport : kTransports) {
    const auto wire = w.wire(transport);
    wire->add(exchange.req_pq());
    wire->flush();
    const Bytes answer = co_await wire->receive();
    EXPECT_EQ(Wire::error_of(answer), -429);
  }
}

// A client that reads slowly, and goes through the key exchange on a connection that has much to deliver.
Task<> slow_reader(World& w) {
  constexpr std::size_t kLarge = 100'000;
  constexpr int kSteps = 10;
  const auto client = co_await w.client();
  auto pipe = net::make_pipe(w.executor, 4096);
  w.server->accept(std::move(pipe.a));
  const auto send = [&](View packet) {
    Bytes frame;
    append_le(frame, static_cast<std::uint32_t>(packet.size()));
    frame += packet;
    EXPECT_EQ(pipe.b->write_some(frame), frame.size());
  };
  pipe.b->write_some("\xee\xee\xee\xee");
  send(client->seal({client->next_msg_id(), client->next_seqno(true), queries::make(queries::kEcho)}));
  co_await w.clock.sleep(milliseconds(10));
  w.handler->contexts.back().session->push(queries::make(0x20000001, Bytes(kLarge, 'u')));
  co_await w.clock.sleep(milliseconds(10));

  KeyExchange exchange(server_key().public_key(), w.clock, w.random, {});
  const Bytes step = exchange.req_pq();
  Bytes received;
  for (int i = 0; i < 2 * kSteps; ++i) {
    // Each second time there is room for the answer before there is room for what waits.
    if (i % 2 == 1) send(step);
    const std::span<char> bytes = co_await pipe.b->read();
    received.append(bytes.data(), bytes.size());
    co_await w.clock.sleep(milliseconds(10));
  }
  for (;;) {
    const std::span<char> bytes = co_await pipe.b->read();
    if (bytes.empty()) break;
    received.append(bytes.data(), bytes.size());
  }
  int plain = 0, large = 0;
  while (received.size() >= 4) {
    const auto size = load_le<std::uint32_t>(received.data());
    EXPECT_LE(size + 4, received.size());
    if (size + 4 > received.size() || size < 8) break;
    Bytes packet = received.substr(4, size);
    received.erase(0, size + 4);
    if (load_le<std::int64_t>(packet.data()) == 0) {
      ++plain;
      continue;
    }
    const auto opened = crypto::open(packet, &client->key.bytes, crypto::Sender::kServer);
    EXPECT_TRUE(opened);
    large += opened && opened->envelope.body.size() > kLarge;
  }
  EXPECT_TRUE(received.empty());
  EXPECT_EQ(plain, kSteps);
  EXPECT_EQ(large, 1);
  co_await client->stop();
}

Task<> store_down(World& w) {
  const auto before = co_await w.client();
  co_await before->call(queries::make(queries::kEcho));
  co_await before->stop();
  co_await w.server->stop();
  w.server.reset();
  w.start();  // No key is in memory now.

  w.kv->set_faults({.read_down = 1});
  const auto client = w.sibling(*before);
  Bytes answer = co_await client->call(queries::make(queries::kEcho));
  EXPECT_TRUE(answer.empty());
  EXPECT_FALSE(client->connected());
  EXPECT_EQ(client->transport_error, 0) << "-404 would make the client forget its key";
  ExchangeOptions options;
  options.expires_in = 3600;
  const auto wire = w.wire();
  const auto key = co_await exchange_keys(*wire, server_key().public_key(), w.clock, w.random, options);
  EXPECT_FALSE(key);

  w.kv->set_faults({});
  client->use(w.wire());
  answer = co_await client->call(queries::make(queries::kEcho));
  EXPECT_FALSE(answer.empty());
  co_await client->stop();
}

// A server on three cores behind a real port. Every client's key belongs to some core, rarely the one it arrived on.
struct Site {
  Cores cores{3};
  SystemClock clock;
  SeededRandom random{11};
  store::ModelDisk disk;
  std::unique_ptr<store::Kv> kv;
  std::unique_ptr<TestHandler> handler;
  net::Listener listener{cores, clock, net::Endpoint(asio::ip::address_v4::loopback(), 0)};
  std::unique_ptr<mtproto::Server> server;
  TaskGroup listening{cores.executor(0)};
};

// Answers on whichever core asks; counts nothing.
class EchoHandler final : public mtproto::Handler {
 public:
  explicit EchoHandler(Cores& cores) : cores_(cores) {}
  Task<Bytes> call(mtproto::CallContext context, Bytes body) override {
    const int owner = cores_.owner(static_cast<std::uint64_t>(context.auth_key_id));
    if (owner != cores_.here()) co_return "wrong core";
    if (context.session->auth_key_id() != context.auth_key_id) co_return "wrong key";
    co_return body;
  }
  void has_room(mtproto::SessionPort&) override {}
  void session_closed(mtproto::SessionPort&) override {}
  void key_destroyed(std::int64_t) override {}

 private:
  Cores& cores_;
};

// A store whose state all cores share; the model is for one thread.
class LockedKv final : public store::Kv {
 public:
  Task<store::Commit> commit(store::Batch batch) override {
    const std::lock_guard lock(mutex_);
    auto& partition = partitions_[batch.partition];
    if (partition.version != batch.expect) co_return store::Commit{store::Outcome::kConflict, partition.version};
    for (const Bytes& key : batch.erase) partition.rows.erase(key);
    for (auto& put : batch.puts) partition.rows[put.key] = put.value;
    co_return store::Commit{store::Outcome::kCommitted, ++partition.version};
  }
  Task<store::Values> get(Bytes partition, std::vector<Bytes> keys) override {
    const std::lock_guard lock(mutex_);
    store::Values values;
    for (const Bytes& key : keys) {
      const auto it = partitions_[partition].rows.find(key);
      if (it == partitions_[partition].rows.end()) {
        values.values.emplace_back();
      } else {
        values.values.emplace_back(it->second);
      }
    }
    values.version = partitions_[partition].version;
    co_return values;
  }
  Task<store::Page> scan(Bytes, store::Scan) override { co_return store::Page(); }
  Task<std::vector<Bytes>> pending(std::uint32_t) override { co_return std::vector<Bytes>(); }
  std::uint32_t lost_ids_max() const override { return 0; }

 private:
  std::mutex mutex_;
  std::map<Bytes, store::ModelPartition> partitions_;
};

Task<> one_client(Site& site, Transport transport, int& good) {
  SeededRandom random(site.random.u64());
  auto client = co_await connect(site.listener.local(), transport, server_key().public_key(), site.clock, random);
  if (!client) co_return;
  int right = 0;
  for (int i = 0; i < 20; ++i) {
    const Bytes body = queries::make(queries::kEcho, random.bytes(random.below(3000)));
    const Bytes answer = co_await client->call(body);
    right += answer == body;
  }
  // The key is found again from any connection, whichever core it arrives on.
  for (int i = 0; i < 3; ++i) {
    auto stream = co_await net::connect_tcp(site.listener.local());
    auto wire = std::make_unique<Wire>(std::move(stream), transport, random);
    std::unique_ptr<Wire> poll;
    if (transport.http) {
      auto second = co_await net::connect_tcp(site.listener.local());
      poll = std::make_unique<Wire>(std::move(second), transport, random);
    }
    client->use(std::move(wire), std::move(poll));
    const Bytes answer = co_await client->call(queries::make(queries::kEcho));
    right += !answer.empty() && answer != "wrong core";
  }
  good += right == 23;
  co_await client->stop();
}

Task<> all_clients(Site& site, int& good) {
  TaskGroup group(site.cores.executor(0));
  for (int i = 0; i < 3; ++i) {
    for (const Transport transport : kTransports) group.spawn(one_client(site, transport, good));
    group.spawn(one_client(site, kHttp, good));
  }
  co_await group.join();
  site.listening.cancel();
  co_await site.listening.join();
  co_await site.server->stop();
  site.cores.stop();
}

}  // namespace

TEST(Connection, A11_TimeLimits) {
  World world;
  world.clock.run(time_limits(world));
}

TEST(Connection, A02_RandomHeadersAreClosedWhenSilentPeersAre) {
  World world(many_connections());
  world.clock.run(random_headers(world));
}

TEST(Connection, A03_ARepeatedHeaderIsHeardInSilence) {
  World world;
  world.clock.run(repeated_header(world));
}

TEST(Connection, A04_WebSocketCarriesObfuscatedTransportsOnly) {
  World world;
  world.clock.run(web_socket(world));
}

TEST(Connection, A05_TenThousandDeclaredLengthsCostNoMemory) {
  World world(many_connections());
  world.clock.run(declared_lengths(world));
}

TEST(Connection, A12_NoQuickAckForWhatARuleRefuses) {
  World world;
  world.clock.run(no_quick_ack(world));
}

TEST(Connection, WhatIsReadyTogetherLeavesInOneWrite) {
  World world;
  world.clock.run(one_write(world));
}

TEST(Connection, ManyPacketsInOneReadAreTakenOneAfterTheOther) {
  World world;
  world.clock.run(many_frames(world));
}

TEST(Connection, A07_A08_A09_UnknownKeysAndWrongOnesLookTheSame) {
  World world;
  world.clock.run(unknown_and_wrong(world));
}

TEST(Connection, A05_SizesBeforeAndAfterTheKey) {
  World world;
  world.clock.run(sizes(world));
}

TEST(Connection, A10_TooManyConnectionsOfAnAddressAreTold) {
  World world;
  world.clock.run(too_many(world));
}

TEST(Connection, ASlowReaderGetsEveryByteOnceAndInOrder) {
  World world;
  world.clock.run(slow_reader(world));
}

TEST(Connection, AStoreThatIsDownClosesTheConnectionAndNothingElse) {
  World world;
  world.clock.run(store_down(world));
}

TEST(Connection, EveryClientEndsUpOnTheCoreOfItsKey) {
  Site site;
  LockedKv kv;
  EchoHandler handler(site.cores);
  auto settings = mtproto::ServerSettings::for_load();
  site.server =
      std::make_unique<mtproto::Server>(site.cores, site.clock, kv, handler, std::vector<crypto::RsaKey>{server_key()},
                                        settings, [] { return std::make_unique<SystemRandom>(); });
  site.listening.spawn(
      site.listener.run([&](int, std::unique_ptr<net::ByteStream> stream) { site.server->accept(std::move(stream)); }));
  int good = 0;
  site.cores.post(0, [&] {
    asio::co_spawn(site.cores.executor(0), all_clients(site, good),
                   [](std::exception_ptr failure) { EXPECT_FALSE(failure); });
  });
  site.cores.run();
  EXPECT_EQ(good, 24);
}

}  // namespace helio::client
