// crypto/pq.h: the small proof of work that opens a key exchange: a product of two primes, to be factored by the
// client.
//
// Source: https://core.telegram.org/mtproto/auth_key, steps 1 to 4.
#pragma once
#include <cstdint>
#include <optional>

#include "base/random.h"

namespace helio::crypto {

// Miller and Rabin's test with bases that leave no doubt below 2^64.
bool is_prime(std::uint64_t n);

struct Pq {
  std::uint64_t p = 0;  // p < q, both odd primes.
  std::uint64_t q = 0;
  std::uint64_t product() const { return p * q; }
};

// Two different primes of 31 bits, so the product stays below 2^62. About 10 µs: keep a pool, off the network threads.
Pq make_pq(Random& random);

// The work of a client, by Pollard's rho: some milliseconds. nullopt if n is no product of two different odd primes.
std::optional<Pq> factor_pq(std::uint64_t n);

// Numbers travel big-endian without leading zeros; read_pq_number refuses every other form, so that each number has
// one.
Bytes write_pq_number(std::uint64_t n);
std::optional<std::uint64_t> read_pq_number(View bytes);

}  // namespace helio::crypto
