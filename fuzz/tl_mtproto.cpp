// Any bytes as a constructor or method of MTProto itself: refused, or read, written and read again the same.
#include "base/assert.h"
#include "tl/mtproto.h"

namespace helio {
namespace {

void round_trip(View wire) {
  // With bytes behind it, as padding is in the key exchange.
  const auto prefix = tl::decode_mtproto_prefix(wire);
  if (prefix) ASSERT(prefix->used <= wire.size() && prefix->used % 4 == 0);

  const auto object = tl::decode_mtproto(wire);
  ASSERT(object.has_value() == (prefix && prefix->used == wire.size()));
  if (!object) return;
  const Bytes out = tl::encode_mtproto(**object);
  const auto again = tl::decode_mtproto(out);
  ASSERT(again);
  ASSERT(tl::equal(**object, **again));
  ASSERT(tl::encode_mtproto(**again) == out);
}

}  // namespace
}  // namespace helio

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  helio::round_trip({reinterpret_cast<const char*>(data), size});
  return 0;
}
