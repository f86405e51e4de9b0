#include "crypto/pq.h"

#include <bit>
#include <numeric>

#include "base/assert.h"

namespace helio::crypto {
namespace {

std::uint64_t multiply(std::uint64_t a, std::uint64_t b, std::uint64_t modulus) {
  return static_cast<std::uint64_t>(static_cast<unsigned __int128>(a) * b % modulus);
}

std::uint64_t power(std::uint64_t base, std::uint64_t exponent, std::uint64_t modulus) {
  std::uint64_t result = 1;
  for (base %= modulus; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result = multiply(result, base, modulus);
    base = multiply(base, base, modulus);
  }
  return result;
}

std::uint64_t random_prime(Random& random) {
  while (true) {
    const std::uint64_t candidate = (random.u64() >> 33) | (1u << 30) | 1u;
    if (is_prime(candidate)) return candidate;
  }
}

// A divisor of the composite n, or n itself when this `step` of the walk fails. Brent's variant: differences are
// multiplied together and looked at once in a while.
std::uint64_t rho(std::uint64_t n, std::uint64_t step) {
  constexpr std::uint64_t kBatch = 128;
  const auto walk = [&](std::uint64_t x) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(x) * x + step) % n);
  };
  const auto distance = [](std::uint64_t a, std::uint64_t b) { return a > b ? a - b : b - a; };
  std::uint64_t y = 2, x = y, before = y, divisor = 1, product = 1;
  for (std::uint64_t length = 1; divisor == 1; length *= 2) {
    x = y;
    for (std::uint64_t i = 0; i < length; ++i) y = walk(y);
    for (std::uint64_t done = 0; done < length && divisor == 1; done += kBatch) {
      before = y;
      for (std::uint64_t i = 0; i < std::min(kBatch, length - done); ++i) {
        y = walk(y);
        product = multiply(product, distance(x, y), n);
      }
      divisor = std::gcd(product, n);
    }
  }
  if (divisor == n) {  // Both primes fell into the same batch: again, one step at a time.
    do {
      before = walk(before);
      divisor = std::gcd(distance(x, before), n);
    } while (divisor == 1);
  }
  return divisor;
}

}  // namespace

bool is_prime(std::uint64_t n) {
  // The first twelve primes suffice below 3.3 * 10^24 (Sorenson and Webster, 2015).
  constexpr std::uint64_t kBases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
  if (n < 2) return false;
  for (const std::uint64_t base : kBases) {
    if (n % base == 0) return n == base;
  }
  const int twos = std::countr_zero(n - 1);
  for (const std::uint64_t base : kBases) {
    std::uint64_t x = power(base, (n - 1) >> twos, n);
    if (x == 1 || x == n - 1) continue;
    bool witness = true;
    for (int i = 1; i < twos && witness; ++i) {
      x = multiply(x, x, n);
      witness = x != n - 1;
    }
    if (witness) return false;
  }
  return true;
}

Pq make_pq(Random& random) {
  const std::uint64_t first = random_prime(random);
  std::uint64_t second = first;
  while (second == first) second = random_prime(random);
  return {std::min(first, second), std::max(first, second)};
}

std::optional<Pq> factor_pq(std::uint64_t n) {
  if (n < 15 || n % 2 == 0 || is_prime(n)) return std::nullopt;
  std::uint64_t divisor = n;
  constexpr std::uint64_t kStepsMax = 50;  // Squares of primes resist every step.
  for (std::uint64_t step = 1; divisor == n && step <= kStepsMax; ++step) divisor = rho(n, step);
  const std::uint64_t p = std::min(divisor, n / divisor), q = std::max(divisor, n / divisor);
  if (p == q || !is_prime(p) || !is_prime(q)) return std::nullopt;
  return Pq{p, q};
}

Bytes write_pq_number(std::uint64_t n) {
  Bytes bytes;
  append_be(bytes, n);
  bytes.erase(0, static_cast<std::size_t>(std::countl_zero(n)) / 8);
  return bytes;
}

std::optional<std::uint64_t> read_pq_number(View bytes) {
  if (bytes.empty() || bytes.size() > 8 || bytes[0] == '\0') return std::nullopt;
  std::uint64_t n = 0;
  for (const char byte : bytes) n = n << 8 | static_cast<unsigned char>(byte);
  return n;
}

}  // namespace helio::crypto
