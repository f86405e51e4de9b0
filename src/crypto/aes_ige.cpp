#include "crypto/aes_ige.h"

#include "crypto/aes_ige_engines.h"

namespace helio::crypto {
namespace {

constexpr IgeEngine kEngines[] = {
#if defined(__x86_64__)
    {"aes-ni", ige_encrypt_aesni, ige_decrypt_aesni},
#endif
    {"portable", ige_encrypt_portable, ige_decrypt_portable},
};

void check(std::span<const IgeJob> jobs) {
  for (const IgeJob& job : jobs) ASSERT(job.in.size() % 16 == 0);
}

}  // namespace

std::span<const IgeEngine> ige_engines() {
#if defined(__x86_64__)
  static const bool aesni = cpu_has_aesni();
  return std::span(kEngines).subspan(aesni ? 0 : 1);
#else
  return kEngines;
#endif
}

const IgeEngine& ige_engine() {
  return ige_engines().front();
}

void ige_encrypt_many(std::span<const IgeJob> jobs) {
  check(jobs);
  ige_engine().encrypt(jobs);
}
void ige_decrypt_many(std::span<const IgeJob> jobs) {
  check(jobs);
  ige_engine().decrypt(jobs);
}
void ige_encrypt(const AesKeyIv& with, View in, char* out) {
  const IgeJob job{&with, in, out};
  ige_encrypt_many({&job, 1});
}
void ige_decrypt(const AesKeyIv& with, View in, char* out) {
  const IgeJob job{&with, in, out};
  ige_decrypt_many({&job, 1});
}

}  // namespace helio::crypto
