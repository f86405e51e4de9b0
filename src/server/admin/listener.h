// server/admin/listener.h: the owner's commands, over a socket in the data folder.
//
// Shape:   one line in (a command and its arguments, separated by spaces), one answer out, then the connection closes.
//          A word may hold any byte (server/admin/words.h). The answer begins with "ok" or "no", a newline, and a text
//          for people. Before the answer of a long command come any number of lines that begin with ". ": how far it
//          is.
// Safety:  only the user the server runs as, and root, are answered (peer credentials); lines of 4 KiB, 8 connections,
//          10 seconds each. A long command may take as long as it needs, but each of its lines is taken within 10
//          seconds, or else it is cancelled.
#pragma once
#include <boost/asio/local/stream_protocol.hpp>
#include <filesystem>
#include <functional>
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
// Sends a line to whoever waits. Throws operation_aborted when nobody does any more.
using Progress = std::function<Task<>(std::string line)>;
using LongCommand = Function<Task<Reply>(std::vector<std::string> arguments, Progress progress)>;

class Listener {
 public:
  // Replaces a socket that a killed server left behind: the caller holds the data folder's lock.
  Listener(Executor executor, Clock& clock, const std::filesystem::path& socket);
  ~Listener();

  void add(std::string name, Command command);
  // `command` says something at least every few seconds, so that it notices when nobody waits any more.
  void add_long(std::string name, LongCommand command);
  void start();
  Task<> stop();

 private:
  using Protocol = asio::local::stream_protocol;
  using Socket = asio::basic_stream_socket<Protocol, Executor>;
  Task<> accept();
  Task<> serve(Socket socket);
  Task<> read_line(Socket& socket, std::string& line);
  Task<> run(Command& command, std::vector<std::string> arguments, Reply& reply);
  Task<> write(Socket& socket, const std::string& text, bool& written);
  Task<> tell(Socket& socket, std::string line);

  Clock& clock_;
  std::filesystem::path path_;
  asio::basic_socket_acceptor<Protocol, Executor> acceptor_;
  std::map<std::string, Command> commands_;
  std::map<std::string, LongCommand> long_commands_;
  TaskGroup tasks_;
};

}  // namespace helio::server::admin
