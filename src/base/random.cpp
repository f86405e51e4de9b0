#include "base/random.h"

#include <pthread.h>
#include <sys/random.h>

#include <cerrno>

#include "base/assert.h"

namespace helio {

namespace {

// What this thread has fetched: the last `left` bytes are not given away yet.
thread_local std::array<char, 512> block;
thread_local std::size_t left = 0;

// The only thread of a child is the copy of one of its parent's, which gives away the same bytes.
const bool fork_is_seen = pthread_atfork(nullptr, nullptr, [] {
                            left = 0;  // In a child.
                          }) == 0;

void from_kernel(char* to, std::size_t size) {
  while (size > 0) {
    const ssize_t got = getrandom(to, size, 0);
    if (got < 0 && errno == EINTR) continue;
    ASSERT(got > 0);
    to += got;
    size -= static_cast<std::size_t>(got);
  }
}

}  // namespace

void SystemRandom::fill(std::span<char> out) {
  if (out.size() > block.size() / 2) return from_kernel(out.data(), out.size());
  if (left < out.size()) {
    ASSERT(fork_is_seen);
    from_kernel(block.data(), block.size());
    left = block.size();
  }
  char* const from = block.data() + block.size() - left;
  std::memcpy(out.data(), from, out.size());
  explicit_bzero(from, out.size());  // What was given away is not kept here.
  left -= out.size();
}

void SeededRandom::fill(std::span<char> out) {
  for (std::size_t at = 0; at < out.size(); at += 8) {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    std::memcpy(out.data() + at, &z, std::min<std::size_t>(8, out.size() - at));
  }
}

}  // namespace helio
