#include "crypto/aes_ige.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "crypto/aes_ige_deprecated.h"
#include "crypto/test_bytes.h"

namespace helio::crypto {
namespace {

AesKeyIv random_key(Random& random) {
  AesKeyIv with;
  random.fill(with.key);
  random.fill(with.iv);
  return with;
}

Bytes deprecated(bool encrypt, const AesKeyIv& with, View in) {
  Bytes out(in.size(), '\0');
  deprecated_ige(encrypt, view(with.key), with.iv, in, out.data());
  return out;
}

// The vectors of Ben Laurie's paper have 128-bit keys, which MTProto never uses. They vouch for the oracle.
TEST(AesIge, TheOracleKnowsThePublishedVectors) {
  struct Case {
    std::string_view key, iv, plain, cipher;
  } cases[] = {
      {"000102030405060708090a0b0c0d0e0f", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
       "0000000000000000000000000000000000000000000000000000000000000000",
       "1a8519a6557be652e9da8e43da4ef4453cf456b4ca488aa383c79c98b34797cb"},
      {"5468697320697320616e20696d706c65", "6d656e746174696f6e206f6620494745206d6f646520666f72204f70656e5353",
       "99706487a1cde613bc6de0b6f24b1c7aa448c8b9c3403e3467a8cad89340f53b",
       "4c2e204c6574277320686f70652042656e20676f74206974207269676874210a"},
  };
  for (const auto& c : cases) {
    Bytes out(32, '\0');
    deprecated_ige(true, hex(c.key), hex_fixed<32>(c.iv), hex(c.plain), out.data());
    EXPECT_EQ(to_hex(out), c.cipher);
    deprecated_ige(false, hex(c.key), hex_fixed<32>(c.iv), hex(c.cipher), out.data());
    EXPECT_EQ(to_hex(out), c.plain);
  }
}

TEST(AesIge, EveryEngineAgreesWithTheOracle) {
  SeededRandom random(1);
  ASSERT_FALSE(ige_engines().empty());
  EXPECT_EQ(ige_engines().back().name, "portable");
  for (const IgeEngine& engine : ige_engines()) {
    SCOPED_TRACE(engine.name);
    // Around the portable engine's buffer of 1024 bytes too.
    for (std::size_t size : {0u, 16u, 32u, 48u, 64u, 256u, 1008u, 1024u, 1040u, 2048u, 2064u, 131072u}) {
      SCOPED_TRACE(size);
      const AesKeyIv with = random_key(random);
      const Bytes plain = random.bytes(size);
      const Bytes cipher = deprecated(true, with, plain);
      Bytes out(size, '\0');
      const IgeJob encryption{&with, plain, out.data()};
      engine.encrypt({&encryption, 1});
      ASSERT_EQ(out, cipher);
      const IgeJob decryption{&with, out, out.data()};  // In place.
      engine.decrypt({&decryption, 1});
      ASSERT_EQ(out, plain);
    }
  }
}

TEST(AesIge, ManyAtOnceAreEachAsIfAlone) {
  SeededRandom random(2);
  for (const IgeEngine& engine : ige_engines()) {
    SCOPED_TRACE(engine.name);
    for (std::size_t count = 0; count <= 40; ++count) {
      std::vector<AesKeyIv> with(count);
      std::vector<Bytes> plain(count), work(count);
      std::vector<IgeJob> jobs;
      for (std::size_t i = 0; i < count; ++i) {
        with[i] = random_key(random);
        plain[i] = work[i] = random.bytes(random.below(40) * 16);  // Some are empty.
        jobs.push_back({&with[i], work[i], work[i].data()});
      }
      engine.encrypt(jobs);
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(work[i], deprecated(true, with[i], plain[i]));
      engine.decrypt(jobs);
      ASSERT_EQ(work, plain);
    }
  }
}

TEST(AesIge, AMachineWithAesInstructionsUsesThem) {
#if defined(__x86_64__)
  const bool able = __builtin_cpu_supports("aes") && __builtin_cpu_supports("sse4.1");
  EXPECT_EQ(ige_engine().name, able ? "aes-ni" : "portable");
#endif
  EXPECT_EQ(ige_engine().name, ige_engines().front().name);
}

TEST(AesIgeDeathTest, RefusesPartsOfBlocks) {
  const AesKeyIv with{};
  char out[32];
  EXPECT_DEATH(ige_encrypt(with, View("seventeen bytes..", 17), out), "16");
}

}  // namespace
}  // namespace helio::crypto
