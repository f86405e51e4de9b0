// bench/message_bench.cpp: private text messages through a running server, by real encrypted sessions.
//
//   message_bench --mtproto ADDRESS:PORT --key PEM --server-pid PID [--pairs N] [--window N] [--seconds N]
//
// The server runs with --test-numbers. Every pair signs up two accounts, which then write to each other: each keeps
// `window` messages of about 100 bytes on the way and counts what it receives. Closed loop, one thread, loopback only.
// Prints one JSON object. Server CPU is utime + stime of the process between the ends of the measured time.
#include <CLI/CLI.hpp>

#include "account.h"
#include "server_process.h"
#include "tl/decode.h"
#include "tl/encode.h"
#include "tl/types/api/InputContact.h"
#include "tl/types/api/InputPeer.h"
#include "tl/types/api/Message.h"
#include "tl/types/api/Update.h"
#include "tl/types/api/Updates.h"
#include "tl/types/api/User.h"
#include "tl/types/api/contacts/ImportedContacts.h"
#include "tl/types/api/contacts/importContacts.h"
#include "tl/types/api/messages/sendMessage.h"

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
  tl::InputPeerUser other;
  std::uint64_t sent = 0, received = 0, failed = 0;
};

Task<> enter(Person& person, net::Endpoint server, const crypto::RsaPublicKey& key, Clock& clock, Random& random) {
  person.client = co_await client::connect(server, client::Transport{}, key, clock, random);
  if (!person.client) give_up("no connection to the server");
  co_await introduce(*person.client);
  co_await join(*person.client, person.phone);
}

Task<> meet(Person& person, std::string phone) {
  tl::contacts::importContacts import;
  tl::InputPhoneContact contact;
  contact.phone = std::move(phone);
  contact.first_name = "Other";
  import.contacts.push_back(std::move(contact));
  Bytes request = encoded(import);
  const auto imported = co_await ask(*person.client, std::move(request));
  const auto* found = tl::as<tl::contacts::ImportedContacts>(imported);
  const auto* user = found && found->users.size() == 1 ? tl::as<tl::User>(found->users[0]) : nullptr;
  if (!user) give_up("the other one was not found");
  person.other.user_id = user->id;
  person.other.access_hash = user->access_hash.value_or(0);
}

Task<> prepare(Person& a, Person& b, net::Endpoint server, const crypto::RsaPublicKey& key, Clock& clock,
               Random& random) {
  co_await enter(a, server, key, clock, random);
  co_await enter(b, server, key, clock, random);
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

Task<> run(Options options, Clock& clock, Random& random) {
  const net::Endpoint server = server_at(options.mtproto);
  const crypto::RsaPublicKey key = server_key_in(options.key);
  const ServerProcess process(options.server_pid);

  const Executor executor = co_await asio::this_coro::executor;
  std::vector<Person> people(static_cast<std::size_t>(options.pairs) * 2);
  for (std::size_t i = 0; i < people.size(); ++i) {
    people[i].phone = test_number(static_cast<int>(i));
  }
  {
    TaskGroup preparing(executor);
    for (std::size_t i = 0; i < people.size(); i += 2) {
      preparing.spawn(prepare(people[i], people[i + 1], server, key, clock, random));
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
  const double cpu_before = process.cpu_seconds();
  const std::uint64_t before = total();
  const Ticks measured_from = clock.ticks();
  co_await clock.sleep_until(end);
  const double cpu = process.cpu_seconds() - cpu_before;
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
