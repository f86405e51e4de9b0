// Any bytes as a request, an object of the API or a stored record: refused, or read into something that every layer can
// be written from. What was written is read again, and written again the same.
#include "base/assert.h"
#include "tl/decode.h"
#include "tl/encode.h"
#include "tl/layers.h"

namespace helio {
namespace {

constexpr tl::Layer kLayers[] = {{131}, {144}, {152}, {198}, {227}, {228}};

Result<tl::Box<tl::Object>> decode(View bytes, bool method) {
  return method ? tl::decode_method(bytes) : tl::decode_object(bytes);
}

void through_layers(View wire, bool method) {
  const auto object = decode(wire, method);
  if (!object) return;
  ASSERT(tl::equal(**object, *object->object()->clone()));

  Bytes out, again;
  for (const tl::Layer layer : kLayers) {
    out.clear();
    again.clear();
    // An old layer may have no word for it.
    if (!tl::encode(out, *object, layer)) {
      ASSERT(out.empty());
      continue;
    }
    const auto reread = decode(out, method);
    ASSERT(reread);
    ASSERT(tl::encode(again, *reread, layer));
    ASSERT(out == again);
  }
}

}  // namespace
}  // namespace helio

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const helio::View wire(reinterpret_cast<const char*>(data), size);
  helio::through_layers(wire, true);
  helio::through_layers(wire, false);
  (void)helio::tl::decode_record_object(wire);
  return 0;
}
