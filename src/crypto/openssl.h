// crypto/openssl.h: owners of OpenSSL's objects. For the sources of this room; no header of ours includes it.
//
// Algorithms are fetched once for the life of the process, since OpenSSL 3 is slow at finding them. They are never
// freed: a thread that ends late may still use them.
#pragma once
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>

#include "crypto/fixed.h"

namespace helio::crypto {

struct OpensslFree {
  void operator()(BIGNUM* it) const { BN_clear_free(it); }
  void operator()(BN_CTX* it) const { BN_CTX_free(it); }
  void operator()(BN_MONT_CTX* it) const { BN_MONT_CTX_free(it); }
  void operator()(EVP_MD_CTX* it) const { EVP_MD_CTX_free(it); }
  void operator()(EVP_CIPHER_CTX* it) const { EVP_CIPHER_CTX_free(it); }
  void operator()(EVP_PKEY* it) const { EVP_PKEY_free(it); }
  void operator()(EVP_PKEY_CTX* it) const { EVP_PKEY_CTX_free(it); }
  void operator()(BIO* it) const { BIO_free_all(it); }
};
template <class T>
using Owned = std::unique_ptr<T, OpensslFree>;

inline const unsigned char* in(const char* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}
inline unsigned char* out(char* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}

// A cipher on one context for encryption (or, for block-wise IGE, decryption): no padding, ready for updates.
inline Owned<EVP_CIPHER_CTX> start_cipher(const EVP_CIPHER* cipher, const char* key, const char* iv, bool encrypt) {
  Owned<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  ASSERT(context);
  const int started = EVP_CipherInit_ex2(context.get(), cipher, in(key), iv ? in(iv) : nullptr, encrypt, nullptr);
  ASSERT(started == 1);
  EVP_CIPHER_CTX_set_padding(context.get(), 0);
  return context;
}

// Whole blocks only (or any length, for a stream cipher), so output is as long as input; in place allowed.
inline void run_cipher(EVP_CIPHER_CTX* context, const char* from, char* to, std::size_t size) {
  constexpr std::size_t kMost = std::size_t{1} << 30;  // EVP counts in int.
  while (size > 0) {
    const std::size_t step = std::min(size, kMost);
    int written = 0;
    const int done = EVP_CipherUpdate(context, out(to), &written, in(from), static_cast<int>(step));
    ASSERT(done == 1);
    ASSERT(static_cast<std::size_t>(written) == step);
    from += step;
    to += step;
    size -= step;
  }
}

}  // namespace helio::crypto
