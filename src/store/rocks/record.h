// store/rocks/record.h: a commit as the journal keeps it.
//
// Shape:  version after the commit (u64), flags (u8), counts of range erases, erases and puts (u16 each), the
//         partition's name, then the changes in the order in which a Batch applies them. Integers are little-endian,
//         every string follows its size: names u8, keys u16, values u32. docs/storage.md, "The journal".
// Reader: a Record borrows the bytes it was read from. Bytes of the journal have passed its checksum, and are read
//         with all bounds checked all the same.
#pragma once
#include <optional>

#include "store/kv.h"
#include "store/rocks/layout.h"

namespace helio::store::rocks {

// The record of a batch, as if the version it expects were the right one and the partition not pending before.
Bytes encode_record(const Batch& batch);

class Record {
 public:
  // nullopt: no record, or more than one.
  static std::optional<Record> read(View bytes);

  // The same record in a copy of the bytes it was read from.
  Record moved(View bytes, const char* copy) const;

  View partition() const { return partition_; }
  Head head() const { return head_; }  // After the commit.
  bool was_pending() const { return was_pending_; }
  // Here and in the record's bytes, which were read from `bytes`.
  void set_was_pending(char* bytes, bool was_pending);
  std::size_t changes() const { return std::size_t(ranges_) + erases_ + puts_; }

  // In order: on_range(from, to), on_erase(key), on_put(key, value). The bytes of a value lie four bytes behind those
  // of its key, after its size (value_behind()).
  template <class OnRange, class OnErase, class OnPut>
  void each(OnRange on_range, OnErase on_erase, OnPut on_put) const;

 private:
  // Unchecked: read() has walked over all of it.
  static View take(const char*& at, std::size_t size) {
    const View bytes(at, size);
    at += size;
    return bytes;
  }
  static View take_key(const char*& at) {
    const auto size = load_le<std::uint16_t>(at);
    at += sizeof size;
    return take(at, size);
  }
  static View take_value(const char*& at) {
    const auto size = load_le<std::uint32_t>(at);
    at += sizeof size;
    return take(at, size);
  }

  Head head_;
  bool was_pending_ = false;
  std::uint16_t ranges_ = 0, erases_ = 0, puts_ = 0;
  View partition_;
  const char* changes_ = nullptr;
};

// The value that was put with a key, from where each() found the key.
inline View value_behind(View key) {
  const char* const at = key.data() + key.size();
  return {at + sizeof(std::uint32_t), load_le<std::uint32_t>(at)};
}

template <class OnRange, class OnErase, class OnPut>
void Record::each(OnRange on_range, OnErase on_erase, OnPut on_put) const {
  const char* at = changes_;
  for (int i = 0; i < ranges_; ++i) {
    const View from = take_key(at);
    on_range(from, take_key(at));
  }
  for (int i = 0; i < erases_; ++i) on_erase(take_key(at));
  for (int i = 0; i < puts_; ++i) {
    const View key = take_key(at);
    on_put(key, take_value(at));
  }
}

}  // namespace helio::store::rocks
