#include "crypto/aes_ctr.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "crypto/test_bytes.h"

namespace helio::crypto {
namespace {

// NIST SP 800-38A, F.5.5.
const auto kKey = hex_fixed<32>("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
const auto kIv = hex_fixed<16>("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
const Bytes kPlain =
    hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
const Bytes kCipher =
    hex("601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
        "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6");

TEST(AesCtr, KnowsTheVectorOfNist) {
  AesCtr stream(kKey, kIv);
  Bytes bytes = kPlain;
  stream.apply(bytes);
  EXPECT_EQ(to_hex(bytes), to_hex(kCipher));
}

TEST(AesCtr, GoesOnWhereItStoppedAtAnyByte) {
  for (std::size_t cut = 0; cut <= kPlain.size(); ++cut) {
    AesCtr first(kKey, kIv);
    Bytes bytes = kPlain;
    first.apply(std::span(bytes).first(cut));
    AesCtr moved = std::move(first);
    moved.apply(std::span(bytes).subspan(cut));
    ASSERT_EQ(bytes, kCipher) << cut;
  }
}

TEST(AesCtr, TheCounterCarriesOverAllItsBytes) {
  Fixed<16> last;
  last.fill('\xff');
  AesCtr wrapping(kKey, last), zero(kKey, Fixed<16>{});
  Bytes two_blocks(32, '\0'), one_block(16, '\0');
  wrapping.apply(two_blocks);
  zero.apply(one_block);
  EXPECT_EQ(to_hex(two_blocks.substr(16)), to_hex(one_block));
}

}  // namespace
}  // namespace helio::crypto
