// crypto/aes_ige_engines.h: what aes_ige.cpp chooses from. Engines get jobs of whole blocks.
#pragma once
#include "crypto/aes_ige.h"

namespace helio::crypto {

// On OpenSSL's EVP: any machine, constant time as far as EVP is.
void ige_encrypt_portable(std::span<const IgeJob> jobs);
void ige_decrypt_portable(std::span<const IgeJob> jobs);

#if defined(__x86_64__)
// With the AES instructions of x86. Only where cpu_has_aesni().
bool cpu_has_aesni();
void ige_encrypt_aesni(std::span<const IgeJob> jobs);
void ige_decrypt_aesni(std::span<const IgeJob> jobs);
#endif

}  // namespace helio::crypto
