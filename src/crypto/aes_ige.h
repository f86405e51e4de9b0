// crypto/aes_ige.h: AES-256 in infinite garble extension, the cipher of MTProto.
//
// Mode:    c[i] = E(p[i] ^ c[i-1]) ^ p[i-1], where the IV is c[-1] followed by p[-1]. Every block waits for the one
//          before, in both directions, so one message runs at the latency of AES. Handing over many at once
//          (ige_encrypt_many) runs them side by side, several times as fast in sum: the write queue of a core and a
//          burst of reads should use it.
// Units:   whole blocks of 16 bytes; other sizes are a bug of the caller (asserted).
// In place: `out` may be where `in` begins; otherwise they do not overlap, nor do two jobs.
// Threads: any. No key outlives the call.
// Source:  https://core.telegram.org/techfaq (IGE), https://www.links.org/files/openssl-ige.pdf.
#pragma once
#include <span>

#include "crypto/fixed.h"

namespace helio::crypto {

struct AesKeyIv {
  Fixed<32> key;
  Fixed<32> iv;
};

// One message. It borrows everything for the length of the call.
struct IgeJob {
  const AesKeyIv* with = nullptr;
  View in;
  char* out = nullptr;  // Room for in.size() bytes.
};

void ige_encrypt(const AesKeyIv& with, View in, char* out);
void ige_decrypt(const AesKeyIv& with, View in, char* out);

// Sizes may differ; like sizes next to each other run best.
void ige_encrypt_many(std::span<const IgeJob> jobs);
void ige_decrypt_many(std::span<const IgeJob> jobs);

// One way of doing it. The functions above use the best that this machine has, chosen at their first call.
struct IgeEngine {
  std::string_view name;
  void (*encrypt)(std::span<const IgeJob> jobs);
  void (*decrypt)(std::span<const IgeJob> jobs);
};
const IgeEngine& ige_engine();             // The chosen one.
std::span<const IgeEngine> ige_engines();  // All that run on this machine, best first; never empty.

}  // namespace helio::crypto
