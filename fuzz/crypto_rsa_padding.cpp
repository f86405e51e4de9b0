// What a client's encrypted_data holds after the RSA operation: any 256 bytes, and both paddings around any data.
// Input: how (a byte), then what.
#include "base/assert.h"
#include "crypto/aes_ige.h"
#include "crypto/rsa_padding.h"
#include "crypto/sha.h"

namespace helio::crypto {
namespace {

constexpr std::size_t kTempKey = 32, kPadded = 192;

Number256 block_of(View input) {
  Number256 block{};
  std::memcpy(block.data(), input.data(), std::min(input.size(), block.size()));
  return block;
}

// RSA_PAD as the description has it, around 192 bytes of data.
Number256 pad(View temp_key, Bytes data) {
  AesKeyIv with{};
  std::memcpy(with.key.data(), temp_key.data(), std::min(temp_key.size(), with.key.size()));
  data.resize(kPadded);
  Bytes plain(data.rbegin(), data.rend());
  plain += view(sha256(with.key, data));
  ige_encrypt(with, plain, plain.data());
  const Sha256 hash = sha256(plain);
  Bytes block;
  for (std::size_t i = 0; i < kTempKey; ++i) block.push_back(static_cast<char>(with.key[i] ^ hash[i]));
  return block_of(block + plain);
}

Number256 pad_legacy(View data, View rest) {
  Bytes block(1, '\0');
  block += view(sha1(data));
  block += data;
  return block_of(block + Bytes(rest));
}

void play(View input) {
  if (input.empty()) return;
  const auto how = static_cast<unsigned char>(input[0]);
  const bool accept_legacy = (how & 4) != 0;
  input.remove_prefix(1);
  switch (how & 3) {
    case 0: {  // Whatever it is, it is either refused or has the size that it must have.
      const auto inner = rsa_unwrap(block_of(input), accept_legacy);
      if (inner && !inner->legacy) ASSERT(inner->data.size() == kPadded);
      if (inner && inner->legacy) ASSERT(accept_legacy);
      if (inner && inner->legacy) ASSERT(inner->data.size() >= 80 && inner->data.size() <= 144);
      return;
    }
    case 1: {
      const Bytes data(input.substr(0, kPadded));
      const auto inner = rsa_unwrap(pad(input.substr(data.size()), data), accept_legacy);
      ASSERT(inner);
      ASSERT(!inner->legacy);
      ASSERT(inner->data.starts_with(data));
      return;
    }
    case 2: {  // A bit changed anywhere is refused.
      if (input.size() < 2) return;
      const auto bit = load_le<std::uint16_t>(input.data()) % 2048u;
      input.remove_prefix(2);
      Number256 block = pad(input.substr(std::min(input.size(), kPadded)), Bytes(input.substr(0, kPadded)));
      block[bit / 8] = static_cast<char>(block[bit / 8] ^ (1 << bit % 8));
      const auto inner = rsa_unwrap(block, accept_legacy);
      ASSERT(!inner || inner->legacy);
      return;
    }
    case 3: {
      constexpr std::size_t kMost = 256 - 21;
      if (input.empty()) return;
      const std::size_t size = std::min<std::size_t>(static_cast<unsigned char>(input[0]), kMost);
      input.remove_prefix(1);
      const View data = input.substr(0, size);
      const auto inner = rsa_unwrap(pad_legacy(data, input.substr(data.size())), accept_legacy);
      const bool legal = data.size() >= 80 && data.size() <= 144 && data.size() % 4 == 0;
      ASSERT(inner.has_value() == (accept_legacy && legal));
      if (inner) ASSERT(inner->data == data);
      return;
    }
  }
}

}  // namespace
}  // namespace helio::crypto

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  helio::crypto::play({reinterpret_cast<const char*>(data), size});
  return 0;
}
