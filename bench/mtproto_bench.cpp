// bench/mtproto_bench.cpp: what connections, auth keys and service messages cost a running server.
//
//   mtproto_bench keys     --mtproto ADDRESS:PORT --key PEM --server-pid PID [--concurrent N] [--seconds N]
//   mtproto_bench pings    ... [--connections N] [--window N] [--packed] [--obfuscated] [--seconds N]
//   mtproto_bench accounts ... --file FILE --count N [--concurrent N]
//   mtproto_bench idle     ... --file FILE [--connections N] [--obfuscated] [--settle N]
//   mtproto_bench hold     ... --file FILE [--connections N] [--seconds N] [--settle N]
//
// keys:     auth keys made, each on a connection of its own.
// pings:    `window` pings on the way on each connection, closed loop. What goes out together leaves in one write, as
//           messages of their own or, --packed, as one container.
// accounts: signs people up and appends their auth keys to FILE, for the two below. Restart the server after it, so
//           that what the signing up left in its memory is not counted.
// idle:     one connection for each key of FILE, each asks updates.getState once and is then quiet: what the server's
//           memory has grown by.
// hold:     the same with `connections` sessions shared by the keys of FILE, held while one more session keeps pinging;
//           then all are closed, and the server's memory is looked at again.
//
// The server runs with --test-numbers on loopback. One thread. Prints one JSON object. Server CPU is utime + stime of
// its process between the ends of the measured time.
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <fstream>

#include "account.h"
#include "mtproto/session/container.h"
#include "net/tcp_stream.h"
#include "server_process.h"
#include "tl/types/api/updates/getState.h"
#include "tl/types/mtproto/Pong.h"

namespace helio::bench {
namespace {

struct Options {
  std::string mtproto, key, file;
  int server_pid = 0;
  int concurrent = 32;
  int connections = 0;
  int count = 10'000;
  int window = 16;
  int seconds = 5;
  int settle = 15;
  bool packed = false;
  bool obfuscated = false;
};

class Bench {
 public:
  Bench(Options options, Clock& clock, Random& random)
      : options_(std::move(options)),
        server_(server_at(options_.mtproto)),
        server_key_(server_key_in(options_.key)),
        process_(options_.server_pid),
        clock_(clock),
        random_(random) {}

  Task<> keys();
  Task<> pings();
  Task<> accounts();
  Task<> idle();
  Task<> hold();

 private:
  struct Pinger {
    std::unique_ptr<client::Client> client;
    int owed = 0;  // Pings that may be sent.
    bool refilling = false;
  };
  struct Memory {
    double resident, own;
  };

  Task<std::unique_ptr<client::Wire>> open(int number);
  Task<std::unique_ptr<client::Client>> connect(int number, client::ClientKey key);
  Task<client::ClientKey> make_key(client::Wire& wire);

  Task<> for_each_number(int count, std::function<Task<>(int)> work);
  static Task<> take_numbers(int* next, int count, const std::function<Task<>(int)>* work);

  Task<> keep_making_keys(int number, Ticks end);
  Task<> prepare_pinger(int number);
  void refill(Pinger& pinger);
  Task<> make_account(int number);
  Task<> subscribe(int number);
  Task<> ping_one_by_one(Ticks end);
  void read_keys();
  Memory memory() const { return {process_.resident_kib(), process_.private_kib()}; }
  Task<> close_all();

  const Options options_;
  const net::Endpoint server_;
  const crypto::RsaPublicKey server_key_;
  const ServerProcess process_;
  Clock& clock_;
  Random& random_;

