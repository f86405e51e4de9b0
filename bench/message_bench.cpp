// bench/message_bench.cpp: private text messages through a running server, by real encrypted sessions.
//
//   message_bench --mtproto ADDRESS:PORT --key PEM --server-pid PID [--pairs N] [--window N] [--seconds N]
//
// The server runs with --test-numbers. Every pair signs up two accounts, which then write to each other: each keeps
// `window` messages of about 100 bytes on the way and counts what it receives. Closed loop, one thread, loopback only.
// Prints one JSON object. Server CPU is utime + stime of the process between the ends of the measured time.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <sstream>

#include "mtproto_client/client.h"
#include "net/endpoint.h"
#include "tl/decode.h"
#include "tl/encode.h"
#include "tl/types/api/CodeSettings.h"
#include "tl/types/api/InputContact.h"
#include "tl/types/api/InputPeer.h"
#include "tl/types/api/Message.h"
#include "tl/types/api/Update.h"
#include "tl/types/api/Updates.h"
#include "tl/types/api/User.h"
#include "tl/types/api/auth/Authorization.h"
#include "tl/types/api/auth/SentCode.h"
#include "tl/types/api/auth/sendCode.h"
#include "tl/types/api/auth/signIn.h"
#include "tl/types/api/auth/signUp.h"
#include "tl/types/api/contacts/ImportedContacts.h"
#include "tl/types/api/contacts/importContacts.h"
#include "tl/types/api/help/getConfig.h"
#include "tl/types/api/initConnection.h"
#include "tl/types/api/invokeWithLayer.h"
#include "tl/types/api/messages/sendMessage.h"

#include <unistd.h>

