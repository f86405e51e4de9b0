#include "store/rocks/journal_format.h"

#include <xxhash.h>

#include <algorithm>

#include "base/assert.h"
#include "store/rocks/journal.h"

namespace helio::store::rocks::journal {

namespace {

constexpr View kSegmentMagic = "heliojrn";
constexpr View kMarkMagic = "heliomrk";
constexpr std::size_t kChecksumSize = 8;

std::uint64_t checksum(View bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

// A block: checksum of the rest, magic, format, four bytes of zeros, numbers.
Bytes encode_block(View magic, std::initializer_list<std::uint64_t> numbers) {
  Bytes block(kChecksumSize, '\0');
  block.append(magic);
  append_le(block, std::uint64_t{kFormat});
  for (const std::uint64_t number : numbers) append_le(block, number);
  block.resize(kBlock);
  store_le(block.data(), checksum(View(block).substr(kChecksumSize), 0));
  return block;
}

bool is_whole_block(View block, View magic) {
  return block.size() == kBlock && block.substr(kChecksumSize, magic.size()) == magic &&
         load_le<std::uint64_t>(block.data()) == checksum(block.substr(kChecksumSize), 0);
}

std::uint32_t format_of(View block) {
  return load_le<std::uint32_t>(block.data() + 16);
}

std::uint64_t number_of(View block, std::size_t index) {
  return load_le<std::uint64_t>(block.data() + 24 + 8 * index);
}

}  // namespace

Bytes encode(const SegmentHeader& header) {
  return encode_block(kSegmentMagic, {header.number, header.size, header.first, header.salt});
}

std::optional<SegmentHeader> decode_segment_header(View block) {
  if (!is_whole_block(block, kSegmentMagic)) return std::nullopt;
  if (format_of(block) != kFormat) return SegmentHeader{.format = format_of(block)};
  return SegmentHeader{.number = number_of(block, 0),
                       .size = number_of(block, 1),
                       .first = number_of(block, 2),
                       .salt = number_of(block, 3)};
}

Bytes encode(const Mark& mark) {
  return encode_block(kMarkMagic, {mark.sequence, mark.segment});
}

std::optional<Mark> decode_mark(View block) {
  if (!is_whole_block(block, kMarkMagic)) return std::nullopt;
  if (format_of(block) != kFormat) return Mark{.format = format_of(block)};
  return Mark{.sequence = number_of(block, 0), .segment = number_of(block, 1)};
}

void encode_group(std::span<const View> records, std::uint64_t first, std::uint64_t salt, std::span<char> out) {
  char* to = out.data() + kGroupHeaderSize;
  for (const View record : records) {
    store_le(to, static_cast<std::uint32_t>(record.size()));
    to = std::copy(record.begin(), record.end(), to + kLengthSize);
  }
  const auto size = static_cast<std::size_t>(to - out.data()) - kGroupHeaderSize;
  ASSERT(kGroupHeaderSize + size <= out.size());
  std::fill(to, out.data() + out.size(), '\0');
  store_le(out.data() + 8, static_cast<std::uint32_t>(size));
  store_le(out.data() + 12, static_cast<std::uint32_t>(records.size()));
  store_le(out.data() + 16, first);
  store_le(out.data(), checksum(View(out.data(), out.size()).substr(kChecksumSize), salt));
}

GroupHeader decode_group_header(View bytes) {
  ASSERT(bytes.size() >= kGroupHeaderSize);
  return {.checksum = load_le<std::uint64_t>(bytes.data()),
          .size = load_le<std::uint32_t>(bytes.data() + 8),
          .count = load_le<std::uint32_t>(bytes.data() + 12),
          .first = load_le<std::uint64_t>(bytes.data() + 16)};
}

std::optional<std::uint64_t> size_within(const GroupHeader& header, std::uint64_t room) {
  if (header.count == 0 || header.size / kLengthSize < header.count) return std::nullopt;
  const std::uint64_t size = group_size(header.size, 0);
  if (size > room || size > Journal::kGroupSizeMax) return std::nullopt;
  return size;
}

bool is_whole(View group, std::uint64_t salt) {
  return decode_group_header(group).checksum == checksum(group.substr(kChecksumSize), salt);
}

bool for_each_record(View group, const std::function<void(std::uint64_t sequence, View record)>& call) {
  const GroupHeader header = decode_group_header(group);
  View rest = group.substr(kGroupHeaderSize, header.size);
  for (std::uint32_t i = 0; i < header.count; ++i) {
    if (rest.size() < kLengthSize) return false;
    const std::size_t size = load_le<std::uint32_t>(rest.data());
    rest.remove_prefix(kLengthSize);
    if (size > rest.size()) return false;
    call(header.first + i, rest.substr(0, size));
    rest.remove_prefix(size);
  }
  return rest.empty();
}

}  // namespace helio::store::rocks::journal
