#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "server/commands/commands.h"
#include "server/owner_error.h"

namespace helio::server::commands {

void add_data(CLI::App& command, std::string& data) {
  command.add_option("--data", data, "the folder that holds everything the server knows")->capture_default_str();
}

std::filesystem::path folder_of(const std::string& text) {
  const auto path = std::filesystem::absolute(text).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

void show_progress(std::string_view line) {
  static const bool looked_at = isatty(STDERR_FILENO) == 1;
  if (looked_at) std::cerr << "\r\x1b[K" << line << std::flush;
}

int print(const std::function<std::string()>& work) {
  std::string text;
  try {
    text = work();
  } catch (const std::exception& failure) {
    show_progress("");
    throw OwnerError(failure.what());
  }
  show_progress("");
  std::cout << text << '\n';
  return 0;
}

}  // namespace helio::server::commands
