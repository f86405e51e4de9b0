// tl/encode.h: canonical structs into bytes, in the layer that the receiver speaks.
//
// Forms:   each object takes the form its receiver's layer has; newer fields are left out, older forms of fields are
//          filled from the newer ones (schema/conversions.txt).
// Missing: an object that the layer lacks is replaced or dropped as schema/downgrades.txt says for its type; else an
//          optional field around it is left out; else the object around that is treated in the same way. Updates that
//          carry a pts are never dropped.
// Errors:  500 with the schema name of what has no form in the layer, or lacks a required box (our bug); `out` is then
//          as it was. Nothing is ever silently wrong.
#pragma once
#include <concepts>

#include "base/bytes.h"
#include "base/result.h"
#include "tl/layers.h"
#include "tl/object.h"
#include "tl/record.h"
#include "tl/writer.h"

namespace helio::tl {

// Appends. Boxed: the constructor's id comes first.
Result<> encode(Bytes& out, const Object& object, Layer layer);

template <class T>
Result<> encode(Bytes& out, const Box<T>& box, Layer layer) {
  ASSERT(box);
  return encode(out, *box.object(), layer);
}

// Results that are no objects.
void encode_bool(Bytes& out, bool value);
inline Result<> encode(Bytes& out, std::same_as<bool> auto value, Layer) {
  encode_bool(out, value);
  return {};
}
inline Result<> encode(Bytes& out, std::int32_t value, Layer) {
  append_le(out, value);
  return {};
}
inline Result<> encode(Bytes& out, std::int64_t value, Layer) {
  append_le(out, value);
  return {};
}
inline Result<> encode(Bytes& out, const std::string& value, Layer) {
  Writer(out).string(value);
  return {};
}

namespace detail {
// As one vector, from which items may be dropped.
Result<> encode_boxes(Bytes& out, const BoxBase* boxes, std::size_t count, Layer layer);
}  // namespace detail

template <class T>
Result<> encode(Bytes& out, const std::vector<Box<T>>& boxes, Layer layer) {
  static_assert(sizeof(Box<T>) == sizeof(BoxBase));
  return detail::encode_boxes(out, boxes.data(), boxes.size(), layer);
}
template <class T>
  requires(!std::derived_from<T, BoxBase>)
Result<> encode(Bytes& out, const std::vector<T>& values, Layer layer) {
  append_le(out, kVectorId);
  append_le(out, static_cast<std::uint32_t>(values.size()));
  for (const T& value : values) {
    if (auto done = encode(out, value, layer); !done) return done;
  }
  return {};
}

}  // namespace helio::tl
