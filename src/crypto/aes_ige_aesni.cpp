// AES-256-IGE with the AES instructions of x86: lanes of independent messages, run side by side.
//
// Both directions are one loop. With chain = c, other = p for encryption and chain = p, other = c for decryption:
//     chain = CIPHER(x ^ chain) ^ other;   other = x;
// The last AES instruction XORs the last round key anyway, so `^ other` is folded into that key: from block to block
// only one XOR and fourteen AES instructions wait for each other. A lane alone leaves the AES units idle most of that
// time; six to eight fill them. Rounds x lanes must be unrolled completely, or the states fall out of the registers.
#if defined(__x86_64__)
#include <immintrin.h>

#include "crypto/aes_ige_engines.h"

#define HELIO_AESNI __attribute__((target("aes,sse4.1")))
#define HELIO_AESNI_INLINE __attribute__((target("aes,sse4.1"), always_inline)) inline

namespace helio::crypto {
namespace {

constexpr int kLanes = 8;
constexpr int kRounds = 14;

enum class Direction { kEncrypt, kDecrypt };

struct Lane {
  __m128i keys[kRounds + 1];
  __m128i chain, other;
  const char* in;
  char* out;
  std::size_t blocks;  // Left to do.
};

HELIO_AESNI_INLINE __m128i load(const char* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}
HELIO_AESNI_INLINE void store(char* to, __m128i value) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), value);
}

// Word i of the result is the XOR of words 0 to i.
HELIO_AESNI_INLINE __m128i running_xor(__m128i x) {
  x = _mm_xor_si128(x, _mm_slli_si128(x, 4));
  return _mm_xor_si128(x, _mm_slli_si128(x, 8));
}

// The key schedule of FIPS 197 for 256 bits. With all four columns alike, AESENCLAST is SubWord and the round constant
// in one quick instruction; AESKEYGENASSIST, made for this, takes three times as long.
HELIO_AESNI_INLINE void expand_key(const char* key, __m128i* keys) {
  const __m128i rotated_last_word = _mm_set1_epi32(0x0c0f0e0d);
  __m128i round_constant = _mm_set1_epi32(1);
  __m128i even = load(key), odd = load(key + 16);
  keys[0] = even;
  keys[1] = odd;
#pragma GCC unroll 7
  for (int i = 2; i <= kRounds; i += 2) {
    const __m128i sub_rot = _mm_aesenclast_si128(_mm_shuffle_epi8(odd, rotated_last_word), round_constant);
    even = _mm_xor_si128(running_xor(even), sub_rot);
    keys[i] = even;
    round_constant = _mm_slli_epi32(round_constant, 1);
    if (i == kRounds) break;
    const __m128i sub = _mm_aesenclast_si128(_mm_shuffle_epi32(even, 0xff), _mm_setzero_si128());
    odd = _mm_xor_si128(running_xor(odd), sub);
    keys[i + 1] = odd;
  }
}

// The same backwards, for the equivalent inverse cipher.
HELIO_AESNI_INLINE void invert_keys(__m128i* keys) {
#pragma GCC unroll 7
  for (int i = 0; i < kRounds / 2; ++i) {
    const __m128i early = keys[i];
    keys[i] = i == 0 ? keys[kRounds] : _mm_aesimc_si128(keys[kRounds - i]);
    keys[kRounds - i] = i == 0 ? early : _mm_aesimc_si128(early);
  }
  keys[kRounds / 2] = _mm_aesimc_si128(keys[kRounds / 2]);
}

template <Direction direction>
HELIO_AESNI_INLINE void open_lane(Lane& lane, const IgeJob& job) {
  const __m128i c = load(job.with->iv.data()), p = load(job.with->iv.data() + 16);
  expand_key(job.with->key.data(), lane.keys);
  if constexpr (direction == Direction::kDecrypt) invert_keys(lane.keys);
  lane.chain = direction == Direction::kEncrypt ? c : p;
  lane.other = direction == Direction::kEncrypt ? p : c;
  lane.in = job.in.data();
  lane.out = job.out;
  lane.blocks = job.in.size() / 16;
}

