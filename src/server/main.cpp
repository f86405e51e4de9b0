// The command line: `heliograph --help`.
#include <CLI/CLI.hpp>
#include <iostream>

#include "server/admin/call.h"
#include "server/commands/commands.h"
#include "server/data_folder.h"
#include "server/owner_error.h"
#include "server/serve.h"
#include "server/settings.h"

namespace helio::server {
namespace {

// The flags of the settings table, and the folder they belong to.
struct Options {
  std::string data = "data";
  std::map<std::string, std::string> flags;
};

void add_settings(CLI::App& command, Options& options) {
  for (const Setting& setting : all_settings()) {
    const std::string flag = "--" + std::string(setting.flag);
    const std::string what = std::string(setting.what) + " [" + std::string(setting.fallback) + "]";
    const auto keep = [&options, name = std::string(setting.flag)](const std::string& value) {
      options.flags[name] = value;
    };
    if (setting.is_switch) {
      command.add_flag_callback(
          flag, [keep] { keep("true"); }, what);
    } else {
      command.add_option_function<std::string>(flag, keep, what);
    }
  }
}

int print_key(const Options& options) {
  std::cout << rsa_keys(options.data).front().public_key().pem();
  return 0;
}

int print_code(const Options& options, const std::string& phone) {
  const auto reply = admin::call(std::filesystem::path(options.data) / "admin.sock", {"code", phone});
  (reply.good ? std::cout : std::cerr) << reply.text << '\n';
  return reply.good ? 0 : 1;
}

int print_config(const Options& options) {
  const Settings settings = Settings::read(options.data, options.flags);
  for (const Setting& setting : all_settings()) {
    const auto& [text, source] = settings.get(setting.key);
    std::cout << setting.key << " = " << text << "    # " << source << ": " << setting.what << '\n';
  }
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app("Heliograph: a Telegram that anyone can run.");
  app.require_subcommand(1);
  Options options;
  std::string phone;

  CLI::App& serve_command = *app.add_subcommand("serve", "run the server until SIGTERM or Ctrl-C");
  commands::add_data(serve_command, options.data);
  add_settings(serve_command, options);

  CLI::App& key_command = *app.add_subcommand("key", "print the public key that clients need, as PKCS#1 PEM");
  commands::add_data(key_command, options.data);

  CLI::App& code_command = *app.add_subcommand("code", "print the login code that a phone number waits for");
  commands::add_data(code_command, options.data);
  code_command.add_option("phone", phone, "the number, with or without + and spaces")->required();

  CLI::App& config_command = *app.add_subcommand("config", "print the settings in force, and where each comes from");
  commands::add_data(config_command, options.data);
  add_settings(config_command, options);

  commands::Run run;
  commands::add_backup(app, run);
  commands::add_restore(app, run);
  commands::add_store(app, run);

  CLI11_PARSE(app, argc, argv);
  if (run) return run();
  if (serve_command.parsed()) return serve(options.data, Settings::read(options.data, options.flags));
  if (key_command.parsed()) return print_key(options);
  if (code_command.parsed()) return print_code(options, phone);
  return print_config(options);
}

}  // namespace
}  // namespace helio::server

int main(int argc, char** argv) {
  try {
    return helio::server::run(argc, argv);
  } catch (const helio::server::OwnerError& error) {
    std::cerr << "heliograph: " << error.what() << '\n';
    return 1;
  }
}
