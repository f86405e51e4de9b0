// bench/store_bench.cpp: what the embedded store costs, beside RocksDB: the developers' `heliograph store bench`.
//
// The measurements are store/rocks/bench/bench.h's; --help says what can be chosen.
#include <CLI/CLI.hpp>
#include <iostream>

#include "store/kv.h"
#include "store/rocks/bench/bench.h"

int main(int argc, char** argv) {
  helio::store::BenchOptions options;
  bool json = false, no_load = false, all = false;
  std::string directory = ".";
  int seconds = 5;
  std::size_t memory_mib = options.memory >> 20;

  CLI::App app("What the embedded store costs on a disk, beside RocksDB written by a bare loop.");
  app.add_flag("--json", json, "print one JSON object; lines for people go to stderr");
  app.add_option("--directory", directory, "a folder on the disk that is meant")->capture_default_str();
  app.add_option("--seconds", seconds, "of the store's part of each round")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  app.add_option("--rounds", options.rounds, "medians of so many")->check(CLI::Range(1, 100))->capture_default_str();
  app.add_option("--boxes", options.boxes, "private boxes the messages go between")
      ->check(CLI::Range(1'024, 10'000'000))
      ->capture_default_str();
  app.add_option("--memory", memory_mib, "MiB, the store's setting")
      ->check(CLI::Range(16, 65'536))
      ->capture_default_str();
  app.add_option("--in-flight", options.in_flight, "messages in flight, one measurement each")
      ->delimiter(',')
      ->check(CLI::Range(1, 512))
      ->capture_default_str();
  app.add_flag("--no-load", no_load, "without the load");
  app.add_flag("--opening", options.opening, "opening a store of a million boxes");
  app.add_flag("--reads", options.reads, "point reads and scans");
  app.add_flag("--long-boxes", options.long_boxes, "messages in boxes that have 10,000");
  app.add_flag("--all", all, "all of these");
  CLI11_PARSE(app, argc, argv);

  options.directory = directory;
  options.duration = helio::seconds(seconds);
  options.memory = memory_mib << 20;
  if (no_load) options.in_flight.clear();
  if (all) options.opening = options.reads = options.long_boxes = true;
  try {
    const auto report = helio::store::bench(
        options, [&](const std::string& line) { (json ? std::cerr : std::cout) << line << std::endl; });
    if (json) std::cout << helio::store::to_json(options, report) << '\n';
  } catch (const std::exception& error) {
    std::cerr << "store_bench: " << error.what() << '\n';
    return 1;
  }
}
