#include "crypto/exchange_data.h"

#include "crypto/constant_time.h"
#include "crypto/sha.h"

namespace helio::crypto {
namespace {
constexpr std::size_t kHash = 20;
constexpr std::size_t kSizeMax = 1024;
}  // namespace

Bytes seal_exchange_data(View data, const AesKeyIv& with, Random& random) {
  Bytes plain(view(sha1(data)));
  plain += data;
  plain += random.bytes((16 - plain.size() % 16) % 16);
  ige_encrypt(with, plain, plain.data());
  return plain;
}

std::optional<Bytes> open_exchange_data(View encrypted, const AesKeyIv& with) {
  if (encrypted.size() < 32 || encrypted.size() > kSizeMax || encrypted.size() % 16 != 0) return std::nullopt;
  Bytes plain(encrypted.size(), '\0');
  ige_decrypt(with, encrypted, plain.data());

  const View claimed = View(plain).substr(0, kHash);
  const std::size_t room = plain.size() - kHash;
  std::uint32_t found = 0, size = 0;
  for (std::size_t padding = 0; padding < 16 && padding <= room; ++padding) {
    const auto candidate = static_cast<std::uint32_t>(room - padding);
    const std::uint32_t match = equal_mask(view(sha1(View(plain).substr(kHash, candidate))), claimed);
    size = (match & candidate) | (~match & size);
    found |= match;
  }
  if (!found) return std::nullopt;
  return plain.substr(kHash, size);
}

}  // namespace helio::crypto
