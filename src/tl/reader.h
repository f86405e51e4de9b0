// tl/reader.h: primitives of TL, read from foreign bytes.
//
// Errors:  sticky. After the first read that does not fit, ok() is false and everything reads as zero or empty, so a
//          caller checks once at the end (https://core.telegram.org/mtproto/serialize).
// Lifetime: borrows the bytes; so do the views it returns.
#pragma once
#include "base/bytes.h"

namespace helio::tl {

inline constexpr std::uint32_t kVectorId = 0x1cb5c415;
inline constexpr std::uint32_t kBoolTrueId = 0x997275b5;
inline constexpr std::uint32_t kBoolFalseId = 0xbc799737;

class Reader {
 public:
  explicit Reader(View bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return ok_; }
  void fail() {
    ok_ = false;
    at_ = end_;
  }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  std::uint32_t u32() { return fixed<std::uint32_t>(); }
  std::int32_t i32() { return fixed<std::int32_t>(); }
  std::int64_t i64() { return fixed<std::int64_t>(); }
  double f64() { return std::bit_cast<double>(fixed<std::int64_t>()); }

  template <std::size_t size>
  std::array<char, size> array() {
    std::array<char, size> value{};
    if (const char* from = take(size)) std::memcpy(value.data(), from, size);
    return value;
  }

  bool boolean() {
    const std::uint32_t id = u32();
    if (id != kBoolTrueId && id != kBoolFalseId) fail();
    return id == kBoolTrueId;
  }

  // `string` or `bytes`: a length of one byte, or 254 and three more; padded to four. What the padding holds is the
  // sender's business, as long as it is there.
  View string() {
    if (left() < 4) return fail(), View();
    std::size_t head = 1, size = static_cast<unsigned char>(*at_);
    if (size >= 254) {
      if (size == 255) return fail(), View();
      head = 4;
      size = load_le<std::uint32_t>(at_) >> 8;
    }
    const char* from = take((head + size + 3) & ~std::size_t{3});
    return from ? View(from + head, size) : View();
  }

  // The next `size` bytes as they are.
  View raw(std::size_t size) {
    const char* from = take(size);
    return from ? View(from, size) : View();
  }

 private:
  template <std::integral T>
  T fixed() {
    const char* from = take(sizeof(T));
    return from ? load_le<T>(from) : T{0};
  }
  const char* take(std::size_t size) {
    if (size > left()) return fail(), nullptr;
    return std::exchange(at_, at_ + size);
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace helio::tl
