// tests/crash/driver.h: what the parts of the crash driver share: where things are, and how one life of a victim goes.
#pragma once
#include "session.h"

namespace helio::crash {

struct Settings {
  std::filesystem::path victim;     // The program.
  std::filesystem::path directory;  // Everything of this run: the stores, the truth, the victim's log.
  std::uint64_t seed = 1;
  std::size_t memory_mib = 16;
  std::chrono::milliseconds stall{500};  // How long the disk stands still.
  std::size_t acknowledged_min = 1000;   // Commits of a cycle before its kill.
  std::string at;                        // Kill only there: a named point, or "random".
  bool power_loss = false;
  std::filesystem::path power_loss_library, power_loss_cut;
  std::string during;  // What else goes on: "backup", or nothing.
};

// Cases and how they ended; a line each.
struct Tally {
  int passed = 0, failed = 0, skipped = 0;
  void add(bool good, const std::string& line);
  void skip(const std::string& line);
};

VictimCommand victim_command(const Settings& settings, const std::filesystem::path& store);

// Kill -9, or loss of power, `count` times on one store; each cycle is a case.
void run_cycles(const Settings& settings, int count, Tally& tally);
// Failures of the C library's file calls; disks that are full, or stand still.
void run_faults(const Settings& settings, int rounds, Tally& tally);
// Files that are damaged while no process has them open.
void run_damage(const Settings& settings, int rounds, Tally& tally);

}  // namespace helio::crash
