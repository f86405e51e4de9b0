#include <CLI/CLI.hpp>
#include <memory>

#include "server/backup/restore.h"
#include "server/backup/verify.h"
#include "server/commands/commands.h"
#include "server/commands/with_store.h"
#include "server/owner_error.h"
#include "server/owner_work.h"

namespace helio::server::commands {

namespace {

constexpr const char* kFolderText = "the folder of backups";
constexpr const char* kNumberText = "which backup; without it, the newest";

struct Options {
  std::string data = "data", folder;
  std::optional<std::uint32_t> number;
  BackupRequest request;
};

store::Watch terminal() {
  store::Watch watch;
  watch.says = show_progress;
  return watch;
}

int back_up_now(Options& options) {
  if (options.folder.empty()) throw OwnerError("say where to: `heliograph backup DIR`, a folder on another disk");
  options.request.folder = folder_of(options.folder);
  std::vector<std::string> words = to_words(options.request);
  words.insert(words.begin(), "backup");
  return with_store(folder_of(options.data), words,
                    [&](const DataFolder& folder, store::RocksKv& kv, const store::Watch& watch) {
                      return back_up(options.request, folder, kv, SystemClock(), watch);
                    });
}

}  // namespace

void add_backup(CLI::App& app, Run& run) {
  auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("backup", "make a backup, while the server runs or not");
  add_data(command, options->data);
  command.add_option("folder", options->folder, "where backups are kept; each copies only what is new");
  command.add_option("--keep", options->request.keep, "how many backups to keep")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  command.add_flag("--quick", options->request.quick,
                   "do not read the whole copy back: later comparisons have checksums of files only");

  CLI::App& verify = *command.add_subcommand("verify", "read a whole backup and compare it with what was backed up");
  verify.add_option("folder", options->folder, kFolderText)->required();
  verify.add_option("--number", options->number, kNumberText);

  verify.callback([options, &run] {
    run = [options] {
      return print(
          [&] { return backup::verify(backup::Folder(folder_of(options->folder)), options->number, terminal()); });
    };
  });
  command.callback([options, &run, &verify] {
    if (!verify.parsed()) run = [options] { return back_up_now(*options); };
  });
}

void add_restore(CLI::App& app, Run& run) {
  auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("restore", "make a data folder from a backup");
  command.add_option("folder", options->folder, kFolderText)->required();
  command.add_option("--data", options->data, "the folder to make; must be empty or not exist")->capture_default_str();
  command.add_option("--number", options->number, kNumberText);
  command.callback([options, &run] {
    run = [options] {
      return print([&] {
        return backup::restore(backup::Folder(folder_of(options->folder)), options->number, folder_of(options->data),
                               SystemClock(), terminal());
      });
    };
  });
}

}  // namespace helio::server::commands
