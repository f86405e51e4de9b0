#include "server/admin/call.h"

#include <sys/un.h>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace helio::server::admin {

Reply call(const std::filesystem::path& socket, const std::string& line) {
  asio::io_context context;
  asio::local::stream_protocol::socket connection(context);
  boost::system::error_code error;
  if (socket.native().size() < sizeof(sockaddr_un::sun_path)) {
    connection.connect(asio::local::stream_protocol::endpoint(socket.string()), error);
  } else {
    error = asio::error::name_too_long;
  }
  if (error) {
    return Reply{false, "no server runs on " + socket.parent_path().string() + " (" + error.message() +
                            "); start it with `heliograph serve`, or name its folder with --data"};
  }
  std::string answer;
  asio::write(connection, asio::buffer(line + "\n"), error);
  asio::read(connection, asio::dynamic_buffer(answer), error);
  if (answer.size() < 3) return Reply{false, "the server did not answer; its log may say why"};
  while (answer.ends_with('\n')) answer.pop_back();
  return Reply{answer.starts_with("ok"), answer.substr(std::min<std::size_t>(3, answer.size()))};
}

}  // namespace helio::server::admin
