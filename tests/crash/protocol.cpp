#include "protocol.h"

#include <stdexcept>

namespace helio::crash {

namespace {
constexpr std::size_t kHead = 1 + 8;
}

View Reader::next(std::size_t size) {
  if (size > in_.size()) throw std::runtime_error("a frame is too short");
  const View out = in_.substr(0, size);
  in_.remove_prefix(size);
  return out;
}

Bytes encode(const Frame& frame) {
  Bytes out;
  out.reserve(4 + kHead + frame.fields.size());
  append_le(out, static_cast<std::uint32_t>(kHead + frame.fields.size()));
  append_le(out, frame.kind);
  append_le(out, frame.number);
  out += frame.fields;
  return out;
}

bool decode(View in, std::size_t& at, Frame& frame) {
  if (in.size() - at < 4) return false;
  const auto size = load_le<std::uint32_t>(in.data() + at);
  if (size < kHead || size > kFrameSizeMax) throw std::runtime_error("a frame has a wrong length");
  if (in.size() - at < 4 + size) return false;
  const char* const from = in.data() + at + 4;
  frame.kind = load_le<std::uint8_t>(from);
  frame.number = load_le<std::uint64_t>(from + 1);
  frame.fields.assign(from + kHead, size - kHead);
  at += 4 + size;
  return true;
}

}  // namespace helio::crash
