#include "server/admin/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "base/log.h"
#include "server/admin/words.h"

namespace helio::server::admin {

namespace {

constexpr std::size_t kLineMax = 4096;
constexpr std::size_t kConnectionsMax = 8;
constexpr seconds kTimeMax{10};

bool is_owner(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == geteuid();
}

}  // namespace

Listener::Listener(Executor executor, Clock& clock, const std::filesystem::path& socket)
    : clock_(clock), path_(socket), acceptor_(executor), tasks_(executor) {
  std::filesystem::remove(path_);
  acceptor_.open();
  acceptor_.bind(Protocol::endpoint(path_.string()));
  chmod(path_.c_str(), 0600);
  acceptor_.listen();
}

Listener::~Listener() {
  std::error_code ignored;  // A socket file that stays is replaced at the next start.
  std::filesystem::remove(path_, ignored);
}

void Listener::add(std::string name, Command command) {
  commands_.emplace(std::move(name), std::move(command));
}

void Listener::add_long(std::string name, LongCommand command) {
  long_commands_.emplace(std::move(name), std::move(command));
}

void Listener::start() {
  tasks_.spawn(accept());
}

Task<> Listener::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

Task<> Listener::accept() {
  for (;;) {
    auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(use_task));
    if (error == asio::error::operation_aborted) co_return;
    if (error) co_await clock_.sleep(milliseconds(100));  // Out of descriptors: asking again at once would spin.
    if (error || tasks_.size() > kConnectionsMax || !is_owner(socket.native_handle())) continue;
    tasks_.spawn(serve(std::move(socket)));
  }
}

Task<> Listener::serve(Socket socket) {
  using namespace asio::experimental::awaitable_operators;
  std::string line;
  co_await (read_line(socket, line) || clock_.sleep(kTimeMax));
  if (!line.ends_with('\n')) co_return;
  auto words = from_line(line);
  const std::string name = words.empty() ? "" : words.front();
  if (!words.empty()) words.erase(words.begin());

  Reply reply{false, "the server does not know the command '" + name + "'"};
  if (const auto found = commands_.find(name); found != commands_.end()) {
    reply.text = "the server did not finish in time";
    co_await (run(found->second, std::move(words), reply) || clock_.sleep(kTimeMax));
  } else if (const auto found = long_commands_.find(name); found != long_commands_.end()) {
    Progress progress = [this, &socket](std::string text) { return tell(socket, std::move(text)); };
    reply = co_await found->second(std::move(words), std::move(progress));
  }
  log::info("admin.command", {{"name", name}, {"good", reply.good}});
  const std::string text = (reply.good ? "ok\n" : "no\n") + reply.text + "\n";
  bool written = false;
  co_await (write(socket, text, written) || clock_.sleep(kTimeMax));
}

// Leaves `line` without an end when there is none.
Task<> Listener::read_line(Socket& socket, std::string& line) {
  co_await asio::async_read_until(socket, asio::dynamic_buffer(line, kLineMax), '\n', asio::as_tuple(use_task));
  line.resize(line.find('\n') == std::string::npos ? 0 : line.find('\n') + 1);
}

Task<> Listener::run(Command& command, std::vector<std::string> arguments, Reply& reply) {
  reply = co_await command(std::move(arguments));
}

Task<> Listener::write(Socket& socket, const std::string& text, bool& written) {
  const auto [error, size] = co_await asio::async_write(socket, asio::buffer(text), asio::as_tuple(use_task));
  written = !error;
}

Task<> Listener::tell(Socket& socket, std::string line) {
  using namespace asio::experimental::awaitable_operators;
  const std::string text = ". " + line + "\n";
  bool written = false;
  co_await (write(socket, text, written) || clock_.sleep(kTimeMax));
  if (!written) throw boost::system::system_error(asio::error::operation_aborted);
}

}  // namespace helio::server::admin
