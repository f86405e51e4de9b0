#include <CLI/CLI.hpp>
#include <memory>

#include "server/commands/commands.h"
#include "server/commands/with_store.h"
#include "server/owner_work.h"

namespace helio::server::commands {

namespace {

void add_check(CLI::App& store, Run& run) {
  struct Options {
    std::string data = "data";
    bool quick = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App& command = *store.add_subcommand("check", "read everything that is stored and say what is wrong with it");
  add_data(command, options->data);
  command.add_flag("--quick", options->quick, "do not read the media");
  command.callback([options, &run] {
    run = [options] {
      return with_store(folder_of(options->data), {"check", options->quick ? "quick" : "full"},
                        [&](const DataFolder& folder, store::RocksKv& kv, const store::Watch& watch) {
                          return check(options->quick, folder, kv, watch);
                        });
    };
  });
}

}  // namespace

void add_store(CLI::App& app, Run& run) {
  CLI::App& store = *app.add_subcommand("store", "look after the store");
  store.require_subcommand(1);
  add_check(store, run);
  add_store_bench(store, run);
}

}  // namespace helio::server::commands
