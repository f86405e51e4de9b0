// The decoder's rules for foreign bytes, one test each.
#include <gtest/gtest.h>

#include "base/clock.h"
#include "tl/decode.h"
#include "tl/encode.h"
#include "tl/types/api/InputPeer.h"
#include "tl/types/api/InputUser.h"
#include "tl/types/api/JSONValue.h"
#include "tl/types/api/MessageEntity.h"
#include "tl/types/api/RichText.h"
#include "tl/types/api/initConnection.h"
#include "tl/types/api/invokeWithLayer.h"
#include "tl/types/api/messages/getMessagesViews.h"
#include "tl/types/api/messages/sendMessage.h"
#include "tl/types/api/users/getUsers.h"

namespace helio {
namespace {

Bytes encoded(const tl::Object& object) {
  Bytes wire;
  EXPECT_TRUE(tl::encode(wire, object, tl::kNewestLayer));
  return wire;
}

bool refused(View wire) {
  const auto object = tl::decode_object(wire);
  return !object && object.error() == error::INPUT_FETCH_ERROR;
}

bool request_refused(View wire) {
  const auto object = tl::decode_method(wire);
  return !object && object.error() == error::INPUT_FETCH_ERROR;
}

void append_vector(Bytes& wire, std::uint32_t count) {
  append_le(wire, tl::kVectorId);
  append_le(wire, count);
}

// users.getUsers with `users` of them, each inputUserSelf.
Bytes get_users(std::uint32_t users) {
  Bytes wire;
  append_le(wire, tl::users::getUsers::kId);
  append_vector(wire, users);
  for (std::uint32_t i = 0; i < users; ++i) append_le(wire, tl::InputUserSelf::kId);
  return wire;
}

Bytes nested_rich_text(int depth) {
  Bytes wire;
  for (int i = 1; i < depth; ++i) append_le(wire, tl::TextBold::kId);
  append_le(wire, tl::TextEmpty::kId);
  return wire;
}

Bytes nested_json(int depth) {
  Bytes wire;
  for (int i = 1; i < depth; ++i) {
    append_le(wire, tl::JsonArray::kId);
    append_vector(wire, 1);
  }
  append_le(wire, tl::JsonNull::kId);
  return wire;
}

Bytes with_text(View text) {
  tl::messages::sendMessage request;
  request.peer = tl::InputPeerSelf();
  request.message = text;
  return encoded(request);
}

TEST(Limits, CountTimesSmallestItemMustFitBeforeAnythingIsReserved) {
  tl::messages::getMessagesViews request;
  request.peer = tl::InputPeerSelf();
  request.id = {1, 2, 3};
  const Bytes good = encoded(request);
  EXPECT_TRUE(tl::decode_method(good));
  const SystemClock clock;
  for (const std::uint32_t count : {5U, 0x7fffffffU, 0xffffffffU}) {  // There is room for four.
    Bytes wire = good;
    store_le(wire.data() + 12, count);
    const Ticks start = clock.ticks();
    EXPECT_TRUE(request_refused(wire));
    EXPECT_LT(clock.ticks() - start, milliseconds(50));
  }
  Bytes objects = get_users(3);
  store_le(objects.data() + 8, 0x7fffffffU);
  EXPECT_TRUE(request_refused(objects));
}

TEST(Limits, AVectorBringsItsId) {
  Bytes wire = get_users(1);
  store_le(wire.data() + 4, 0x1cb5c416U);
  EXPECT_TRUE(request_refused(wire));
}

TEST(Limits, ABoolIsTrueOrFalse) {
  tl::JsonBool json;
  Bytes wire = encoded(json);
  EXPECT_TRUE(tl::decode_object(wire));
  store_le(wire.data() + 4, 1);
  EXPECT_TRUE(refused(wire));
}

TEST(Limits, StringsStayWithinTheBytesAndBringTheirPadding) {
  tl::JsonString text;
  text.value = "12345";
  Bytes wire = encoded(text);
  EXPECT_TRUE(tl::decode_object(wire));
  Bytes long_one = wire;
  long_one[4] = 40;
  EXPECT_TRUE(refused(long_one));
  Bytes huge = wire;
  store_le<std::uint32_t>(huge.data() + 4, 0xffffff00U | 254U);
  EXPECT_TRUE(refused(huge));
  Bytes odd = wire.substr(0, 4) + Bytes(
                                      "\xff\x05\0\0"
                                      "12345\0\0\0",
                                      12);  // 254 announces a long one, 255 nothing.
  EXPECT_TRUE(refused(odd));
  odd[4] = static_cast<char>(254);
  EXPECT_TRUE(tl::decode_object(odd));
  EXPECT_TRUE(refused(View(wire).substr(0, wire.size() - 1))) << "the padding is cut";
  Bytes noisy = wire;
  noisy.back() = 'x';
  EXPECT_TRUE(tl::decode_object(noisy)) << "what the padding holds is the sender's business";
}

TEST(Limits, ObjectsNestAtMost32Deep) {
  EXPECT_TRUE(tl::decode_object(nested_rich_text(tl::kDepthMax)));
  EXPECT_TRUE(refused(nested_rich_text(tl::kDepthMax + 1)));
  EXPECT_TRUE(tl::decode_object(nested_json(tl::kDepthMax)));
  EXPECT_TRUE(refused(nested_json(tl::kDepthMax + 1)));
}

TEST(Limits, AMillionLevelsCostNothing) {
  const SystemClock clock;
  for (const Bytes& wire : {nested_rich_text(1'000'000), nested_json(1'000'000)}) {
    const Ticks start = clock.ticks();
    EXPECT_TRUE(refused(wire));
    EXPECT_LT(clock.ticks() - start, milliseconds(10));
  }
}

TEST(Limits, ARequestHasAtMost100000Objects) {
  EXPECT_TRUE(tl::decode_method(get_users(tl::kObjectsMax - 1)));
  EXPECT_TRUE(request_refused(get_users(tl::kObjectsMax)));
}

TEST(Limits, WrappersAreAtMost8) {
  const auto wrapped = [](int wrappers) {
    Bytes wire;
    for (int i = 0; i < wrappers; ++i) {
      append_le(wire, tl::invokeWithLayer::kId);
      append_le(wire, 228);
    }
    return wire + get_users(1);
  };
  EXPECT_TRUE(tl::decode_method(wrapped(tl::kWrappersMax)));
  EXPECT_TRUE(request_refused(wrapped(tl::kWrappersMax + 1)));
}

TEST(Limits, AWrapperHoldsAMethod) {
  Bytes wire;
  append_le(wire, tl::invokeWithLayer::kId);
  append_le(wire, 228);
  append_le(wire, tl::InputUserSelf::kId);
  EXPECT_TRUE(request_refused(wire));
}

TEST(Limits, UnknownConstructorsAreRefused) {
  Bytes wire = get_users(1);
  store_le<std::uint32_t>(wire.data() + 12, 0xdeadbeef);
  EXPECT_TRUE(request_refused(wire));
  append_le(wire, 0);
  EXPECT_TRUE(refused(View("\xef\xbe\xad\xde", 4)));
}

TEST(Limits, AConstructorOfAnotherTypeIsRefused) {
  Bytes wire = get_users(1);
  store_le<std::uint32_t>(wire.data() + 12, tl::InputPeerSelf::kId);
  EXPECT_TRUE(request_refused(wire));
}

TEST(Limits, UnknownFlagBitsAreRefused) {
  Bytes wire = with_text("hello");
  EXPECT_TRUE(tl::decode_method(wire));
  wire[7] = static_cast<char>(wire[7] | 0x80);  // messages.sendMessage knows no bit 31.
  EXPECT_TRUE(request_refused(wire));
}

TEST(Limits, BytesLeftOverAreRefused) {
  EXPECT_TRUE(request_refused(get_users(1) + Bytes(4, '\0')));
  EXPECT_TRUE(refused(nested_rich_text(1) + Bytes(4, '\0')));
}

TEST(Limits, CutRequestsAreRefused) {
  const Bytes wire = with_text("hello");
  for (std::size_t size = 0; size < wire.size(); ++size) {
    const auto object = tl::decode_method(View(wire).substr(0, size));
    EXPECT_TRUE(!object && object.error() == error::INPUT_FETCH_ERROR) << size;
  }
}

TEST(Limits, TextIsUtf8) {
  EXPECT_TRUE(tl::decode_method(with_text("g\xc3\xa4rtner \xf0\x9f\x8c\xb3")));
  for (const View bad : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "abcdefgh\x80", "abc\xc3"}) {
    EXPECT_TRUE(request_refused(with_text(bad))) << to_hex(bad);
  }
}

TEST(Limits, UnknownMethodsHaveTheirOwnError) {
  EXPECT_EQ(tl::decode_method("\xef\xbe\xad\xde").error(), error::INPUT_METHOD_INVALID);
  EXPECT_EQ(tl::decode_method(encoded(tl::InputUserSelf())).error(), error::INPUT_METHOD_INVALID);
}

TEST(Limits, RecordsAndMtprotoAreNoRequests) {
  EXPECT_EQ(tl::decode_method(View("\xec\x77\xbe\x7a\0\0\0\0\0\0\0\0", 12)).error(),
            error::INPUT_METHOD_INVALID);  // ping
}

}  // namespace
}  // namespace helio
