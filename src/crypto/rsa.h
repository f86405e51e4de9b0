// crypto/rsa.h: the server's RSA key, by which clients recognise it, and what clients do with its public half.
//
// Keys:    2048 bits. Private ones are read as PKCS#8 or PKCS#1 PEM and written as PKCS#8; public ones are read as
// PKCS#1
//          or SubjectPublicKeyInfo and written as PKCS#1, the form that Telegram's clients carry.
// Raw:     no padding here; crypto/rsa_padding.h has MTProto's own. Private operations use OpenSSL's blinding.
// Time:    about half a millisecond for a private operation: not on a network thread.
// Threads: any.
// Source:  https://core.telegram.org/mtproto/auth_key.
#pragma once
#include <memory>
#include <optional>

#include "crypto/fixed.h"

struct evp_pkey_st;

namespace helio::crypto {

class RsaPublicKey {
 public:
  static std::optional<RsaPublicKey> from_pem(View pem);
  Bytes pem() const;

  // The low 64 bits of SHA1 over n and e as TL strings: how resPQ and req_DH_params name the key.
  std::int64_t fingerprint() const;
  const Number256& modulus() const { return modulus_; }

  // block^e mod n; nullopt unless `block` is below the modulus.
  std::optional<Number256> encrypt_raw(const Number256& block) const;

 private:
  friend class RsaKey;
  explicit RsaPublicKey(const evp_pkey_st* key);

  Number256 modulus_;
  Bytes exponent_;  // Big-endian without leading zeros.
  Bytes der_;       // PKCS#1.
};

class RsaKey {
 public:
  // A new key with e = 65537, made again while its fingerprint in hex begins with a zero digit (a client
  // library pads such a fingerprint wrongly and then misses the key). Some 100 ms.
  static RsaKey generate();

  // nullopt unless `pem` holds an unencrypted private RSA key of 2048 bits that is consistent in itself.
  static std::optional<RsaKey> from_pem(View pem);
  Bytes pem() const;  // Secret: for a file with mode 0600.

  const RsaPublicKey& public_key() const { return public_; }
  std::int64_t fingerprint() const { return fingerprint_; }

  // encrypted^d mod n. nullopt unless `encrypted` is 256 bytes and below the modulus.
  std::optional<Wiped<256>> decrypt_raw(View encrypted) const;

 private:
  explicit RsaKey(std::shared_ptr<evp_pkey_st> key);

  std::shared_ptr<evp_pkey_st> key_;  // Copies of this object share it; nothing changes it.
  RsaPublicKey public_;
  std::int64_t fingerprint_;
};

// Whether the first of the sixteen hex digits is a zero.
constexpr bool fingerprint_begins_with_zero(std::int64_t fingerprint) {
  return static_cast<std::uint64_t>(fingerprint) >> 60 == 0;
}

}  // namespace helio::crypto
