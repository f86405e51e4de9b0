// base/random.h: chance, injected everywhere.
//
// Production takes every byte from the kernel; simulations and tests take a seed.
#pragma once
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace helio {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<char> out) = 0;

  Bytes bytes(std::size_t size) {
    Bytes out(size, '\0');
    fill(out);
    return out;
  }
  std::uint64_t u64() {
    std::uint64_t value = 0;
    fill({reinterpret_cast<char*>(&value), sizeof value});
    return value;
  }
  // Uniform in [0, bound); bound > 0. The bias of the multiplication is below 2^-32 for bounds below 2^32.
  std::uint64_t below(std::uint64_t bound) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(u64()) * bound) >> 64);
  }
};

// getrandom(2), fetched a block at a time for each thread. Any thread; the server never forks.
class SystemRandom final : public Random {
 public:
  void fill(std::span<char> out) override;
};

// The same numbers for the same seed (splitmix64). Never for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<char> out) override;

 private:
  std::uint64_t state_;
};

}  // namespace helio
