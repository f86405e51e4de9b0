#include "crypto/rsa_padding.h"

#include <algorithm>

#include "crypto/aes_ige.h"
#include "crypto/constant_time.h"
#include "crypto/sha.h"

namespace helio::crypto {
namespace {

constexpr std::size_t kDataMax = 144;  // What the description of RSA_PAD allows.
constexpr std::size_t kPadded = 192;   // Data with its padding.
constexpr std::size_t kTempKey = 32;

// Legal lengths of p_q_inner_data in all its forms: 80 leaves pq, p and q one byte each, 144 is more than any needs.
constexpr std::size_t kLegacyMin = 80;
constexpr std::size_t kLegacyMax = kDataMax;
constexpr std::size_t kLegacyHash = 20;

// temp_key ^ hash, there and back.
void mask(Fixed<kTempKey>& key, const Sha256& hash) {
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<char>(key[i] ^ hash[i]);
}

// All ones and the data's 192 bytes, or zero.
std::uint32_t unwrap_rsa_pad(const Number256& block, Bytes& data) {
  const View encrypted = view(block).substr(kTempKey);
  AesKeyIv with{};
  std::memcpy(with.key.data(), block.data(), kTempKey);
  mask(with.key, sha256(encrypted));
  Bytes plain(encrypted.size(), '\0');
  ige_decrypt(with, encrypted, plain.data());
  data.resize(kPadded);  // In place: assign() would go through a copy that nobody wipes.
  std::reverse_copy(plain.begin(), plain.begin() + kPadded, data.begin());
  const std::uint32_t equal = equal_mask(view(sha256(with.key, data)), View(plain).substr(kPadded));
  wipe(plain);
  explicit_bzero(&with, sizeof with);
  return equal;
}

// All ones and the length of the data, which begins at byte 21, or zero.
std::uint32_t unwrap_legacy(const Number256& block, std::uint32_t& length) {
  const View claimed = view(block).substr(1, kLegacyHash), rest = view(block).substr(1 + kLegacyHash);
  std::uint32_t found = 0;
  length = 0;
  for (std::uint32_t size = kLegacyMin; size <= kLegacyMax; size += 4) {
    const std::uint32_t match = equal_mask(view(sha1(rest.substr(0, size))), claimed);
    length |= match & size;  // A second match would be a collision of SHA-1 within one message.
    found |= match;
  }
  return found & equal_mask(view(block).substr(0, 1), View("\0", 1));
}

}  // namespace

std::optional<RsaInner> rsa_open(const RsaKey& key, View encrypted, bool accept_legacy) {
  const auto block = key.decrypt_raw(encrypted);
  return block ? rsa_unwrap(*block, accept_legacy) : std::nullopt;
}

std::optional<RsaInner> rsa_unwrap(const Number256& block, bool accept_legacy) {
  // Both are computed before either is believed.
  Bytes data;
  std::uint32_t length = 0;
  const std::uint32_t padded = unwrap_rsa_pad(block, data);
  const std::uint32_t legacy = accept_legacy ? unwrap_legacy(block, length) : 0;
  if (padded) return RsaInner{std::move(data), false};
  wipe(data);
  if (legacy) return RsaInner{Bytes(view(block).substr(1 + kLegacyHash, length)), true};
  return std::nullopt;
}

Number256 rsa_pad_seal(const RsaPublicKey& key, View data, Random& random) {
  ASSERT(data.size() <= kDataMax);
  Bytes padded(data);
  padded += random.bytes(kPadded - data.size());
  while (true) {
    AesKeyIv with{};
    random.fill(with.key);
    Bytes plain(padded.rbegin(), padded.rend());
    plain += view(sha256(with.key, padded));
    ige_encrypt(with, plain, plain.data());
    mask(with.key, sha256(plain));
    // Too large for this modulus: another temp_key.
    if (auto sealed = key.encrypt_raw(fixed<256>(Bytes(view(with.key)) + plain))) return *sealed;
  }
}

Number256 rsa_legacy_seal(const RsaPublicKey& key, View data, Random& random) {
  ASSERT(data.size() >= kLegacyMin && data.size() <= kLegacyMax && data.size() % 4 == 0);
  Bytes block(1, '\0');
  block += view(sha1(data));
  block += data;
  block += random.bytes(256 - block.size());
  const auto sealed = key.encrypt_raw(fixed<256>(block));
  ASSERT(sealed);  // A number that begins with a zero byte is below a modulus of 2048 bits.
  return *sealed;
}

}  // namespace helio::crypto
