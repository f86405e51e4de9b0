#include "server/admin/call.h"

#include <sys/un.h>

#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "server/admin/words.h"

namespace helio::server::admin {

namespace {

constexpr std::string_view kProgress = ". ";

void connect(asio::local::stream_protocol::socket& connection, const std::filesystem::path& socket,
             boost::system::error_code& error) {
  if (socket.native().size() < sizeof(sockaddr_un::sun_path)) {
    connection.connect(asio::local::stream_protocol::endpoint(socket.string()), error);
  } else {
    error = asio::error::name_too_long;
  }
}

Reply ask(asio::local::stream_protocol::socket& connection, const std::vector<std::string>& words,
          const OnLine& progress) {
  boost::system::error_code error;
  asio::write(connection, asio::buffer(to_line(words) + "\n"), error);
  std::string answer;
  while (!error) {
    const std::size_t size = asio::read_until(connection, asio::dynamic_buffer(answer), '\n', error);
    if (error || !answer.starts_with(kProgress)) break;
    if (progress) progress(std::string_view(answer).substr(kProgress.size(), size - kProgress.size() - 1));
    answer.erase(0, size);
  }
  asio::read(connection, asio::dynamic_buffer(answer), error);
  if (!answer.starts_with("ok\n") && !answer.starts_with("no\n")) {
    return Reply{false, "the server did not answer; its log may say why"};
  }
  while (answer.ends_with('\n')) answer.pop_back();
  return Reply{answer.starts_with("ok"), answer.substr(std::min<std::size_t>(3, answer.size()))};
}

}  // namespace

std::optional<Reply> find_and_call(const std::filesystem::path& socket, const std::vector<std::string>& words,
                                   const OnLine& progress) {
  asio::io_context context;
  asio::local::stream_protocol::socket connection(context);
  boost::system::error_code error;
  connect(connection, socket, error);
  if (error) return std::nullopt;
  return ask(connection, words, progress);
}

Reply call(const std::filesystem::path& socket, const std::vector<std::string>& words, const OnLine& progress) {
  asio::io_context context;
  asio::local::stream_protocol::socket connection(context);
  boost::system::error_code error;
  connect(connection, socket, error);
  if (!error) return ask(connection, words, progress);
  return Reply{false, "no server runs on " + socket.parent_path().string() + " (" + error.message() +
                          "); start it with `heliograph serve`, or name its folder with --data"};
}

}  // namespace helio::server::admin
