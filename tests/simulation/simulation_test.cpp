// simulation_test [--seeds N] [--seed S]: N seeds from 1 on (100), or one. A failing seed prints how to run it again.
#include "simulation.h"

#include <gtest/gtest.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace helio::simulation {

namespace {

std::uint64_t first_seed = 1;
std::uint64_t seeds = 100;

TEST(Simulation, EverySeedAgreesWithTheReferenceTwice) {
  decltype(Outcome::reached) all;
  for (std::uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
    const Outcome once = simulate(seed);
    const Outcome again = simulate(seed);
    EXPECT_EQ(once.trace, again.trace) << "seed " << seed << " does not repeat itself";
    for (const std::string& complaint : once.complaints) ADD_FAILURE() << "seed " << seed << ": " << complaint;
    if (!once.complaints.empty()) std::printf("run it again: simulation_test --seed %lu\n", seed);
    all.messages += once.reached.messages;
    all.repeats += once.reached.repeats;
    all.replies += once.reached.replies;
    all.reads += once.reached.reads;
    all.crashes += once.reached.crashes;
    all.restores += once.reached.restores;
    all.reloads += once.reached.reloads;
    all.forgotten += once.reached.forgotten;
    all.conflicts += once.reached.conflicts;
    all.unavailable += once.reached.unavailable;
    all.unknown += once.reached.unknown;
    all.reads_failed += once.reached.reads_failed;
    all.too_long += once.reached.too_long;
    all.gaps += once.reached.gaps;
    all.refused += once.reached.refused;
  }
  std::printf(
      "%lu seeds: %lu messages, %lu repeats, %lu replies, %lu reads, %lu crashes, %lu restores that forgot %lu "
      "acknowledged messages; conflict %lu, unavailable %lu, "
      "unknown %lu, reads failed %lu; devices met %lu gaps, %lu too long, %lu reloads, %lu refusals\n",
      seeds, all.messages, all.repeats, all.replies, all.reads, all.crashes, all.restores, all.forgotten, all.conflicts,
      all.unavailable, all.unknown, all.reads_failed, all.gaps, all.too_long, all.reloads, all.refused);
  if (seeds < 50) return;
  // A life without misfortune proves nothing.
  for (const std::uint64_t met :
       {all.repeats, all.replies, all.reads, all.crashes, all.conflicts, all.unavailable, all.unknown, all.reads_failed,
        all.gaps, all.refused, all.restores, all.reloads, all.forgotten}) {
    EXPECT_GT(met, 0u);
  }
}

std::uint64_t number(const char* text) {
  return std::strtoull(text, nullptr, 10);
}

}  // namespace

}  // namespace helio::simulation

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  using namespace helio::simulation;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--seeds")) seeds = number(argv[i + 1]);
    if (!std::strcmp(argv[i], "--seed")) first_seed = number(argv[i + 1]), seeds = 1;
  }
  return RUN_ALL_TESTS();
}
