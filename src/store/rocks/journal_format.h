// store/rocks/journal_format.h: the bytes of the journal's files, to and from memory.
//
// Blocks:  everything begins at a multiple of kBlock and fills blocks to their end, so that no write ever touches a
//          block with acknowledged bytes, which a failing power supply could garble.
// Salt:    drawn by chance for each life of a segment, the seed of the checksums of its groups: neither bytes of an
//          earlier life nor bytes that a user sent can pass for a group.
// Foreign: whatever is read here is believed only after its checksum, and sizes in it only within their bounds.
// Format:  docs/storage.md, "The journal".
#pragma once
#include <functional>
#include <optional>
#include <span>

#include "base/bytes.h"

namespace helio::store::rocks::journal {

inline constexpr std::size_t kBlock = 4096;
inline constexpr std::uint32_t kFormat = 1;

// The first block of a segment.
struct SegmentHeader {
  std::uint64_t number = 0;
  std::uint64_t size = 0;   // Of the file.
  std::uint64_t first = 0;  // The sequence of its first record.
  std::uint64_t salt = 0;
  std::uint32_t format = kFormat;
};

Bytes encode(const SegmentHeader& header);  // One block.
// nullopt: not whole. A header of another format has only that.
std::optional<SegmentHeader> decode_segment_header(View block);

// One of the two blocks of the file `durable`.
struct Mark {
  std::uint64_t sequence = 0;  // Of the newest record known to be durable.
  std::uint64_t segment = 0;   // The number of the newest segment that was begun; 0 = none.
  std::uint32_t format = kFormat;
};

Bytes encode(const Mark& mark);  // One block.
std::optional<Mark> decode_mark(View block);

// A group: header, then each record after its length, then zeros to the end of the block.
struct GroupHeader {
  std::uint64_t checksum = 0;
  std::uint32_t size = 0;  // Of the records and their lengths.
  std::uint32_t count = 0;
  std::uint64_t first = 0;
};
inline constexpr std::size_t kGroupHeaderSize = 24;
inline constexpr std::size_t kLengthSize = 4;

// Of a group in its file, whole blocks; `size` is that of the records alone.
constexpr std::uint64_t group_size(std::uint64_t size, std::uint64_t records) {
  return (kGroupHeaderSize + records * kLengthSize + size + kBlock - 1) / kBlock * kBlock;
}

// Writes the group into `out`, which has the group's size.
void encode_group(std::span<const View> records, std::uint64_t first, std::uint64_t salt, std::span<char> out);

GroupHeader decode_group_header(View bytes);  // kGroupHeaderSize of them.
// The size of the group in its file; nullopt when the header cannot be that of a group which ends within `room`.
std::optional<std::uint64_t> size_within(const GroupHeader& header, std::uint64_t room);
bool is_whole(View group, std::uint64_t salt);
// Calls for each record of a whole group, in order; false when its lengths do not add up.
bool for_each_record(View group, const std::function<void(std::uint64_t sequence, View record)>& call);

}  // namespace helio::store::rocks::journal
