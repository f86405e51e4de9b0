// crypto/rsa_padding.h: how the client's p_q_inner_data is wrapped before the raw RSA operation, and unwrapped after
// it.
//
// RSA_PAD: today's. temp_key ^ SHA256(rest), then IGE under temp_key over the reversed data and a hash of it.
// Legacy:  SHA1(data), data, random bytes up to 255. The length is not told; opening hashes every legal one.
// Rules:   unwrapping does the same work whatever is inside, compares in constant time, and looks at no content before
//          the comparison has succeeded. Server keys have been attacked through servers that parsed first.
// Source:  https://core.telegram.org/mtproto/auth_key, step 4, and its older versions.
#pragma once
#include <optional>

#include "base/random.h"
#include "crypto/rsa.h"

namespace helio::crypto {

// Holds the client's secret: it wipes itself.
struct RsaInner {
  RsaInner(Bytes its_data, bool is_legacy) : data(std::move(its_data)), legacy(is_legacy) {}
  RsaInner(RsaInner&&) noexcept = default;
  RsaInner& operator=(RsaInner&&) noexcept = default;
  ~RsaInner() { wipe(data); }

  Bytes data;  // With RSA_PAD: 192 bytes, of which the TL object is the beginning. Legacy: the object, exactly.
  bool legacy = false;  // Which padding it had.
};

// Decrypts encrypted_data of req_DH_params. nullopt when neither padding (only RSA_PAD if `accept_legacy` is off) fits,
// or decrypt_raw() refuses.
std::optional<RsaInner> rsa_open(const RsaKey& key, View encrypted, bool accept_legacy);

// The same for what decrypt_raw() gave. Foreign bytes.
std::optional<RsaInner> rsa_unwrap(const Number256& block, bool accept_legacy);

// The client's side, for tests and load drivers. At most 144 bytes of data; legacy: 80 to 144, a multiple of 4.
Number256 rsa_pad_seal(const RsaPublicKey& key, View data, Random& random);
Number256 rsa_legacy_seal(const RsaPublicKey& key, View data, Random& random);

}  // namespace helio::crypto
