#include "crypto/sha.h"

#include "crypto/openssl.h"

namespace helio::crypto {
namespace {

const EVP_MD* fetch(const char* name) {
  const EVP_MD* md = EVP_MD_fetch(nullptr, name, nullptr);
  ASSERT(md);
  return md;
}

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const md = fetch("SHA256");
  return md;
}

// `context` has seen no other algorithm than `md`, so starting over neither looks anything up nor allocates.
template <std::size_t N>
Fixed<N> digest(EVP_MD_CTX* context, const EVP_MD* md, std::span<const View> parts) {
  int ok = EVP_DigestInit_ex2(context, md, nullptr);
  for (View part : parts) ok &= EVP_DigestUpdate(context, part.data(), part.size());
  Fixed<N> result;
  ok &= EVP_DigestFinal_ex(context, out(result.data()), nullptr);
  ASSERT(ok == 1);
  return result;
}

}  // namespace

Sha1 sha1_of(std::span<const View> parts) {
  static const EVP_MD* const md = fetch("SHA1");
  thread_local const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  return digest<20>(context.get(), md, parts);
}

Sha256 sha256_of(std::span<const View> parts) {
  thread_local const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  return digest<32>(context.get(), sha256_algorithm(), parts);
}

void Sha256Pieces::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Sha256Pieces::Sha256Pieces() : context_(EVP_MD_CTX_new()) {
  const int ok = EVP_DigestInit_ex2(context_.get(), sha256_algorithm(), nullptr);
  ASSERT(ok == 1);
}

void Sha256Pieces::add(View piece) {
  const int ok = EVP_DigestUpdate(context_.get(), piece.data(), piece.size());
  ASSERT(ok == 1);
}

Sha256 Sha256Pieces::finish() {
  Sha256 result;
  int ok = EVP_DigestFinal_ex(context_.get(), out(result.data()), nullptr);
  ok &= EVP_DigestInit_ex2(context_.get(), sha256_algorithm(), nullptr);
  ASSERT(ok == 1);
  return result;
}

Sha512 sha512_of(std::span<const View> parts) {
  static const EVP_MD* const md = fetch("SHA512");
  thread_local const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  return digest<64>(context.get(), md, parts);
}

Sha512 pbkdf2_sha512(View password, View salt, int rounds) {
  static const EVP_MD* const md = fetch("SHA512");
  Sha512 result;
  const int ok = PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), in(salt.data()),
                                   static_cast<int>(salt.size()), rounds, md, 64, out(result.data()));
  ASSERT(ok == 1);
  return result;
}

}  // namespace helio::crypto