  std::uint64_t made_ = 0;  // Keys, or pongs.
  double slowest_ping_ = 0;
  bool ended_ = false;
  std::vector<Pinger> pingers_;
  std::vector<client::ClientKey> keys_;
  std::vector<std::unique_ptr<client::Client>> clients_;
  std::ofstream file_;
};

// ---- Connections ----

// Many connections from one address run out of ports: each address of the client has its thousands.
Task<std::unique_ptr<client::Wire>> Bench::open(int number) {
  constexpr int kConnectionsPerAddress = 10'000;
  net::TcpSocket socket(co_await asio::this_coro::executor);
  boost::system::error_code error;
  socket.open(server_.protocol(), error);
  if (!error && server_.address().is_v4()) {
    const auto host = static_cast<std::uint32_t>(2 + number / kConnectionsPerAddress % 200);
    const int on = 1;
    setsockopt(socket.native_handle(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    socket.bind({boost::asio::ip::address_v4(0x7f000000u + host), 0}, error);
  }
  if (error) give_up("no socket: " + error.message());
  const auto [failure] = co_await socket.async_connect(server_, asio::as_tuple(use_task));
  if (failure) give_up("no connection: " + failure.message());
  client::Transport transport;
  transport.obfuscated = options_.obfuscated;
  co_return std::make_unique<client::Wire>(net::make_tcp_stream(std::move(socket)), transport, random_);
}

Task<client::ClientKey> Bench::make_key(client::Wire& wire) {
  const client::ExchangeOptions options;
  const auto key = co_await client::exchange_keys(wire, server_key_, clock_, random_, options);
  if (!key) give_up("a key exchange has failed");
  co_return *key;
}

Task<std::unique_ptr<client::Client>> Bench::connect(int number, client::ClientKey key) {
  auto wire = co_await open(number);
  auto client = std::make_unique<client::Client>(co_await asio::this_coro::executor, clock_, random_, key);
  client->use(std::move(wire));
  co_return client;
}

Task<> Bench::close_all() {
  for (const auto& client : clients_) client->disconnect();
  for (const auto& client : clients_) co_await client->stop();
}

// Runs work(0) to work(count - 1), `concurrent` of them at a time.
Task<> Bench::for_each_number(int count, std::function<Task<>(int)> work) {
  int next = 0;
  TaskGroup group(co_await asio::this_coro::executor);
  for (int i = 0; i < options_.concurrent; ++i) group.spawn(take_numbers(&next, count, &work));
  co_await group.join();
}

Task<> Bench::take_numbers(int* next, int count, const std::function<Task<>(int)>* work) {
  while (*next < count) {
    const int number = (*next)++;
    co_await (*work)(number);
  }
}

// ---- Keys ----

Task<> Bench::keys() {
  // The first fifth warms up and is not counted.
  const Ticks begin = clock_.ticks() + milliseconds(200 * options_.seconds);
  const Ticks end = begin + seconds(options_.seconds);
  TaskGroup making(co_await asio::this_coro::executor);
  for (int i = 0; i < options_.concurrent; ++i) making.spawn(keep_making_keys(i, end));

  co_await clock_.sleep_until(begin);
  const double cpu_before = process_.cpu_seconds();
  const std::uint64_t before = made_;
  const Ticks from = clock_.ticks();
  co_await clock_.sleep_until(end);
  const double cpu = process_.cpu_seconds() - cpu_before;
  const auto made = static_cast<double>(made_ - before);
  const double took = std::chrono::duration<double>(clock_.ticks() - from).count();
  co_await making.join();
  std::printf(
      "{\"concurrent\": %d, \"keys_per_second\": %.1f, \"server_cpu_seconds\": %.2f, "
      "\"keys_per_server_cpu_second\": %.1f}\n",
      options_.concurrent, made / took, cpu, made / cpu);
}

Task<> Bench::keep_making_keys(int number, Ticks end) {
  while (clock_.ticks() < end) {
    const auto wire = co_await open(number);
    co_await make_key(*wire);
    ++made_;
  }
}

// ---- Pings ----

Task<> Bench::pings() {
  const Executor executor = co_await asio::this_coro::executor;
  pingers_.resize(static_cast<std::size_t>(options_.connections));
  co_await for_each_number(options_.connections, [this](int number) { return prepare_pinger(number); });
  for (Pinger& pinger : pingers_) {
    pinger.client->on_push = [this, &pinger, executor](const client::Message& message) {
      if (mtproto::constructor_of(message.body) != tl::mt::Pong::kId) return;
      ++made_;
      ++pinger.owed;
      // All that has arrived together is answered together.
      if (!ended_ && !std::exchange(pinger.refilling, true)) {
        asio::post(executor, [this, &pinger] { refill(pinger); });
      }
    };
    pinger.owed = options_.window;
    refill(pinger);
  }

  co_await clock_.sleep(milliseconds(200 * options_.seconds));
  const double cpu_before = process_.cpu_seconds();
  const std::uint64_t before = made_;
  const Ticks from = clock_.ticks();
  co_await clock_.sleep(seconds(options_.seconds));
  const double cpu = process_.cpu_seconds() - cpu_before;
  const auto pongs = static_cast<double>(made_ - before);
  const double took = std::chrono::duration<double>(clock_.ticks() - from).count();
  ended_ = true;
  for (const Pinger& pinger : pingers_) {
    if (!pinger.client->connected()) give_up("a connection has closed");
  }
  std::printf(
      "{\"connections\": %d, \"window\": %d, \"packed\": %s, \"obfuscated\": %s, \"pings_per_second\": %.0f, "
      "\"server_cpu_seconds\": %.2f, \"pings_per_server_cpu_second\": %.0f}\n",
      options_.connections, options_.window, options_.packed ? "true" : "false", options_.obfuscated ? "true" : "false",
      pongs / took, cpu, pongs / cpu);
  for (Pinger& pinger : pingers_) co_await pinger.client->stop();
}

Task<> Bench::prepare_pinger(int number) {
  auto wire = co_await open(number);
  const client::ClientKey key = co_await make_key(*wire);
  auto client = std::make_unique<client::Client>(co_await asio::this_coro::executor, clock_, random_, key);
  client->use(std::move(wire));
  pingers_[static_cast<std::size_t>(number)].client = std::move(client);
}

void Bench::refill(Pinger& pinger) {
  pinger.refilling = false;
  client::Client& client = *pinger.client;
  if (ended_) return;
  if (!client.connected()) give_up("a connection has closed");
  for (; pinger.owed > 0; --pinger.owed) {
    Bytes ping = client::ping(pinger.owed);
    if (options_.packed) {
      client.send(std::move(ping));
      continue;
    }
    const client::Message message{client.next_msg_id(), client.next_seqno(true), std::move(ping)};
    if (pinger.owed > 1) {
      client.wire()->add(client.seal(message));
    } else {
      client.send_packet(message);  // And what was added before it.
    }
  }
}

// ---- Memory ----

Task<> Bench::accounts() {
  file_.open(options_.file, std::ios::app);
  if (!file_) give_up("--file cannot be written");
  co_await for_each_number(options_.count, [this](int number) { return make_account(number); });
  file_.close();
  if (!file_) give_up("--file cannot be written");
  std::printf("{\"accounts\": %d}\n", options_.count);
}

Task<> Bench::make_account(int number) {
  auto wire = co_await open(number);
  const client::ClientKey key = co_await make_key(*wire);
  client::Client client(co_await asio::this_coro::executor, clock_, random_, key);
  client.use(std::move(wire));
  co_await introduce(client);
  co_await join(client, test_number(number));
  co_await client.stop();
  file_ << to_hex(crypto::view(key.bytes)) << '\n';
}

void Bench::read_keys() {
  std::ifstream file(options_.file);
  for (std::string line; std::getline(file, line);) {
    const auto bytes = from_hex(line);
    if (!bytes || bytes->size() != 256) give_up("--file should hold the keys that `accounts` wrote");
    client::ClientKey key;
    key.bytes = crypto::fixed<256>(*bytes);
    key.id = crypto::auth_key_id(key.bytes);
    keys_.push_back(key);
  }
  if (keys_.empty()) give_up("--file holds no keys");
}

Task<> Bench::subscribe(int number) {
  const auto place = static_cast<std::size_t>(number);
  clients_[place] = co_await connect(number, keys_[place % keys_.size()]);
  Bytes request = encoded(tl::updates::getState());
  co_await ask(*clients_[place], std::move(request));
  clients_[place]->send(client::ping(1));  // Acknowledgements travel with it, as apps send them when they go idle.
}

Task<> Bench::idle() {
  read_keys();
  const int count = options_.connections > 0 ? options_.connections : static_cast<int>(keys_.size());
  if (static_cast<std::size_t>(count) > keys_.size())
    give_up("--file holds fewer keys than there shall be connections");
  const Memory before = memory();
  clients_.resize(static_cast<std::size_t>(count));
  co_await for_each_number(count, [this](int number) { return subscribe(number); });
  co_await clock_.sleep(seconds(options_.settle));
  const Memory after = memory();
  for (const auto& client : clients_) {
    if (!client->connected()) give_up("a connection has closed");
  }
  std::printf(
      "{\"connections\": %d, \"obfuscated\": %s, \"resident_kib_before\": %.0f, \"resident_kib\": %.0f, "
      "\"kib_per_connection\": %.2f, \"private_kib_per_connection\": %.2f}\n",
      count, options_.obfuscated ? "true" : "false", before.resident, after.resident,
      (after.resident - before.resident) / count, (after.own - before.own) / count);
  std::fflush(stdout);
  co_await close_all();
}

Task<> Bench::hold() {
  read_keys();
  const int count = options_.connections;
  const Memory before = memory();
  const std::size_t files_before = process_.open_files();
  clients_.resize(static_cast<std::size_t>(count));
  co_await for_each_number(count, [this](int number) { return subscribe(number); });
  const Memory held = memory();
  const std::size_t files_held = process_.open_files();

  const double cpu_before = process_.cpu_seconds();
  co_await ping_one_by_one(clock_.ticks() + seconds(options_.seconds));
  const double cpu = process_.cpu_seconds() - cpu_before;
  std::size_t lost = 0;
  for (const auto& client : clients_) lost += !client->connected();

  co_await close_all();
  co_await clock_.sleep(seconds(options_.settle));
  const Memory after = memory();
  std::printf(
      "{\"connections\": %d, \"keys\": %zu, \"lost\": %zu, \"pings_per_second\": %.0f, \"slowest_ping_ms\": %.1f, "
      "\"server_cpu_share\": %.3f, \"resident_kib_before\": %.0f, \"resident_kib_held\": %.0f, "
      "\"resident_kib_after\": %.0f, \"files_before\": %zu, \"files_held\": %zu, \"files_after\": %zu}\n",
      count, keys_.size(), lost, static_cast<double>(made_) / options_.seconds, slowest_ping_ * 1000,
      cpu / options_.seconds, before.resident, held.resident, after.resident, files_before, files_held,
      process_.open_files());
}

Task<> Bench::ping_one_by_one(Ticks end) {
  const auto client = co_await connect(0, keys_[0]);
  bool answered = false;
  client->on_push = [&answered](const client::Message& message) {
    if (mtproto::constructor_of(message.body) == tl::mt::Pong::kId) answered = true;
  };
  while (clock_.ticks() < end) {
    const Ticks from = clock_.ticks();
    answered = false;
    client->send(client::ping(1));
    while (!answered && client->connected()) {
      co_await client->next_arrival();
      // The first ping has a salt from before the server's start.
      if (!answered && made_ == 0) client->send(client::ping(1));
    }
    if (!client->connected()) give_up("the pinging connection has closed");
    slowest_ping_ = std::max(slowest_ping_, std::chrono::duration<double>(clock_.ticks() - from).count());
    ++made_;
    co_await clock_.sleep(milliseconds(10));
  }
  co_await client->stop();
}

}  // namespace
}  // namespace helio::bench

int main(int argc, char** argv) {
  using namespace helio;
  bench::Options options;
  CLI::App app("What connections, auth keys and service messages cost a running server.");
  app.require_subcommand(1);
  const auto command = [&](const char* name, const char* what) {
    CLI::App* added = app.add_subcommand(name, what);
    added->add_option("--mtproto", options.mtproto)->required();
    added->add_option("--key", options.key)->required();
    added->add_option("--server-pid", options.server_pid)->required();
    added->add_option("--concurrent", options.concurrent)->check(CLI::Range(1, 1'000));
    added->add_flag("--obfuscated", options.obfuscated);
    return added;
  };
  const auto with_file = [&](CLI::App* to) { to->add_option("--file", options.file)->required(); };
  const auto with_seconds = [&](CLI::App* to) {
    to->add_option("--seconds", options.seconds)->check(CLI::Range(1, 600));
  };
  const auto with_settle = [&](CLI::App* to) {
    to->add_option("--settle", options.settle)->check(CLI::Range(0, 1'000));
  };
  const auto with_connections = [&](CLI::App* to, int otherwise) {
    to->add_option("--connections", options.connections)->check(CLI::Range(1, 60'000));
    to->parse_complete_callback([&options, otherwise] {
      if (options.connections == 0) options.connections = otherwise;
    });
  };

  CLI::App* keys = command("keys", "make auth keys");
  with_seconds(keys);
  CLI::App* pings = command("pings", "ping on many connections");
  with_seconds(pings);
  with_connections(pings, 100);
  pings->add_option("--window", options.window)->check(CLI::Range(1, 1'000));
  pings->add_flag("--packed", options.packed);
  CLI::App* accounts = command("accounts", "sign people up");
  with_file(accounts);
  accounts->add_option("--count", options.count)->check(CLI::Range(1, 90'000));
  CLI::App* idle = command("idle", "quiet connections, each with a key of its own");
  with_file(idle);
  with_connections(idle, 0);
  with_settle(idle);
  CLI::App* hold = command("hold", "as many open connections as possible");
  with_file(hold);
  with_connections(hold, 19'900);
  with_seconds(hold);
  with_settle(hold);
  CLI11_PARSE(app, argc, argv);

  alarm(1800);  // A server that does not answer is not waited for forever.
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  SystemClock clock;
  SystemRandom random;
  asio::io_context context;
  bench::Bench bench(options, clock, random);
  run_until_done(context, keys->parsed()       ? bench.keys()
                          : pings->parsed()    ? bench.pings()
                          : accounts->parsed() ? bench.accounts()
                          : idle->parsed()     ? bench.idle()
                                               : bench.hold());
}
