// tl/writer.h: primitives of TL, appended to bytes.
//
// The bytes are complete once finish() was called or the writer is destroyed; until then they may be longer.
#pragma once
#include <algorithm>

#include "base/assert.h"
#include "base/bytes.h"
#include "tl/reader.h"

namespace helio::tl {

class Writer {
 public:
  // Of a large reused buffer only what a usual object needs is made ready: making room means writing zeros.
  explicit Writer(Bytes& out) : out_(out), size_(out.size()) { out_.resize(std::min(out_.capacity(), size_ + 1024)); }
  ~Writer() { finish(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void finish() { out_.resize(size_); }
  std::size_t size() const { return size_; }       // Of all bytes, those before the first write as well.
  void rewind(std::size_t size) { size_ = size; }  // Forgets what came after.

  void u32(std::uint32_t value) { fixed(value); }
  void i32(std::int32_t value) { fixed(value); }
  void i64(std::int64_t value) { fixed(value); }
  void f64(double value) { fixed(std::bit_cast<std::int64_t>(value)); }
  void boolean(bool value) { u32(value ? kBoolTrueId : kBoolFalseId); }
  void raw(View bytes) {
    if (!bytes.empty()) std::memcpy(room(bytes.size()), bytes.data(), bytes.size());
  }

  // `string` or `bytes`; at most 2^24 - 1 of them.
  void string(View bytes) {
    ASSERT(bytes.size() < (1U << 24));
    const std::size_t head = bytes.size() < 254 ? 1 : 4;
    const std::size_t whole = (head + bytes.size() + 3) & ~std::size_t{3};
    char* to = room(whole);
    std::memset(to + whole - 4, 0, 4);  // The padding; what is not padding is written over.
    if (head == 1) {
      *to = static_cast<char>(bytes.size());
    } else {
      store_le<std::uint32_t>(to, static_cast<std::uint32_t>(bytes.size() << 8) | 254U);
    }
    if (!bytes.empty()) std::memcpy(to + head, bytes.data(), bytes.size());
  }

  // Writes over four bytes at `position`.
  void patch(std::size_t position, std::uint32_t value) { store_le(out_.data() + position, value); }

 private:
  template <std::integral T>
  void fixed(T value) {
    store_le(room(sizeof(T)), value);
  }
  char* room(std::size_t more) {
    if (out_.size() - size_ < more) out_.resize(std::max(out_.size() * 2, size_ + more + 256));
    char* to = out_.data() + size_;
    size_ += more;
    return to;
  }

  Bytes& out_;
  std::size_t size_;  // Written so far; out_ is longer by the room left.
};

}  // namespace helio::tl