namespace helio::bench {
namespace {

struct Options {
  std::string mtproto, key;
  int server_pid = 0;
  int pairs = 50;
  int window = 8;
  int seconds = 5;
};

struct Person {
  std::unique_ptr<client::Client> client;
  std::string phone;
  std::int64_t id = 0;
  tl::InputPeerUser other;
  std::uint64_t sent = 0, received = 0, failed = 0;
};

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << "message_bench: " << why << '\n';
  std::_Exit(1);
}

Bytes encoded(const tl::Object& object) {
  Bytes out;
  if (!tl::encode(out, object, tl::kNewestLayer)) give_up("a request cannot be encoded");
  return out;
}

template <class T>
Task<tl::Box<tl::Object>> ask(Person& person, T request) {
  const Bytes answer = co_await person.client->call(encoded(request));
  if (const auto error = client::error_in(answer); !error.empty()) give_up(error);
  auto object = tl::decode_object(answer);
  if (!object) give_up("an answer cannot be decoded");
  co_return *std::move(object);
}

Task<> join(Person& person, net::Endpoint server, const crypto::RsaPublicKey& key, Clock& clock, Random& random) {
  person.client = co_await client::connect(server, client::Transport{}, key, clock, random);
  if (!person.client) give_up("no connection to the server");

  tl::initConnection init;
  init.api_id = 1;
  init.device_model = init.system_version = init.app_version = "bench";
  init.query = tl::help::getConfig{};
  tl::invokeWithLayer wrapped;
  wrapped.layer = tl::kNewestLayer.number;
  wrapped.query = std::move(init);
  co_await ask(person, std::move(wrapped));

  tl::auth::sendCode send_code;
  send_code.phone_number = person.phone;
  send_code.api_id = 1;
  send_code.settings = tl::CodeSettings{};
  const auto sent = co_await ask(person, std::move(send_code));
  const auto* code = tl::as<tl::auth::SentCode>(sent);
  if (!code) give_up("no code was sent");

  tl::auth::signIn sign_in;
  sign_in.phone_number = person.phone;
  sign_in.phone_code_hash = code->phone_code_hash;
  sign_in.phone_code = std::string(6, person.phone[5]);
  auto signed_in = co_await ask(person, std::move(sign_in));
  if (tl::as<tl::auth::AuthorizationSignUpRequired>(signed_in)) {
    tl::auth::signUp sign_up;
    sign_up.phone_number = person.phone;
    sign_up.phone_code_hash = code->phone_code_hash;
    sign_up.first_name = "Bench";
    signed_in = co_await ask(person, std::move(sign_up));
  }
  const auto* authorization = tl::as<tl::auth::Authorization>(signed_in);
  const auto* user = authorization ? tl::as<tl::User>(authorization->user) : nullptr;
  if (!user) give_up("nobody was signed in");
  person.id = user->id;
}

Task<> meet(Person& person, std::string phone) {
  tl::contacts::importContacts import;
  tl::InputPhoneContact contact;
  contact.phone = std::move(phone);
  contact.first_name = "Other";
  import.contacts.push_back(std::move(contact));
  const auto imported = co_await ask(person, std::move(import));
  const auto* found = tl::as<tl::contacts::ImportedContacts>(imported);
  const auto* user = found && found->users.size() == 1 ? tl::as<tl::User>(found->users[0]) : nullptr;
  if (!user) give_up("the other one was not found");
  person.other.user_id = user->id;
  person.other.access_hash = user->access_hash.value_or(0);
}

Task<> prepare(Person& a, Person& b, net::Endpoint server, const crypto::RsaPublicKey& key, Clock& clock,
               Random& random) {
  co_await join(a, server, key, clock, random);
  co_await join(b, server, key, clock, random);
  co_await meet(a, b.phone);
  co_await meet(b, a.phone);
  for (Person* person : {&a, &b}) {
    person->client->on_push = [person](const client::Message& message) {
      const auto object = tl::decode_object(message.body);
      const auto* updates = object ? tl::as<tl::Updates>(*object) : nullptr;
      if (!updates) return;
      for (const auto& update : updates->updates) {
        const auto* fresh = tl::as<tl::UpdateNewMessage>(update);
        const auto* text = fresh ? tl::as<tl::Message>(fresh->message) : nullptr;
        if (text && !text->out) ++person->received;
      }
    };
  }
}

Task<> write(Person& person, Clock& clock, Random& random, Ticks end) {
  while (clock.ticks() < end) {
    tl::messages::sendMessage request;
    request.peer = person.other;
    request.random_id = static_cast<std::int64_t>(random.u64() | 1);
    request.message = "A private message of about one hundred bytes, as people write them in chats all day long. " +
                      std::to_string(person.sent);
    const Bytes answer = co_await person.client->call(encoded(request));
    client::error_in(answer).empty() ? ++person.sent : ++person.failed;
  }
}

double cpu_seconds(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto close = text.rfind(')');
  if (close == std::string::npos) give_up("no server process " + std::to_string(pid));
  std::istringstream fields(text.substr(close + 2));
  std::string field;
  double ticks = 0;
  for (int i = 3; fields >> field; ++i) {
    if (i == 14 || i == 15) ticks += std::stod(field);
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

Task<> run(Options options, Clock& clock, Random& random) {
  const auto server = net::parse_endpoint(options.mtproto);
  if (!server || !server->address().is_loopback()) give_up("--mtproto should be a loopback address and a port");
  std::ifstream pem(options.key);
  const auto key = crypto::RsaPublicKey::from_pem(std::string((std::istreambuf_iterator<char>(pem)), {}));
  if (!key) give_up("--key should be the file that `heliograph key` printed");

  const Executor executor = co_await asio::this_coro::executor;
  std::vector<Person> people(static_cast<std::size_t>(options.pairs) * 2);
  for (std::size_t i = 0; i < people.size(); ++i) {
    people[i].phone = "99966" + std::to_string(1 + i / 10'000) + std::to_string(10'000 + i % 10'000).substr(1);
  }
  {
    TaskGroup preparing(executor);
    for (std::size_t i = 0; i < people.size(); i += 2) {
      preparing.spawn(prepare(people[i], people[i + 1], *server, *key, clock, random));
    }
    co_await preparing.join();
  }

  // The first fifth warms up and is not counted.
  const Ticks begin = clock.ticks() + milliseconds(200 * options.seconds);
  const Ticks end = begin + seconds(options.seconds);
  TaskGroup writing(executor);
  for (Person& person : people) {
    for (int i = 0; i < options.window; ++i) writing.spawn(write(person, clock, random, end));
  }
  const auto total = [&people] {
    std::uint64_t received = 0;
    for (const Person& person : people) received += person.received;
    return received;
  };
  co_await clock.sleep_until(begin);
  const double cpu_before = cpu_seconds(options.server_pid);
  const std::uint64_t before = total();
  const Ticks measured_from = clock.ticks();
  co_await clock.sleep_until(end);
  const double cpu = cpu_seconds(options.server_pid) - cpu_before;
  const std::uint64_t delivered = total() - before;
  const double took = std::chrono::duration<double>(clock.ticks() - measured_from).count();
  co_await writing.join();
  co_await clock.sleep(seconds(2));

  std::uint64_t sent = 0, failed = 0;
  for (const Person& person : people) sent += person.sent, failed += person.failed;
  std::printf(
      "{\"pairs\": %d, \"window\": %d, \"delivered_per_second\": %.0f, \"server_cpu_seconds\": %.2f, "
      "\"messages_per_server_cpu_second\": %.0f, \"sent\": %llu, \"failed\": %llu, \"lost\": %lld}\n",
      options.pairs, options.window, static_cast<double>(delivered) / took, cpu, static_cast<double>(delivered) / cpu,
      static_cast<unsigned long long>(sent), static_cast<unsigned long long>(failed),
      static_cast<long long>(sent) - static_cast<long long>(total()));
  for (Person& person : people) co_await person.client->stop();
}

}  // namespace
}  // namespace helio::bench

int main(int argc, char** argv) {
  using namespace helio;
  bench::Options options;
  CLI::App app("Private messages through a running server.");
  app.add_option("--mtproto", options.mtproto)->required();
  app.add_option("--key", options.key)->required();
  app.add_option("--server-pid", options.server_pid)->required();
  app.add_option("--pairs", options.pairs)->check(CLI::Range(1, 40'000));
  app.add_option("--window", options.window)->check(CLI::Range(1, 1'000));
  app.add_option("--seconds", options.seconds)->check(CLI::Range(1, 600));
  CLI11_PARSE(app, argc, argv);
  SystemClock clock;
  SystemRandom random;
  asio::io_context context;
  run_until_done(context, bench::run(options, clock, random));
}
