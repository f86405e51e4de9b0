// tl/record.h: what is stored, and commands of boxes: the types and functions of schema/records.tl.
//
// Forms:   written in the form that schema/stored.tl lists last; every form it lists is read. So stored bytes do not
//          change with the packages of layers.
// Errors:  RECORD_CORRUPT for bytes that are no record. Encoding has none: a record that lacks a required box, or an
// API
//          constructor that schema/stored.tl lacks, is a bug (asserted).
#pragma once
#include "base/bytes.h"
#include "base/result.h"
#include "tl/object.h"

namespace helio::tl {

void encode_record(Bytes& out, const Object& object);
Bytes encode_record(const Object& object);

// All of `bytes` is one record or command.
Result<Box<Object>> decode_record_object(View bytes);

namespace detail {
Error record_corrupt();
}

template <class T>
Result<T> decode_record(View bytes) {
  auto object = decode_record_object(bytes);
  if (!object) return fail(object.error());
  T* value = as<T>(*object);
  if (!value) return fail(detail::record_corrupt());
  return std::move(*value);
}

}  // namespace helio::tl
