// server/commands/commands.h: subcommands of the program, with their options and what they do.
//
// Each add_...() describes its command to the parser; when the owner chose it, `run` is set to what is to be done,
// which returns the exit code or throws OwnerError.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace helio::server::commands {

using Run = std::function<int()>;

void add_data(CLI::App& command, std::string& data);

void add_backup(CLI::App& app, Run& run);   // backup DIR, backup verify DIR
void add_restore(CLI::App& app, Run& run);  // restore DIR
void add_store(CLI::App& app, Run& run);    // store check, store bench
void add_store_bench(CLI::App& store, Run& run);

// As an absolute path without a slash at its end.
std::filesystem::path folder_of(const std::string& text);
// Says on a terminal how far long work is; nothing where nobody looks.
void show_progress(std::string_view line);
// Does it, prints what it returns and gives exit code 0; what it throws becomes an OwnerError.
int print(const std::function<std::string()>& work);

}  // namespace helio::server::commands
