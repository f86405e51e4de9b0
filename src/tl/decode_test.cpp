#include "tl/decode.h"

#include <gtest/gtest.h>

#include "tl/encode.h"
#include "tl/mtproto.h"
#include "tl/types/api/InputPeer.h"
#include "tl/types/api/MessageEntity.h"
#include "tl/types/api/VideoSize.h"
#include "tl/types/api/messages/sendMessage.h"
#include "tl/types/mtproto/FutureSalt.h"
#include "tl/types/mtproto/FutureSalts.h"
#include "tl/types/records/Profile.h"

namespace helio {
namespace {

Bytes hex(std::string_view text) {
  return *from_hex(text);
}

TEST(Decode, EveryLayerFillsTheSameStruct) {
  const std::pair<const char*, int> cases[] = {
      {"e67d8e7b 2a000000 0700000000000000", 131},          // user_id:int.
      {"4ca5e8dd 2a00000000000000 0700000000000000", 228},  // user_id:long.
  };
  for (const auto& [wire, layer] : cases) {
    SCOPED_TRACE(layer);
    const auto object = tl::decode_object(hex(wire));
    ASSERT_TRUE(object);
    const auto* peer = tl::as<tl::InputPeerUser>(*object);
    ASSERT_TRUE(peer);
    EXPECT_EQ(peer->user_id, 42);
    EXPECT_EQ(peer->access_hash, 7);
    Bytes again;
    ASSERT_TRUE(tl::encode(again, **object, tl::Layer{layer}));
    EXPECT_EQ(again, hex(wire));
  }
}

TEST(Decode, ARequestComesBackAsItWas) {
  tl::messages::sendMessage request;
  tl::InputPeerUser peer;
  peer.user_id = 42;
  request.peer = peer;
  request.message = "hello there, this is text";
  request.random_id = 99;
  tl::MessageEntityBold bold;
  bold.offset = 1;
  bold.length = 4;
  request.entities.emplace();
  request.entities->push_back(bold);
  request.silent = true;
  Bytes wire;
  ASSERT_TRUE(tl::encode(wire, request, tl::kNewestLayer));
  const auto object = tl::decode_method(wire);
  ASSERT_TRUE(object);
  EXPECT_TRUE(tl::equal(**object, request));
}

TEST(Decode, BareConstructorsTravelWithoutIds) {
  tl::mt::Future_salts salts;
  salts.req_msg_id = 5;
  tl::mt::Future_salt salt;
  salt.salt = 77;
  salts.salts.push_back(salt);
  const Bytes wire = tl::encode_mtproto(salts);
  EXPECT_EQ(wire.size(), 4U + 8 + 4 + 4 + 16);
  const auto again = tl::decode_mtproto(wire);
  ASSERT_TRUE(again);
  EXPECT_TRUE(tl::equal(**again, salts));
}

TEST(Equal, ComparesTheBitsOfDoubles) {
  tl::VideoSize size;
  size.type = "v";
  size.video_start_ts = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(tl::equal(size, *size.clone()));
  tl::VideoSize zero = size, minus_zero = size, none = size;
  zero.video_start_ts = 0.0;
  minus_zero.video_start_ts = -0.0;
  none.video_start_ts.reset();
  EXPECT_FALSE(tl::equal(zero, minus_zero));
  EXPECT_FALSE(tl::equal(zero, none));
}

TEST(Record, ComesBackAsItWas) {
  tl::record::Profile profile;
  profile.phone = "+88812";
  profile.user_id = 12;
  const auto again = tl::decode_record<tl::record::Profile>(tl::encode_record(profile));
  ASSERT_TRUE(again);
  EXPECT_TRUE(tl::equal(*again, profile));
}

}  // namespace
}  // namespace helio
