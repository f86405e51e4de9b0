// crypto/aes_ctr.h: AES-256 in counter mode as one endless key stream (transport obfuscation; RFC 3686's mode with a
// 16-byte initial counter block, big-endian).
//
// State:   each call goes on where the last one ended, at any byte.
// Threads: one at a time.
#pragma once
#include <memory>
#include <span>

#include "crypto/fixed.h"

struct evp_cipher_ctx_st;

namespace helio::crypto {

class AesCtr {
 public:
  AesCtr(const Fixed<32>& key, const Fixed<16>& iv);
  ~AesCtr();
  AesCtr(AesCtr&&) noexcept;
  AesCtr& operator=(AesCtr&&) noexcept;

  // Encrypts or decrypts, which is the same, in place.
  void apply(std::span<char> bytes);

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  std::unique_ptr<evp_cipher_ctx_st, Free> context_;
};

}  // namespace helio::crypto
