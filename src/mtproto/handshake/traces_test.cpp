// That secrets of the key exchange (B16) and temporary keys (B18 of docs/security.md) are nowhere once they are over:
// not on the disk, and not in any byte of this process that can be written. The client, which keeps the same secrets
// for good reasons, is another process. The search itself sees them only with a mask over every byte.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bitset>
#include <fstream>

#include "mtproto/handshake/test_exchange.h"

// Sanitizers and builds without optimisation keep copies of their own.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace helio::client {

namespace {

constexpr char kMask = '\x5a';
Bytes masked(View bytes) {
  Bytes out(bytes);
  for (char& byte : out) byte = static_cast<char>(byte ^ kMask);
  return out;
}

// ---- The search ----

// How often parts of a secret are found: sixteen bytes of it, in either order (as big numbers have them in memory).
class Search {
 public:
  // `secret` has a mask over it, and is random.
  void look_for(View secret) {
    for (std::size_t at = 0; at + kPart <= secret.size(); at += kPart) {
      Bytes part(secret.substr(at, kPart));
      add(part);
      std::ranges::reverse(part);
      add(part);
    }
  }

  int in(View masked_bytes) const {
    int found = 0;
    for (std::size_t at = 0; at + kPart <= masked_bytes.size(); ++at) {
      if (!begins_[load_le<std::uint16_t>(masked_bytes.data() + at)]) continue;
      found += parts_.contains(masked_bytes.substr(at, kPart));
    }
    return found;
  }

  int in_disk(const store::ModelDisk& disk) const {
    int found = 0;
    for (const auto& [name, partition] : disk.partitions) {
      for (const auto& [row, value] : partition.rows) found += in(masked(value));
    }
    return found;
  }

  // Everything of this process that can be written, but for the buffer it is read into.
  int in_memory() const {
    constexpr std::size_t kBuffer = 1 << 20;
    void* const place = mmap(nullptr, kBuffer, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(place, MAP_FAILED);
    char* const buffer = static_cast<char*>(place);
    const auto buffer_at = reinterpret_cast<std::uintptr_t>(buffer);
    const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    EXPECT_GE(memory, 0);
    std::ifstream maps("/proc/self/maps");
    std::size_t looked_at = 0;
    int found = 0;
    for (std::string line; std::getline(maps, line);) {
      std::uintptr_t from = 0, to = 0;
      char mode[5] = {};
      if (sscanf(line.c_str(), "%lx-%lx %4s", &from, &to, mode) != 3 || mode[1] != 'w' || mode[0] != 'r') continue;
      for (auto at = from; at < to; at += kBuffer - kPart) {
        if (at <= buffer_at && buffer_at < at + kBuffer) at = buffer_at + kBuffer;  // Neighbours may share a line.
        if (at >= to) break;
        std::size_t size = std::min<std::size_t>(kBuffer, to - at);
        if (at < buffer_at) size = std::min<std::size_t>(size, buffer_at - at);
        const ssize_t got = pread(memory, buffer, size, static_cast<off_t>(at));
        if (got <= 0) continue;
        for (ssize_t i = 0; i < got; ++i) buffer[i] = static_cast<char>(buffer[i] ^ kMask);
        found += in({buffer, static_cast<std::size_t>(got)});
        looked_at += static_cast<std::size_t>(got);
      }
    }
    close(memory);
    munmap(place, kBuffer);
    EXPECT_GT(looked_at, std::size_t{1} << 18);
    return found;
  }

 private:
  static constexpr std::size_t kPart = 16;
  void add(const Bytes& part) {
    parts_.insert(part);
    begins_.set(load_le<std::uint16_t>(part.data()));
  }
  std::set<Bytes, std::less<>> parts_;
  std::bitset<65536> begins_;
};

// ---- The client ----

// A key exchange, then one query under the new key, by another process. It says what to send and is told what came.
class OtherProcess {
 public:
  OtherProcess(Clock& clock, ExchangeOptions options) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    server_key();
    pid_ = fork();
    EXPECT_GE(pid_, 0);
    socket_ = ends[pid_ == 0];
    close(ends[pid_ != 0]);
    if (pid_ == 0) _exit(live(clock, options) ? 0 : 1);
  }
  ~OtherProcess() {
    close(socket_);
    int status = -1;
    waitpid(pid_, &status, 0);
    EXPECT_EQ(status, 0);
  }
  OtherProcess(const OtherProcess&) = delete;

  Bytes next() const { return receive(); }
  void tell(View bytes) const { send(bytes); }

  // What it shares with the server, masked.
  struct Secrets {
    Bytes new_nonce, aes_key, aes_iv, auth_key;
  };
  Secrets secrets() const {
    Secrets all;
    for (Bytes* each : {&all.new_nonce, &all.aes_key, &all.aes_iv, &all.auth_key}) *each = receive();
    return all;
  }

