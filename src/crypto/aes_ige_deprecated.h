// crypto/aes_ige_deprecated.h: OpenSSL's own IGE, which it will remove. The oracle of aes_ige_test.cpp and the
// yardstick of bench/crypto_bench.cpp; nothing else may include it.
#pragma once
#include <openssl/aes.h>

#include "crypto/aes_ige.h"

namespace helio::crypto {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

// With a key of 16 or 32 bytes: the published vectors of this mode have short ones.
inline void deprecated_ige(bool encrypt, View key, Fixed<32> iv, View in, char* out) {
  AES_KEY schedule;
  const auto* key_bytes = reinterpret_cast<const unsigned char*>(key.data());
  const int key_bits = static_cast<int>(key.size() * 8);
  if (encrypt) {
    AES_set_encrypt_key(key_bytes, key_bits, &schedule);
  } else {
    AES_set_decrypt_key(key_bytes, key_bits, &schedule);
  }
  AES_ige_encrypt(reinterpret_cast<const unsigned char*>(in.data()), reinterpret_cast<unsigned char*>(out), in.size(),
                  &schedule, reinterpret_cast<unsigned char*>(iv.data()), encrypt ? AES_ENCRYPT : AES_DECRYPT);
}

#pragma GCC diagnostic pop

}  // namespace helio::crypto
