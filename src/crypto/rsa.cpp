#include "crypto/rsa.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "crypto/number.h"
#include "crypto/sha.h"

namespace helio::crypto {
namespace {

constexpr int kBits = 2048;
constexpr std::size_t kPemMax = 16 << 10;

Owned<BIO> reader(View bytes) {
  Owned<BIO> bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  ASSERT(bio);
  return bio;
}

// What has been written to the memory `bio`.
Bytes written(BIO* bio) {
  const char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return Bytes(data, static_cast<std::size_t>(size));
}

Number parameter(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  const int ok = EVP_PKEY_get_bn_param(key, name, &number);
  ASSERT(ok == 1);
  return Number(number);
}

bool is_our_kind(const EVP_PKEY* key) {
  return key && EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) == kBits;
}

// Without this OpenSSL would ask for a passphrase on the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

Bytes tl_string(View bytes) {
  Bytes out;
  if (bytes.size() < 254) {
    out.push_back(static_cast<char>(bytes.size()));
  } else {
    append_le(out, static_cast<std::uint32_t>(bytes.size() << 8 | 254));
  }
  out += bytes;
  out.append((4 - out.size() % 4) % 4, '\0');
  return out;
}

}  // namespace

RsaPublicKey::RsaPublicKey(const evp_pkey_st* key) : modulus_(to_bytes(parameter(key, OSSL_PKEY_PARAM_RSA_N).get())) {
  const Number256 e = to_bytes(parameter(key, OSSL_PKEY_PARAM_RSA_E).get());
  exponent_ = view(e).substr(view(e).find_first_not_of('\0'));
  unsigned char* der = nullptr;
  const int size = i2d_PublicKey(key, &der);
  ASSERT(size > 0);
  der_.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
}

std::optional<RsaPublicKey> RsaPublicKey::from_pem(View pem) {
  if (pem.size() > kPemMax) return std::nullopt;
  char *name = nullptr, *header = nullptr;
  unsigned char* der = nullptr;
  long size = 0;
  Owned<EVP_PKEY> key;
  if (PEM_read_bio(reader(pem).get(), &name, &header, &der, &size) == 1) {
    const unsigned char* at = der;
    if (View(name) == "RSA PUBLIC KEY") key.reset(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, size));
    if (View(name) == "PUBLIC KEY") key.reset(d2i_PUBKEY(nullptr, &at, size));
  }
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(der);
  ERR_clear_error();
  if (!is_our_kind(key.get())) return std::nullopt;
  return RsaPublicKey(key.get());
}

Bytes RsaPublicKey::pem() const {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  const int ok = PEM_write_bio(bio.get(), "RSA PUBLIC KEY", "", in(der_.data()), static_cast<long>(der_.size()));
  ASSERT(ok > 0);
  return written(bio.get());
}

std::int64_t RsaPublicKey::fingerprint() const {
  return load_le<std::int64_t>(sha1(tl_string(view(modulus_)), tl_string(exponent_)).data() + 12);
}

std::optional<Number256> RsaPublicKey::encrypt_raw(const Number256& block) const {
  const Number n = to_number(view(modulus_)), base = to_number(view(block));
  if (BN_cmp(base.get(), n.get()) >= 0) return std::nullopt;
  Number result = new_number();
  const int ok = BN_mod_exp(result.get(), base.get(), to_number(exponent_).get(), n.get(), new_context().get());
  ASSERT(ok == 1);
  return to_bytes(result.get());
}

RsaKey::RsaKey(std::shared_ptr<evp_pkey_st> key)
    : key_(std::move(key)), public_(key_.get()), fingerprint_(public_.fingerprint()) {}

RsaKey RsaKey::generate() {
  while (true) {
    std::shared_ptr<evp_pkey_st> made(EVP_RSA_gen(kBits), OpensslFree());
    ASSERT(made);
    RsaKey key(std::move(made));
    if (!fingerprint_begins_with_zero(key.fingerprint())) return key;
  }
}

std::optional<RsaKey> RsaKey::from_pem(View pem) {
  if (pem.size() > kPemMax) return std::nullopt;
  std::shared_ptr<evp_pkey_st> key(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, no_passphrase, nullptr),
                                   OpensslFree());
  bool good = is_our_kind(key.get());
  if (good) {
    const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
    good = context && EVP_PKEY_pairwise_check(context.get()) == 1;
  }
  ERR_clear_error();
  if (!good) return std::nullopt;
  return RsaKey(std::move(key));
}

Bytes RsaKey::pem() const {
  Owned<BIO> bio(BIO_new(BIO_s_secmem()));
  const int ok = PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  ASSERT(ok == 1);
  return written(bio.get());
}

std::optional<Wiped<256>> RsaKey::decrypt_raw(View encrypted) const {
  if (encrypted.size() != 256 || encrypted >= view(public_.modulus())) return std::nullopt;
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
  Wiped<256> block;
  std::size_t size = block.size();
  int ok = EVP_PKEY_decrypt_init(context.get());
  ok &= EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING);
  ok &= EVP_PKEY_decrypt(context.get(), out(block.data()), &size, in(encrypted.data()), encrypted.size());
  ASSERT(ok == 1);
  ASSERT(size == block.size());
  return block;
}

}  // namespace helio::crypto
