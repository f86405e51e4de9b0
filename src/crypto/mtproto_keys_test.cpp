#include "crypto/mtproto_keys.h"

#include <gtest/gtest.h>

#include "crypto/test_bytes.h"

namespace helio::crypto {
namespace {

AuthKey counting_key() {
  AuthKey key;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<char>(i * 7 + 3);
  return key;
}

Bytes counting_text() {
  Bytes text;
  for (int i = 0; i < 80; ++i) text.push_back(static_cast<char>(i));
  return text;
}

// Expected values from the formulas of the description, written with Python's hashlib.
TEST(MtprotoKeys, Version2) {
  struct Case {
    Sender sender;
    std::string_view large, key, iv;
  } cases[] = {
      {Sender::kClient, "8a23dd1aaf1ec98ab23f447e2b2868604f19cf0857223c08f03a8e0ff4dd845d",
       "82a396dd97bf126d9a6e90cb5277cef096cca4f20fdb8e28318d33e463acfe4d",
       "e9bb4c827d7497989319c994bfc1aa183accf27abc0120fb1c0a7d48ba0fe227"},
      {Sender::kServer, "9ea52d8682bd214276492fc379c5db17e0288ac5c2ede1c1828c0208d27aedae",
       "7cf55deeb74ab363afb677af35c7a02475419f357a1db14f7c7ebd798abdf087",
       "66b180a4644cd8bd8175bf1c638b82ce89a72fa5bbf8efa37388bce91e0d60ec"},
  };
  for (const auto& c : cases) {
    const Sha256 large = msg_key_large(counting_key(), c.sender, counting_text());
    EXPECT_EQ(hex_of(large), c.large);
    EXPECT_EQ(hex_of(msg_key(large)), c.large.substr(16, 32));
    const AesKeyIv with = message_aes(counting_key(), c.sender, msg_key(large));
    EXPECT_EQ(hex_of(with.key), c.key);
    EXPECT_EQ(hex_of(with.iv), c.iv);
  }
}

TEST(MtprotoKeys, A12_QuickAckHasItsTopBitSet) {
  EXPECT_EQ(quick_ack(fixed<32>(hex("01020304") + Bytes(28, '\0'))), 0x84030201u);
}

TEST(MtprotoKeys, Version1) {
  const MsgKey key = msg_key_v1(counting_text());
  EXPECT_EQ(hex_of(key), "721e44a992a0def42d999b32af449adc");
  const AesKeyIv client = message_aes_v1(counting_key(), Sender::kClient, key);
  EXPECT_EQ(hex_of(client.key), "f1ffa3306ac849b7be2f0914b94be7b0113866a5829cd53c6d1d4320240f3f20");
  EXPECT_EQ(hex_of(client.iv), "4e4fb2b7a96fc26f6caac2c300aa55847b980873966e1a6ca2cab161187bbd8d");
  const AesKeyIv server = message_aes_v1(counting_key(), Sender::kServer, key);
  EXPECT_EQ(hex_of(server.key), "4125b489c08c1253da81c141b645633da7211a515c9581fa52491c7ad1039070");
  EXPECT_EQ(hex_of(server.iv), "4a2dd7646995f08779addef949707c1642b61d895435cba1028991873f2bc0bc");
}

TEST(MtprotoKeys, NamesAKeyByTheEndsOfItsHash) {
  EXPECT_EQ(auth_key_id(counting_key()), load_le<std::int64_t>(hex("9ed6e6ef196cc931").data()));
  EXPECT_EQ(auth_key_aux_hash(counting_key()), load_le<std::int64_t>(hex("6aa0e62cd373dc2e").data()));
}

}  // namespace
}  // namespace helio::crypto
