#include "server/wiring.h"

#include <unistd.h>

#include "crypto/dh.h"
#include "domain/users/phone.h"
#include "net/http/server.h"
#include "server/open_store.h"
#include "server/owner_error.h"
#include "server/owner_work.h"

namespace helio::server {

namespace {

std::unique_ptr<net::Listener> listen(Cores& cores, Clock& clock, const std::string& address) {
  try {
    return std::make_unique<net::Listener>(cores, clock, *net::parse_endpoint(address));
  } catch (const net::ListenError& error) {
    throw OwnerError(error.what());
  }
}

std::unique_ptr<admin::Listener> listen_to_owner(Executor executor, Clock& clock, const std::filesystem::path& socket) {
  try {
    return std::make_unique<admin::Listener>(executor, clock, socket);
  } catch (const std::exception& error) {
    throw OwnerError("cannot listen on " + socket.string() + ": " + error.what() +
                     "; the path of a socket has at most 107 characters");
  }
}

mtproto::ServerSettings mtproto_settings(const Settings& settings) {
  auto chosen = settings.is_on("test_numbers") ? mtproto::ServerSettings::for_load() : mtproto::ServerSettings{};
  chosen.legacy_key_exchange = settings.is_on("mtproto.legacy_key_exchange");
  return chosen;
}

domain::DomainSettings domain_settings(const Settings& settings) {
  domain::DomainSettings chosen;
  chosen.auth.registration_open = settings.text("registration") == "open";
  chosen.auth.test_numbers = settings.is_on("test_numbers");
  return chosen;
}

api::Settings api_settings(const Settings& settings) {
  api::Settings chosen;
  if (const auto address = net::parse_endpoint(settings.text("public_address")))
    chosen.public_address = to_api(*address);
  chosen.srp_prime = Bytes(crypto::view(crypto::dh_prime()));
  return chosen;
}

// Numbers that anybody can sign up with, and ceilings that never bite, are for the machine's own tests.
void check_test_numbers(const Settings& settings) {
  if (!settings.is_on("test_numbers")) return;
  for (const auto* key : {"mtproto.address", "http.address"}) {
    if (!net::parse_endpoint(settings.text(key))->address().is_loopback()) {
      throw OwnerError("--test-numbers is for loopback addresses only, but " + std::string(key) + " is " +
                       settings.text(key));
    }
  }
}

}  // namespace

struct Wiring::HttpCore {
  explicit HttpCore(Executor executor) : tasks(executor) {}
  TaskGroup tasks;
};

Task<net::http::Response> Web::handle(net::http::Request request) {
  net::http::Response response;
  if (request.target != "/health") {
    response.status = 404;
    response.body = "There is nothing here.\n";
  } else if (request.method != "GET") {
    response.status = 405;
    response.body = "GET only.\n";
  } else {
    response.body = "ok\n";
  }
  co_return response;
}

// Any Origin may come: what a browser adds to a request by itself (cookies, an address in the owner's network) opens
// nothing here, since MTProto brings its own keys. https://core.telegram.org/mtproto/transports#websocket
bool Web::takes_web_socket(View path) const {
  return path == "/apiws";
}

void Web::web_socket(std::string, std::unique_ptr<net::ByteStream> stream) {
  mtproto_->accept(std::move(stream), mtproto::Carrier::kWebSocket);
}

Wiring::Wiring(Cores& cores, const DataFolder& folder, const Settings& settings)
    : cores_(cores),
      folder_(folder),
      codes_(clock_, isatty(STDOUT_FILENO) == 1),
      wire_(cores),
      job_(clock_),
      listening_(cores.executor(0)) {
  check_test_numbers(settings);
  auto keys = rsa_keys(folder.path());
  auto secret = server_secret(folder.path());
  mtproto_listener_ = listen(cores, clock_, settings.text("mtproto.address"));
  http_listener_ = listen(cores, clock_, settings.text("http.address"));
  admin_ = listen_to_owner(cores.executor(0), clock_, folder.admin_socket());
  kv_ = open_store(folder, settings);

  const auto random = [this]() -> Random& { return random_; };
  domain_ = std::make_unique<domain::Domain>(
      domain::DomainNeeds{cores, *kv_, clock_, random, codes_, std::move(secret)}, domain_settings(settings));
  api_ = std::make_unique<api::Api>(api::Services{*domain_, wire_keys_, cores, clock_, random}, api_settings(settings));
  wire_.plug(*api_);
  mtproto_ = std::make_unique<mtproto::Server>(cores, clock_, *kv_, wire_, std::move(keys), mtproto_settings(settings),
                                               [] { return std::make_unique<SystemRandom>(); });
  wire_keys_.plug(*mtproto_);
  web_.plug(*mtproto_);

  http_addresses_ = std::make_unique<net::AddressLimits>(clock_, mtproto_settings(settings).addresses);
  for (int core = 0; core < cores.count(); ++core) http_.push_back(std::make_unique<HttpCore>(cores.executor(core)));
  admin_->add("code", [this](std::vector<std::string> arguments) { return code_of(std::move(arguments)); });
  admin_->add_long("backup", [this](std::vector<std::string> arguments, admin::Progress progress) {
    return back_up(std::move(arguments), std::move(progress));
  });
  admin_->add_long("check", [this](std::vector<std::string> arguments, admin::Progress progress) {
    return check(std::move(arguments), std::move(progress));
  });
}

Wiring::~Wiring() = default;

Task<> Wiring::start() {
  co_await domain_->boxes.resume();
  listening_.spawn(mtproto_listener_->run(
      [this](int, std::unique_ptr<net::ByteStream> stream) { mtproto_->accept(std::move(stream)); }));
  listening_.spawn(http_listener_->run(
      [this](int core, std::unique_ptr<net::ByteStream> stream) { accept_http(core, std::move(stream)); }));
  admin_->start();
}

Task<> Wiring::stop() {
  listening_.cancel();
  co_await listening_.join();
  co_await admin_->stop();
  co_await job_.stop();
  for (int core = 0; core < cores_.count(); ++core) {
    co_await cores_.on(core, [this, core] { return stop_http(core); });
  }
  co_await mtproto_->stop();
  co_await wire_.stop();
  co_await api_->stop();
  for (int core = 0; core < cores_.count(); ++core) {
    co_await cores_.on(core, [this, core] { return stop_boxes(core); });
  }
  kv_->stop();
}

void Wiring::accept_http(int core, std::unique_ptr<net::ByteStream> stream) {
  constexpr std::size_t kConnectionsMax = 10'000;  // A core.
  TaskGroup& tasks = http_[static_cast<std::size_t>(core)]->tasks;
  if (tasks.size() < kConnectionsMax) tasks.spawn(serve_http(std::move(stream)));
}

// A connection too many from one address is closed without a word: HTTP has its say only after a request. One that
// becomes a WebSocket leaves these ceilings when it has entered those of MTProto.
Task<> Wiring::serve_http(std::unique_ptr<net::ByteStream> stream) {
  const auto address = stream->remote().address();
  if (!http_addresses_->enter(address)) co_return;
  struct Entered {
    net::AddressLimits& limits;
    boost::asio::ip::address address;
    ~Entered() { limits.leave(address); }
  } entered{*http_addresses_, address};
  const net::http::Limits limits;
  co_await net::http::serve(std::move(stream), clock_, web_, limits);
}

Task<bool> Wiring::stop_http(int core) {
  TaskGroup& tasks = http_[static_cast<std::size_t>(core)]->tasks;
  tasks.cancel();
  co_await tasks.join();
  co_return true;
}

Task<bool> Wiring::stop_boxes(int) {
  co_await domain_->boxes.stop();
  co_return true;
}

Task<admin::Reply> Wiring::code_of(std::vector<std::string> arguments) {
  std::string written;
  for (const auto& part : arguments) written += part;  // A number may be written with spaces.
  const auto digits = domain::normal_phone(written);
  if (!digits) co_return admin::Reply{false, "that is not a phone number: " + written};
  if (const auto code = codes_.find(*digits)) co_return admin::Reply{true, code->reveal()};
  co_return admin::Reply{false,
                         "no code is waiting for +" + *digits + "; ask for one in the app, then call this again"};
}

Task<admin::Reply> Wiring::back_up(std::vector<std::string> arguments, admin::Progress progress) {
  const auto request = backup_request(arguments);
  if (!request) co_return admin::Reply{false, "this server does not understand the command; is it of another release?"};
  backup::Job::Work work = [this, wanted = *request](const store::Watch& watch) {
    return server::back_up(wanted, folder_, *kv_, clock_, watch);
  };
  co_return co_await job_.run(std::move(work), std::move(progress));
}

Task<admin::Reply> Wiring::check(std::vector<std::string> arguments, admin::Progress progress) {
  const bool quick = arguments == std::vector<std::string>{"quick"};
  backup::Job::Work work = [this, quick](const store::Watch& watch) {
    return server::check(quick, folder_, *kv_, watch);
  };
  co_return co_await job_.run(std::move(work), std::move(progress));
}

}  // namespace helio::server
