#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "server/commands/commands.h"
#include "server/commands/in_child.h"
#include "server/owner_error.h"
#include "store/rocks/bench/bench.h"

namespace helio::server::commands {

namespace {

struct Options {
  std::string directory = ".";
  int seconds = 5;
  bool json = false;
};

int bench(const Options& options, const std::filesystem::path& folder) {
  store::BenchOptions chosen;
  chosen.directory = folder;
  chosen.duration = seconds(options.seconds);
  std::ostream& people = options.json ? std::cerr : std::cout;
  try {
    const auto report = store::bench(chosen, [&](const std::string& line) { people << line << std::endl; });
    if (options.json) std::cout << store::to_json(chosen, report) << '\n';
  } catch (const std::exception& error) {
    throw OwnerError("The store could not be measured in " + options.directory + ": " + error.what());
  }
  return 0;
}

}  // namespace

void add_store_bench(CLI::App& store, Run& run) {
  auto options = std::make_shared<Options>();
  CLI::App& command = *store.add_subcommand(
      "bench", "measure what a message costs on a disk, beside RocksDB alone; takes minutes, needs no data folder");
  command
      .add_option("--directory", options->directory, "a folder on that disk; what is written there is removed again")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  command.add_option("--seconds", options->seconds, "the length of each of the twelve rounds")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  command.add_flag("--json", options->json, "print one JSON object; lines for people go to stderr");
  command.callback([options, &run] {
    run = [options] {
      return in_child(options->directory, [&](const std::filesystem::path& folder) { return bench(*options, folder); });
    };
  });
}

}  // namespace helio::server::commands
