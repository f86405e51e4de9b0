#include "crypto/bind_message.h"

#include <gtest/gtest.h>

#include "crypto/test_bytes.h"

namespace helio::crypto {
namespace {

struct BindMessageTest : testing::Test {
  BindMessageTest() {
    random.fill(key);
    random.fill(message.inner);
    sealed = seal_bind_message(message, key, 99, random);
  }
  SeededRandom random{15};
  AuthKey key;
  BindMessage message{.msg_id = 1234567890123, .seqno = 0, .inner = {}};
  Bytes sealed;
};

TEST_F(BindMessageTest, OpensWhatAClientSealed) {
  EXPECT_EQ(sealed.size(), 104u);
  const auto opened = open_bind_message(sealed, key, 99);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->msg_id, message.msg_id);
  EXPECT_EQ(opened->seqno, 0);
  EXPECT_EQ(opened->inner, message.inner);
}

TEST_F(BindMessageTest, B20_RefusesEveryOtherForm) {
  EXPECT_FALSE(open_bind_message("", key, 99));
  EXPECT_FALSE(open_bind_message(View(sealed).substr(0, 103), key, 99));
  EXPECT_FALSE(open_bind_message(sealed + Bytes(16, '\0'), key, 99));
  EXPECT_FALSE(open_bind_message(sealed, key, 98));
  AuthKey other = key;
  other[0] = static_cast<char>(other[0] ^ 1);  // Its first bytes take part in the keys of MTProto 1.
  EXPECT_FALSE(open_bind_message(sealed, other, 99));
  for (std::size_t byte = 0; byte < 24 + 64; ++byte) {  // The last block's end is padding.
    Bytes changed = sealed;
    changed[byte] = static_cast<char>(changed[byte] ^ 1);
    EXPECT_FALSE(open_bind_message(changed, key, 99)) << byte;
  }
}

TEST_F(BindMessageTest, B20_RefusesAnotherInnerLengthEvenWhenHashed) {
  for (const std::int32_t length : {0, 36, 44, -40}) {
    Bytes plain = random.bytes(28);
    append_le(plain, length);
    plain += view(message.inner);
    const MsgKey message_key = msg_key_v1(plain);
    plain += random.bytes(8);
    Bytes frame;
    append_le(frame, std::int64_t{99});
    frame += view(message_key);
    frame.resize(104);
    ige_encrypt(message_aes_v1(key, Sender::kClient, message_key), plain, frame.data() + 24);
    EXPECT_FALSE(open_bind_message(frame, key, 99)) << length;
  }
}

}  // namespace
}  // namespace helio::crypto
