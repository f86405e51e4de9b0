// AES-256-IGE out of the modes that OpenSSL supports.
//
// Encryption: with y[i] = c[i] ^ p[i-1] the definition becomes y[i] = E((p[i] ^ p[i-2]) ^ y[i-1]), which is CBC over
// p[i] ^ p[i-2]. So: one XOR pass, one CBC call, one XOR pass, through a buffer that stays in the first-level cache.
// Decryption is no CBC, since its chain needs the plaintext just made: one ECB call a block.
#include "crypto/aes_ige_engines.h"
#include "crypto/openssl.h"

namespace helio::crypto {
namespace {

// Two machine words; XOR of blocks is all this file computes by itself.
struct Block {
  std::uint64_t low, high;

  static Block load(const char* from) { return {load_le<std::uint64_t>(from), load_le<std::uint64_t>(from + 8)}; }
  void store(char* to) const {
    store_le(to, low);
    store_le(to + 8, high);
  }
  friend Block operator^(Block a, Block b) { return {a.low ^ b.low, a.high ^ b.high}; }
};

const EVP_CIPHER* fetch(const char* name) {
  const EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, name, nullptr);
  ASSERT(cipher);
  return cipher;
}

void encrypt(const IgeJob& job) {
  static const EVP_CIPHER* const cbc = fetch("AES-256-CBC");
  const auto context = start_cipher(cbc, job.with->key.data(), job.with->iv.data(), true);  // y[-1] is c[-1].

  constexpr std::size_t kChunk = 1024;
  char mixed[kChunk];   // p[i] ^ p[i-2], then y[i].
  Block before_last{};  // p[i-2]; none for the first block, whose y[0] = E(p[0] ^ c[-1]).
  Block last = Block::load(job.with->iv.data() + 16);
  for (std::size_t at = 0; at < job.in.size();) {
    const std::size_t size = std::min(kChunk, job.in.size() - at);
    Block older = before_last, old = last;
    for (std::size_t i = 0; i < size; i += 16) {
      const Block plain = Block::load(job.in.data() + at + i);
      (plain ^ older).store(mixed + i);
      older = old;
      old = plain;
    }
    run_cipher(context.get(), mixed, mixed, size);
    for (std::size_t i = 0; i < size; i += 16) {
      const Block plain = Block::load(job.in.data() + at + i);
      (Block::load(mixed + i) ^ last).store(job.out + at + i);
      before_last = last;
      last = plain;
    }
    at += size;
  }
  explicit_bzero(mixed, sizeof mixed);
}

void decrypt(const IgeJob& job) {
  static const EVP_CIPHER* const ecb = fetch("AES-256-ECB");
  const auto context = start_cipher(ecb, job.with->key.data(), nullptr, false);

  Block last_cipher = Block::load(job.with->iv.data());
  Block last_plain = Block::load(job.with->iv.data() + 16);
  char block[16];
  for (std::size_t at = 0; at < job.in.size(); at += 16) {
    const Block cipher = Block::load(job.in.data() + at);
    (cipher ^ last_plain).store(block);
    run_cipher(context.get(), block, block, 16);
    last_plain = Block::load(block) ^ last_cipher;
    last_cipher = cipher;
    last_plain.store(job.out + at);
  }
  explicit_bzero(block, sizeof block);
}

}  // namespace

void ige_encrypt_portable(std::span<const IgeJob> jobs) {
  for (const IgeJob& job : jobs) encrypt(job);
}
void ige_decrypt_portable(std::span<const IgeJob> jobs) {
  for (const IgeJob& job : jobs) decrypt(job);
}

}  // namespace helio::crypto
