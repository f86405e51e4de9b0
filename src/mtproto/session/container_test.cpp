#include "mtproto/session/container.h"

#include <gtest/gtest.h>

#include "base/gzip.h"

namespace helio::mtproto {

namespace {

Bytes container_with(const std::vector<Bytes>& bodies) {
  Bytes out;
  append_container_header(out, bodies.size());
  std::int64_t msg_id = 4;
  for (const Bytes& body : bodies) append_inner(out, msg_id += 4, 1, body);
  return out;
}

// A TL string of at least 254 bytes behind gzip_packed's id.
Bytes packed(View gz) {
  Bytes out;
  append_le(out, kGzipPackedId);
  append_le(out, static_cast<std::uint32_t>(gz.size() << 8 | 0xfe));
  out += gz;
  out.append((4 - out.size() % 4) % 4, '\0');
  return out;
}

}  // namespace

TEST(Container, C10_SizesAreOfWholeWords) {
  EXPECT_TRUE(parse_container(container_with({Bytes(8, 'a'), Bytes(4, 'b')})));
  // Together they fill it to a whole word, so that nothing else is wrong.
  EXPECT_FALSE(parse_container(container_with({Bytes(6, 'a'), Bytes(6, 'b')})));
  EXPECT_FALSE(parse_container(container_with({Bytes(5, 'a'), Bytes(7, 'b')})));
}

TEST(Container, C10_AtMost1024Messages) {
  const auto most = parse_container(container_with(std::vector<Bytes>(1024, Bytes(4, 'a'))));
  ASSERT_TRUE(most);
  EXPECT_EQ(most->messages.size(), 1024u);
  EXPECT_FALSE(most->too_many);
  const auto more = parse_container(container_with(std::vector<Bytes>(1025, Bytes(4, 'a'))));
  ASSERT_TRUE(more);
  EXPECT_TRUE(more->too_many);
  EXPECT_TRUE(more->messages.empty());
}

TEST(Container, C12_OneMemberAndNothingBehindIt) {
  const Bytes body = "abcd" + Bytes(3000, 'x');
  const Bytes gz = gzip(body);
  EXPECT_EQ(unpack(packed(gz), 1 << 20), body);
  EXPECT_FALSE(unpack(packed(gz + gz), 1 << 20)) << "two members";
  EXPECT_FALSE(unpack(packed(gz + "more"), 1 << 20)) << "bytes behind the stream";
  EXPECT_FALSE(unpack(packed(gz) + Bytes(4, '\0'), 1 << 20)) << "bytes behind the string";
  EXPECT_FALSE(unpack(packed(gz), body.size() - 1)) << "longer than allowed";
}

}  // namespace helio::mtproto
