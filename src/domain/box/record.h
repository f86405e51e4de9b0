// domain/box/record.h: records as values of keys.
#pragma once
#include "base/assert.h"
#include "base/bytes.h"
#include "tl/record.h"

namespace helio::domain {

// Says loudly which entry does not decode, and throws StoreDown: what hangs on it is refused, nothing is made up.
[[noreturn]] void damaged(View partition, View key);

template <class Record>
Record record_of(View partition, View key, View value) {
  auto record = tl::decode_record<Record>(value);
  if (!record) damaged(partition, key);
  return *std::move(record);
}

// The same for a type of several constructors.
template <class Type>
tl::Box<Type> box_of(View partition, View key, View value) {
  auto object = tl::decode_record_object(value);
  if (!object || !tl::as<Type>(*object)) damaged(partition, key);
  tl::Box<Type> typed;
  typed.set(object->release());
  return typed;
}

// The answer of a command whose type has one constructor.
template <class Record>
Record answer_of(tl::BoxBase answer) {
  auto* record = tl::as<Record>(answer);
  ASSERT(record);
  return std::move(*record);
}

}  // namespace helio::domain
