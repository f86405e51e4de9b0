#include "crypto/sha.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/random.h"
#include "crypto/constant_time.h"
#include "crypto/hmac.h"
#include "crypto/test_bytes.h"

namespace helio::crypto {
namespace {

constexpr View kTwoBlocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

// FIPS 180-4's examples.
TEST(Sha, KnowsThePublishedVectors) {
  EXPECT_EQ(hex_of(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex_of(sha1(kTwoBlocks)), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(hex_of(sha1("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(hex_of(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_of(sha256(kTwoBlocks)), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex_of(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_of(sha512("abc")),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  EXPECT_EQ(hex_of(sha256(Bytes(1'000'000, 'a'))), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha, PartsAreHashedAsOne) {
  SeededRandom random(3);
  const Bytes bytes = random.bytes(300);
  const View all = bytes;
  for (std::size_t a = 0; a <= all.size(); a += 7) {
    for (std::size_t b = a; b <= all.size(); b += 31) {
      ASSERT_EQ(sha256(all.substr(0, a), all.substr(a, b - a), all.substr(b)), sha256(all));
      ASSERT_EQ(sha1(all.substr(0, a), all.substr(a, b - a), all.substr(b)), sha1(all));
    }
  }
  EXPECT_EQ(sha512(all.substr(0, 128), all.substr(128)), sha512(all));
}

TEST(Sha, PiecesAreHashedAsOne) {
  SeededRandom random(4);
  const Bytes bytes = random.bytes(1000);
  Sha256Pieces pieces;
  for (const std::size_t step : {1, 63, 64, 65, 1000}) {
    for (std::size_t at = 0; at < bytes.size(); at += step) pieces.add(View(bytes).substr(at, step));
    EXPECT_EQ(pieces.finish(), sha256(bytes)) << step;  // And the next file begins anew.
  }
  EXPECT_EQ(pieces.finish(), sha256(""));
}

TEST(Sha, ThreadsDoNotDisturbEachOther) {
  std::vector<std::thread> threads;
  std::array<Sha256, 4> found;
  for (std::size_t t = 0; t < found.size(); ++t) {
    threads.emplace_back([t, &found] {
      for (int i = 0; i < 1000; ++i) found[t] = sha256(Bytes(t + 100, 'x'));
    });
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t t = 0; t < found.size(); ++t) EXPECT_EQ(found[t], sha256(Bytes(t + 100, 'x')));
}

// The inputs of RFC 6070, with SHA-512 as its hash function.
TEST(Pbkdf2, KnowsThePublishedVectors) {
  EXPECT_EQ(hex_of(pbkdf2_sha512("password", "salt", 1)),
            "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252"
            "c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce");
  EXPECT_EQ(hex_of(pbkdf2_sha512("password", "salt", 2)),
            "e1d9c16aa681708a45f5c7c4e215ceb66e011a2e9f0040713f18aefdb866d53c"
            "f76cab2868a39b9f7840edce4fef5a82be67335c77a6068e04112754f27ccf4e");
  EXPECT_EQ(hex_of(pbkdf2_sha512("password", "salt", 4096)),
            "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5"
            "143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5");
}

// RFC 4231, cases 1, 2, 6 and 7.
TEST(Hmac, KnowsThePublishedVectors) {
  EXPECT_EQ(hex_of(hmac_sha256(Bytes(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex_of(hmac_sha256("Jefe", "what do ya want ", "for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex_of(hmac_sha256(Bytes(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hex_of(hmac_sha256(Bytes(131, '\xaa'),
                               "This is a test using a larger than block-size key and a larger than block-size data. "
                               "The key needs to be hashed before being used by the HMAC algorithm.")),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST(ConstantTime, ComparesLikeEquality) {
  EXPECT_TRUE(equal_constant_time("", ""));
  EXPECT_TRUE(equal_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_constant_time("abc", "ab"));
  EXPECT_EQ(equal_mask("same", "same"), 0xffffffffu);
  for (int difference = 1; difference < 256; ++difference) {
    const Bytes other(1, static_cast<char>(difference));
    EXPECT_EQ(equal_mask(View("\0", 1), other), 0u);
  }
}

}  // namespace
}  // namespace helio::crypto