// `blocks` blocks of each of the first n lanes, none of which has fewer left.
template <Direction direction, int n>
HELIO_AESNI void run(Lane* lanes, std::size_t blocks) {
  constexpr bool encrypt = direction == Direction::kEncrypt;
  __m128i chain[n], other[n];
#pragma GCC unroll 8
  for (int l = 0; l < n; ++l) {
    chain[l] = lanes[l].chain;
    other[l] = lanes[l].other;
  }
  for (std::size_t at = 0; at < blocks * 16; at += 16) {
    __m128i state[n], x[n];
#pragma GCC unroll 8
    for (int l = 0; l < n; ++l) {
      x[l] = load(lanes[l].in + at);
      state[l] = _mm_xor_si128(chain[l], _mm_xor_si128(x[l], lanes[l].keys[0]));
    }
#pragma GCC unroll 13
    for (int r = 1; r < kRounds; ++r) {
#pragma GCC unroll 8
      for (int l = 0; l < n; ++l) {
        state[l] =
            encrypt ? _mm_aesenc_si128(state[l], lanes[l].keys[r]) : _mm_aesdec_si128(state[l], lanes[l].keys[r]);
      }
    }
#pragma GCC unroll 8
    for (int l = 0; l < n; ++l) {
      const __m128i last_key = _mm_xor_si128(lanes[l].keys[kRounds], other[l]);
      chain[l] = encrypt ? _mm_aesenclast_si128(state[l], last_key) : _mm_aesdeclast_si128(state[l], last_key);
      other[l] = x[l];
      store(lanes[l].out + at, chain[l]);
    }
  }
#pragma GCC unroll 8
  for (int l = 0; l < n; ++l) {
    lanes[l].chain = chain[l];
    lanes[l].other = other[l];
    lanes[l].in += blocks * 16;
    lanes[l].out += blocks * 16;
    lanes[l].blocks -= blocks;
  }
}

template <Direction direction>
constexpr void (*kRun[kLanes])(Lane*, std::size_t) = {run<direction, 1>, run<direction, 2>, run<direction, 3>,
                                                      run<direction, 4>, run<direction, 5>, run<direction, 6>,
                                                      run<direction, 7>, run<direction, 8>};

template <Direction direction>
HELIO_AESNI void run_all(std::span<const IgeJob> jobs) {
  // Filled as needed: clearing all lanes first would cost a short message a tenth of its time.
  __attribute__((uninitialized)) Lane lanes[kLanes];
  int busy = 0, used = 0;
  std::size_t next = 0;
  while (true) {
    while (busy < kLanes && next < jobs.size()) {
      if (const IgeJob& job = jobs[next++]; !job.in.empty()) open_lane<direction>(lanes[busy++], job);
    }
    if (busy == 0) break;
    used = std::max(used, busy);
    std::size_t blocks = lanes[0].blocks;
    for (int l = 1; l < busy; ++l) blocks = std::min(blocks, lanes[l].blocks);
    kRun<direction>[busy - 1](lanes, blocks);
    for (int l = busy; l-- > 0;) {
      if (lanes[l].blocks == 0) lanes[l] = lanes[--busy];  // Lanes in use stay in front.
    }
  }
  explicit_bzero(lanes, sizeof(Lane) * static_cast<std::size_t>(used));
}

}  // namespace

bool cpu_has_aesni() {
  return __builtin_cpu_supports("aes") && __builtin_cpu_supports("sse4.1");
}
void ige_encrypt_aesni(std::span<const IgeJob> jobs) {
  run_all<Direction::kEncrypt>(jobs);
}
void ige_decrypt_aesni(std::span<const IgeJob> jobs) {
  run_all<Direction::kDecrypt>(jobs);
}

}  // namespace helio::crypto
#endif
