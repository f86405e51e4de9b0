// tests/simulation/simulation.h: one seed's life of two people with two devices each.
//
// The real domain on the model store, in virtual time. Devices send, reply, repeat themselves, read, look back, go away
// and come back; the store conflicts, stalls, loses answers and commits late; the process dies and starts again,
// also on a backup of days that are gone, whose clients know newer states. In between everything heals, and within a
// virtual minute all devices must know exactly what the reference says.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace helio::simulation {

struct Outcome {
  std::uint64_t trace = 0;              // Of everything that happened: the same for the same seed.
  std::vector<std::string> complaints;  // Empty: all was well.
  // What the seed reached: a run that meets no misfortune proves nothing.
  struct {
    std::uint64_t messages = 0, repeats = 0, replies = 0, reads = 0, crashes = 0, restores = 0, reloads = 0,
                  forgotten = 0;
    std::uint64_t conflicts = 0, unavailable = 0, unknown = 0, reads_failed = 0, too_long = 0, gaps = 0, refused = 0;
  } reached;
};

Outcome simulate(std::uint64_t seed);

}  // namespace helio::simulation