 private:
  bool live(Clock& clock, ExchangeOptions options) const {
    SystemRandom random;
    KeyExchange exchange(server_key().public_key(), clock, random, options);
    send(exchange.req_pq());
    const auto second = exchange.req_dh_params(receive());
    if (!second) return false;
    send(*second);
    const auto third = exchange.set_client_dh_params(receive());
    if (!third) return false;
    const auto aes = crypto::exchange_aes(exchange.new_nonce, exchange.server_nonce);
    for (const View secret : {crypto::view(exchange.new_nonce), crypto::view(aes.key), crypto::view(aes.iv),
                              crypto::view(exchange.auth_key())}) {
      send(masked(secret));
    }
    send(*third);
    const Bytes done = receive();
    if (done.empty()) return true;  // The other side ended it.
    const auto key = exchange.finish(done);
    if (!key) return false;
    const Bytes query = queries::make(queries::kEcho, "hello");
    mtproto::MsgIds msg_ids;
    std::int64_t msg_id = msg_ids.next(clock, mtproto::MsgKind{0}) + 4;
    const crypto::Envelope envelope{key->salt, 77, msg_id, 1, query};
    send(crypto::seal(envelope, key->bytes, key->id, crypto::Sender::kClient, random));
    Bytes answer = receive();
    return answer.empty() || crypto::open(answer, &key->bytes, crypto::Sender::kServer);
  }

  void send(View bytes) const {
    Bytes framed;
    append_le(framed, static_cast<std::uint32_t>(bytes.size()));
    framed += bytes;
    EXPECT_EQ(::send(socket_, framed.data(), framed.size(), MSG_NOSIGNAL), static_cast<ssize_t>(framed.size()));
  }
  Bytes receive() const {
    std::uint32_t size = 0;
    if (recv(socket_, &size, sizeof size, MSG_WAITALL) != sizeof size) return Bytes();
    Bytes bytes(size, '\0');
    if (size > 0) {
      EXPECT_EQ(recv(socket_, bytes.data(), size, MSG_WAITALL), static_cast<ssize_t>(size));
    }
    return bytes;
  }

  pid_t pid_ = -1;
  int socket_ = -1;
};

// Keeps what was drawn of 256 bytes, masked.
struct Drawn final : Random {
  explicit Drawn(Bytes& secret) : secret(secret) {}
  void fill(std::span<char> out) override {
    system.fill(out);
    if (out.size() == 256) secret = masked({out.data(), out.size()});
  }
  SystemRandom system;
  Bytes& secret;
};

}  // namespace

TEST(Traces, B16_TheSecretsOfAnExchangeAreWiped) {
  struct Body {
    static Task<> run(mtproto::Handshakes& handshakes, VirtualClock& clock, const Bytes& drawn, ExchangeOptions options,
                      bool finish) {
      const boost::asio::ip::address address = boost::asio::ip::address_v4::loopback();
      const OtherProcess client(clock, options);
      auto reply = co_await handshakes.handle(address, client.next());
      client.tell(reply.packet);
      reply = co_await handshakes.handle(address, client.next());
      client.tell(reply.packet);
      const auto shared = client.secrets();
      Search nonce, aes, secret, key;
      nonce.look_for(shared.new_nonce);
      aes.look_for(shared.aes_key);
      aes.look_for(shared.aes_iv);
      secret.look_for(drawn);
      key.look_for(shared.auth_key);
      EXPECT_GT(nonce.in_memory(), 0) << "it is needed, and found";
      EXPECT_GT(aes.in_memory(), 0);
      EXPECT_GT(secret.in_memory(), 0);
      Bytes third = client.next();
      if (!finish) third[third.size() - 1] ^= 1;
      reply = co_await handshakes.handle(address, third);
      client.tell(finish ? View(reply.packet) : View());
      EXPECT_NE(reply.packet.empty(), finish);
      EXPECT_EQ(nonce.in_memory(), 0);
      EXPECT_EQ(aes.in_memory(), 0);
      EXPECT_EQ(secret.in_memory(), 0);
      EXPECT_EQ(key.in_memory(), 0) << "the keeper has let it go";
      if (!finish) co_return;
      client.next();
      client.tell("");
    }
  };
  for (const auto& [legacy, finish] : {std::pair(false, true), {true, true}, {false, false}}) {
    SCOPED_TRACE(testing::Message() << "legacy " << legacy << ", finish " << finish);
    Bytes drawn;
    Cores cores(1);
    VirtualClock clock(cores.context(0));
    ScriptedKeeper keeper;
    keeper.forgets = true;
    SystemRandom random;
    mtproto::Workers workers(cores, {.threads = 0}, [&] { return std::make_unique<Drawn>(drawn); });
    mtproto::Handshakes handshakes(clock, random, workers, keeper, {server_key()}, {});
    ExchangeOptions options{.legacy_padding = legacy};
    clock.run(Body::run(handshakes, clock, drawn, options, finish));
  }
}

IN_WORLD(Traces, B18_ATemporaryKeyIsNowhereAfterItsEnd) {
  const OtherProcess client(w.clock, temporary(120));
  const auto wire = w.wire();
  for (int step = 0; step < 2; ++step) {
    const Bytes answer = co_await ask(w, client.next(), wire.get());
    client.tell(answer);
  }
  const auto shared = client.secrets();
  for (int step = 0; step < 2; ++step) {
    const Bytes answer = co_await ask(w, client.next(), wire.get());
    client.tell(answer);
  }
  EXPECT_EQ(w.handler->contexts.size(), 1u) << "it was used";
  w.handler->contexts.clear();  // They hold the session, which a real handler may not.
  Search key;
  key.look_for(shared.auth_key);
  EXPECT_GT(key.in_memory(), 0);
  EXPECT_EQ(key.in_disk(w.disk), 0);
  co_await w.clock.sleep(seconds(135));
  EXPECT_EQ(key.in_disk(w.disk), 0);
  EXPECT_EQ(key.in_memory(), 0);
}

}  // namespace helio::client

#endif
