// server/admin/listener.h: the owner's commands, over a socket in the data folder.
//
// Shape:   one line in (a command and its arguments, separated by spaces), one answer out, then the connection closes.
//          The answer begins with "ok" or "no", a newline, and a text for people.
// Safety:  only the user the server runs as, and root, are answered (peer credentials); lines of 1 KiB, 8 connections,
//          10 seconds each.
#pragma once
#include <boost/asio/local/stream_protocol.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/function.h"
#include "base/tasks.h"

namespace helio::server::admin {

struct Reply {
  bool good = false;
  std::string text;
};
using Command = Function<Task<Reply>(std::vector<std::string> arguments)>;

class Listener {
 public:
  // Replaces a socket that a killed server left behind: the caller holds the data folder's lock.
  Listener(Executor executor, Clock& clock, const std::filesystem::path& socket);
  ~Listener();

  void add(std::string name, Command command);
  void start();
  Task<> stop();

 private:
  using Protocol = asio::local::stream_protocol;
  using Socket = asio::basic_stream_socket<Protocol, Executor>;
  Task<> accept();
  Task<> serve(Socket socket);
  Task<> answer(Socket& socket);

  Clock& clock_;
  std::filesystem::path path_;
  asio::basic_socket_acceptor<Protocol, Executor> acceptor_;
  std::map<std::string, Command> commands_;
  TaskGroup tasks_;
};

}  // namespace helio::server::admin
