#include "server/admin/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <sstream>

#include "base/log.h"

namespace helio::server::admin {

namespace {

constexpr std::size_t kLineMax = 1024;
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
  co_await (answer(socket) || clock_.sleep(kTimeMax));
}

Task<> Listener::answer(Socket& socket) {
  std::string line;
  const auto [read_error, size] =
      co_await asio::async_read_until(socket, asio::dynamic_buffer(line, kLineMax), '\n', asio::as_tuple(use_task));
  if (read_error) co_return;

  std::istringstream words(line.substr(0, size));
  std::string name, word;
  std::vector<std::string> arguments;
  words >> name;
  while (words >> word) arguments.push_back(word);

  Reply reply{false, "the server does not know the command '" + name + "'"};
  if (const auto command = commands_.find(name); command != commands_.end()) {
    reply = co_await command->second(std::move(arguments));
  }
  log::info("admin.command", {{"name", name}, {"good", reply.good}});
  const std::string text = (reply.good ? "ok\n" : "no\n") + reply.text + "\n";
  co_await asio::async_write(socket, asio::buffer(text), asio::as_tuple(use_task));
}

}  // namespace helio::server::admin
