#include "server_process.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

namespace helio::bench {

void give_up(const std::string& why) {
  std::cerr << "bench: " << why << std::endl;
  std::_Exit(1);
}

ServerProcess::ServerProcess(int pid) : folder_("/proc/" + std::to_string(pid)) {
  if (!std::filesystem::exists(folder_)) give_up("no server process " + std::to_string(pid));
}

double ServerProcess::cpu_seconds() const {
  std::ifstream file(folder_ + "/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto close = text.rfind(')');  // The name before it may hold anything.
  if (close == std::string::npos) give_up("the server process has ended");
  std::istringstream fields(text.substr(close + 2));
  std::string field;
  double ticks = 0;
  for (int i = 3; fields >> field; ++i) {
    if (i == 14 || i == 15) ticks += std::stod(field);
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double ServerProcess::rollup(const std::string& field) const {
  std::ifstream file(folder_ + "/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(field + ":")) return std::stod(line.substr(field.size() + 1));
  }
  give_up("the memory of the server process cannot be read");
}

double ServerProcess::resident_kib() const {
  return rollup("Rss");
}

double ServerProcess::private_kib() const {
  return rollup("Anonymous");
}

std::size_t ServerProcess::open_files() const {
  std::error_code error;
  std::filesystem::directory_iterator files(folder_ + "/fd", error);
  if (error) give_up("the open files of the server process cannot be read");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

}  // namespace helio::bench
