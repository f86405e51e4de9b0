#include "crypto/aes_ctr.h"

#include "crypto/openssl.h"

namespace helio::crypto {

AesCtr::AesCtr(const Fixed<32>& key, const Fixed<16>& iv) {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr);
  ASSERT(cipher);
  context_.reset(start_cipher(cipher, key.data(), iv.data(), true).release());
}
AesCtr::~AesCtr() = default;
AesCtr::AesCtr(AesCtr&&) noexcept = default;
AesCtr& AesCtr::operator=(AesCtr&&) noexcept = default;

void AesCtr::apply(std::span<char> bytes) {
  run_cipher(context_.get(), bytes.data(), bytes.data(), bytes.size());
}

void AesCtr::Free::operator()(evp_cipher_ctx_st* context) const {
  EVP_CIPHER_CTX_free(context);
}

}  // namespace helio::crypto
