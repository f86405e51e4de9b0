#include "crypto/hmac.h"

namespace helio::crypto {
namespace {

constexpr std::size_t kBlock = 64;  // SHA-256 works on blocks of 64 bytes.

Fixed<kBlock> pad(View key, char with) {
  Fixed<kBlock> padded;
  padded.fill(with);
  for (std::size_t i = 0; i < key.size(); ++i) padded[i] = static_cast<char>(padded[i] ^ key[i]);
  return padded;
}

}  // namespace

Sha256 hmac_sha256_of(View key, std::span<const View> parts) {
  std::array<View, 8> inner;
  ASSERT(parts.size() < inner.size());
  Sha256 short_key;
  if (key.size() > kBlock) key = view(short_key = sha256(key));

  Fixed<kBlock> inner_pad = pad(key, 0x36);
  Fixed<kBlock> outer_pad = pad(key, 0x5c);
  inner[0] = view(inner_pad);
  std::copy(parts.begin(), parts.end(), inner.begin() + 1);
  const Sha256 inner_hash = sha256_of(std::span(inner).first(parts.size() + 1));
  const Sha256 result = sha256(outer_pad, inner_hash);
  wipe(inner_pad);
  wipe(outer_pad);
  return result;
}

}  // namespace helio::crypto
