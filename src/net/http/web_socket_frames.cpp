#include "net/http/web_socket_frames.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace helio::net::http {

namespace {

constexpr unsigned kFinal = 0x80, kReserved = 0x70, kMasked = 0x80;
constexpr std::size_t kControlMax = 125, kMaskSize = 4;

// Unmasks `size` bytes of `from` into `to`, which is the same place or lies before it, and turns the mask so that its
// first byte is the next one's.
void unmask(char* to, const char* from, std::size_t size, unsigned char* mask) {
  const auto word = load_le<std::uint32_t>(mask);
  const std::uint64_t words = word | static_cast<std::uint64_t>(word) << 32;
  std::size_t at = 0;
  for (; at + sizeof words <= size; at += sizeof words) store_le(to + at, load_le<std::uint64_t>(from + at) ^ words);
  for (std::size_t i = at; i < size; ++i) to[i] = static_cast<char>(from[i] ^ static_cast<char>(mask[i % kMaskSize]));
  std::rotate(mask, mask + size % kMaskSize, mask + kMaskSize);
}

// Those that may stand in a close frame (RFC 6455, 7.4, and the registry that it opens).
bool is_close_code(unsigned code) {
  return (1000 <= code && code <= 1003) || (1007 <= code && code <= 1014) || (3000 <= code && code <= 4999);
}

}  // namespace

std::size_t WebSocketDecoder::decode(std::span<char> bytes) {
  std::size_t payload = 0, at = 0;
  while (at < bytes.size() && !closed_) {
    if (!in_payload_) {
      take_header_byte(static_cast<unsigned char>(bytes[at++]));
      continue;
    }
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
    // Control payload is unmasked where it lies: behind all payload that was moved.
    char* const to = bytes.data() + (opcode_ == Opcode::kBinary ? payload : at);
    unmask(to, bytes.data() + at, size, mask());
    if (opcode_ == Opcode::kBinary) payload += size;
    if (opcode_ == Opcode::kPing || opcode_ == Opcode::kClose) control_.append(to, size);
    at += size;
    left_ -= size;
    if (left_ == 0) end_frame();
  }
  return payload;
}

// Known from the second byte on.
std::size_t WebSocketDecoder::header_size() const {
  const unsigned size = header_[1] & ~kMasked;
  return 2 + (size == 126 ? 2u : size == 127 ? 8u : 0u) + kMaskSize;
}

unsigned char* WebSocketDecoder::mask() {
  return header_.data() + header_size() - kMaskSize;
}

void WebSocketDecoder::take_header_byte(unsigned char byte) {
  header_[header_have_++] = byte;
  if (header_have_ == 2) {
    closed_ = refusal_of_start();
  } else if (header_have_ > 2 && header_have_ == header_size()) {
    begin_frame();
  }
}

// What the first two bytes of a header tell.
std::optional<CloseCode> WebSocketDecoder::refusal_of_start() {
  const unsigned start = header_[0], code = start & 15;
  const bool final = (start & kFinal) != 0;
  if ((start & kReserved) != 0 || (header_[1] & kMasked) == 0) return CloseCode::kProtocolError;
  switch (static_cast<Opcode>(code)) {
    case Opcode::kClose:
    case Opcode::kPing:
    case Opcode::kPong:
      opcode_ = static_cast<Opcode>(code);
      if (!final || (header_[1] & ~kMasked) > kControlMax) return CloseCode::kProtocolError;
      return std::nullopt;
    case Opcode::kText: return CloseCode::kUnsupportedData;
    case Opcode::kBinary:
    case Opcode::kContinuation:
      if ((code == 0) != in_message_) return CloseCode::kProtocolError;
      in_message_ = !final;
      opcode_ = Opcode::kBinary;
      return std::nullopt;
  }
  return CloseCode::kProtocolError;
}

void WebSocketDecoder::begin_frame() {
  left_ = header_[1] & ~kMasked;
  // A length has one form, the shortest.
  if (left_ == 126) {
    left_ = load_be<std::uint16_t>(&header_[2]);
    if (left_ < 126) closed_ = CloseCode::kProtocolError;
  } else if (left_ == 127) {
    left_ = load_be<std::uint64_t>(&header_[2]);
    if (left_ <= 0xffff || left_ >> 63 != 0) closed_ = CloseCode::kProtocolError;
  }
  in_payload_ = true;
  control_.clear();
  if (left_ == 0) end_frame();
}

void WebSocketDecoder::end_frame() {
  in_payload_ = false;
  header_have_ = 0;
  if (opcode_ == Opcode::kPing) ping_ = std::make_unique<Bytes>(std::move(control_));
  if (opcode_ != Opcode::kClose) return;
  const View said = control_;
  if (said.empty()) {
    closed_ = CloseCode::kNormal;
  } else if (said.size() < 2 || !is_close_code(load_be<std::uint16_t>(said.data()))) {
    closed_ = CloseCode::kProtocolError;
  } else {
    closed_ = is_utf8(said.substr(2)) ? CloseCode::kNormal : CloseCode::kInvalidPayload;
  }
}

void append_frame_header(Bytes& to, Opcode opcode, std::uint64_t size) {
  to += static_cast<char>(kFinal | static_cast<unsigned>(opcode));
  if (size < 126) {
    to += static_cast<char>(size);
  } else if (size <= 0xffff) {
    to += static_cast<char>(126);
    append_be(to, static_cast<std::uint16_t>(size));
  } else {
    to += static_cast<char>(127);
    append_be(to, size);
  }
}

void append_close_frame(Bytes& to, CloseCode code) {
  append_frame_header(to, Opcode::kClose, sizeof code);
  append_be(to, static_cast<std::uint16_t>(code));
}

}  // namespace helio::net::http
