#include "mtproto/transport/framing.h"

#include <libdeflate.h>

#include "base/assert.h"

namespace helio::mtproto {

namespace {

constexpr std::uint32_t kTopBit = 0x80000000u;
constexpr std::size_t kPaddingMax = 15;
constexpr std::size_t kErrorSize = 4;
constexpr std::size_t kPlainHeaderSize = 20;      // auth_key_id 0, msg_id, length.
constexpr std::size_t kEncryptedHeaderSize = 24;  // auth_key_id, msg_key.
constexpr std::size_t kFullOverhead = 12;

// Where the padding of a padded frame begins. A plain message says how long it is; an encrypted one is whole blocks.
std::size_t unpadded_size(std::span<const char> payload) {
  if (payload.size() < kEncryptedHeaderSize) return payload.size() / 4 * 4;
  if (load_le<std::int64_t>(payload.data()) != 0) {
    return payload.size() - (payload.size() - kEncryptedHeaderSize) % 16;
  }
  const auto length = load_le<std::uint32_t>(payload.data() + 16);
  const std::size_t rest = payload.size() - kPlainHeaderSize;
  return length <= rest && rest - length <= kPaddingMax ? kPlainHeaderSize + length : payload.size();
}

}  // namespace

FrameReader::Header FrameReader::read_header(std::span<const char> bytes) const {
  Header header;
  if (bytes.empty()) return header;

  if (framing_ == Framing::kAbridged) {
    const auto first = static_cast<unsigned char>(bytes[0]);
    if (side_ == Side::kClient && (first & 0x80) != 0) {
      if (bytes.size() >= 4) {
        header.ack = __builtin_bswap32(load_le<std::uint32_t>(bytes.data()));
        header.header_size = header.total_size = 4;
      }
      return header;
    }
    header.top_bit = (first & 0x80) != 0;
    std::size_t words = first & 0x7f;
    if (words == 0x7f) {
      if (bytes.size() < 4) return header;
      words = load_le<std::uint32_t>(bytes.data()) >> 8;
      header.header_size = 4;
    } else {
      header.header_size = 1;
    }
    header.payload_size = words * 4;
    header.total_size = header.header_size + header.payload_size;
    header.broken = words == 0;
    return header;
  }

  if (bytes.size() < 4) return header;
  const auto length = load_le<std::uint32_t>(bytes.data());
  if (framing_ == Framing::kFull) {
    // No quick ack here: a top bit is an impossible length.
    header.broken = length < kFullOverhead || length % 4 != 0 || length >= kTopBit;
    header.header_size = 8;
    header.total_size = length;
    header.payload_size = header.broken ? 0 : length - kFullOverhead;
    return header;
  }
  header.header_size = 4;
  if (side_ == Side::kClient && (length & kTopBit) != 0) {
    header.ack = length;
    header.total_size = 4;
    return header;
  }
  header.top_bit = (length & kTopBit) != 0;
  header.payload_size = length & ~kTopBit;
  header.total_size = header.header_size + header.payload_size;
  header.broken = header.payload_size == 0 || (framing_ == Framing::kIntermediate && header.payload_size % 4 != 0);
  return header;
}

bool FrameReader::full_checks_out(std::span<const char> frame) const {
  const std::size_t checked = frame.size() - 4;
  return load_le<std::uint32_t>(frame.data() + 4) == sequence_ &&
         libdeflate_crc32(0, frame.data(), checked) == load_le<std::uint32_t>(frame.data() + checked);
}

FrameReader::Next FrameReader::next(Input& input) {
  const std::span<char> bytes = input.bytes();
  const Header header = read_header(bytes);
  if (header.broken) return {.status = Status::kBroken};
  if (header.header_size == 0) return {.status = Status::kMore};
  if (header.ack != 0) {
    input.drop(4);
    return {.status = Status::kAck, .ack = header.ack};
  }
  if (header.payload_size > size_max_) {
    if (bytes.size() < header.header_size + 8) return {.status = Status::kMore};
    return {.status = Status::kTooLong,
            .size = header.payload_size,
            .auth_key_id = load_le<std::int64_t>(bytes.data() + header.header_size)};
  }
  if (bytes.size() < header.total_size) return {.status = Status::kMore};

  const std::span<char> whole = bytes.first(header.total_size);
  if (framing_ == Framing::kFull && !full_checks_out(whole)) return {.status = Status::kBroken};
  std::span<char> payload = whole.subspan(header.header_size, header.payload_size);
  if (framing_ == Framing::kPadded) payload = payload.first(unpadded_size(payload));
  taken_ = header.total_size;
  return {.status = Status::kFrame, .frame = {.payload = payload, .wants_ack = header.top_bit}};
}

void FrameReader::release(Input& input) {
  input.drop(std::exchange(taken_, 0));
  ++sequence_;
}

void FrameWriter::begin(Bytes& out, std::size_t payload_size, bool wants_ack) {
  ASSERT(payload_size % 4 == 0);
  start_ = out.size();
  switch (framing_) {
    case Framing::kAbridged: {
      const auto words = static_cast<std::uint32_t>(payload_size / 4);
      const std::uint32_t ack = wants_ack ? 0x80 : 0;
      if (words < 0x7f) {
        out.push_back(static_cast<char>(words | ack));
      } else {
        append_le(out, words << 8 | 0x7f | ack);
      }
      return;
    }
    case Framing::kIntermediate:
    case Framing::kPadded:
      // A transport error, the only packet this short, goes unpadded. COMPAT(mtcute, 0.30): it tells one by its length.
      padding_ = framing_ == Framing::kPadded && payload_size > kErrorSize ? random_->below(kPaddingMax + 1) : 0;
      append_le(out, static_cast<std::uint32_t>(payload_size + padding_) | (wants_ack ? kTopBit : 0));
      return;
    case Framing::kFull:
      append_le(out, static_cast<std::uint32_t>(payload_size + kFullOverhead));
      append_le(out, sequence_++);
      return;
  }
}

void FrameWriter::end(Bytes& out) {
  if (framing_ == Framing::kPadded && padding_ > 0) {
    const std::size_t from = out.size();
    out.resize(from + padding_);
    random_->fill(std::span(out).subspan(from));
  } else if (framing_ == Framing::kFull) {
    append_le(out, libdeflate_crc32(0, out.data() + start_, out.size() - start_));
  }
}

void FrameWriter::quick_ack(Bytes& out, std::uint32_t token) {
  ASSERT(side_ == Side::kServer);
  if (framing_ == Framing::kFull) return;
  append_le(out, framing_ == Framing::kAbridged ? __builtin_bswap32(token) : token);
}

}  // namespace helio::mtproto
