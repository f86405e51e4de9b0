// tests/crash/driver.cpp: crash_driver, which asks a store_victim to keep things, kills it, and knows what must be
// left. README.md says how it is used.
#include "driver.h"

#include <CLI/CLI.hpp>
#include <cstdio>

namespace helio::crash {

void Tally::add(bool good, const std::string& line) {
  ++(good ? passed : failed);
  std::printf("%s %s\n", good ? "ok  " : "FAIL", line.c_str());
  std::fflush(stdout);
}

void Tally::skip(const std::string& line) {
  ++skipped;
  std::printf("skip %s\n", line.c_str());
}

VictimCommand victim_command(const Settings& settings, const std::filesystem::path& store) {
  VictimCommand command{.program = settings.victim, .directory = store, .log = settings.directory / "victim.log"};
  command.arguments = {"--memory", std::to_string(settings.memory_mib)};
  if (settings.power_loss) {
    command.environment = {"LD_PRELOAD=" + settings.power_loss_library.string(), "POWER_LOSS_ROOT=" + store.string(),
                           "POWER_LOSS_UNDO=" + (settings.directory / "undo").string()};
  }
  return command;
}

}  // namespace helio::crash

namespace {

std::filesystem::path make_directory(const std::string& wanted) {
  if (!wanted.empty()) {
    std::filesystem::create_directories(wanted);
    return std::filesystem::canonical(wanted);
  }
  std::string name = (std::filesystem::temp_directory_path() / "crash.XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary directory");
  return name;
}

}  // namespace

int main(int count, char** arguments) {
  using namespace helio::crash;
  CLI::App app("Kills a store again and again, and checks that nothing it answered is lost.");
  Settings settings;
  int cycles = 0, faults = 0, damage = 0, stall = static_cast<int>(settings.stall.count());
  std::string directory, victim, power_loss_library, power_loss_cut;
  app.add_option("--cycles", cycles, "kills of one store");
  app.add_option("--faults", faults, "rounds of failing file calls");
  app.add_option("--damage", damage, "rounds of damaged files");
  app.add_option("--stall", stall, "milliseconds for which the disk stands still, with --faults");
  app.add_option("--seed", settings.seed);
  app.add_option("--directory", directory, "keeps everything there");
  app.add_option("--victim", victim, "the program to kill")->required();
  app.add_option("--memory", settings.memory_mib, "MiB of the victim's engine");
  app.add_option("--acknowledged", settings.acknowledged_min, "commits of a cycle before its kill");
  app.add_option("--at", settings.at, "kills only at this named point, or only at 'random' moments");
  app.add_flag("--power-loss", settings.power_loss, "what was not flushed is lost too");
  app.add_option("--power-loss-library", power_loss_library);
  app.add_option("--power-loss-cut", power_loss_cut);
  app.add_option("--during", settings.during, "what else goes on at the kill: backup");
  CLI11_PARSE(app, count, arguments);

  Tally tally;
  try {
    settings.directory = make_directory(directory);
    settings.victim = std::filesystem::absolute(victim);
    settings.stall = std::chrono::milliseconds(stall);
    if (settings.power_loss) {
      settings.power_loss_library = std::filesystem::absolute(power_loss_library);
      settings.power_loss_cut = std::filesystem::absolute(power_loss_cut);
    }
    if (cycles > 0) run_cycles(settings, cycles, tally);
    if (faults > 0) run_faults(settings, faults, tally);
    if (damage > 0) run_damage(settings, damage, tally);
  } catch (const std::exception& error) {
    tally.add(false, std::string("the driver itself: ") + error.what());
  }
  if (tally.failed > 0 || !directory.empty()) {
    std::printf("kept: %s\n", settings.directory.c_str());
  } else {
    std::filesystem::remove_all(settings.directory);
  }
  std::printf("%d passed, %d failed, %d skipped\n", tally.passed, tally.failed, tally.skipped);
  return tally.failed > 0 ? 1 : 0;
}
