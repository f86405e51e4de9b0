// tests/crash/protocol.h: what the driver asks of the victim, and what the victim answers.
//
// Frame: length of the rest (u32), kind (u8), number of the request (u64), then fields as Fields and Reader have them.
// The two talk over one stream socket, which the victim has as descriptor kVictimSocket: with send and recv, so that
// faults injected into the victim's file calls do not touch the conversation.
#pragma once
#include <string>

#include "base/bytes.h"

namespace helio::crash {

inline constexpr int kVictimSocket = 3;
inline constexpr std::size_t kFrameSizeMax = 8 << 20;

enum class Ask : std::uint8_t {
  kCommit = 1,  // Batch -> kCommit.
  kScan,        // Partition, Scan -> kPage.
  kGet,         // Partition, keys -> kValues.
  kPending,     // Bucket -> kNames.
  kPutBlob,     // Bytes -> kName.
  kGetBlob,     // Id -> kBytes, read in pieces and verified; empty when there is none.
  kListBlobs,   // -> kNames: the ids of all blobs.
  kArm,         // Point, count: kill yourself when the point is reached for the count-th time from now. No answer.
  kFail,        // Name of a libfiu failure, probability in 1/65536, errno: begin. No answer.
  kHeal,        // Name of a libfiu failure: end. No answer.
  kRoom,        // 0 or 1: the disk is full, or has room again. No answer.
  kFull,        // 0 or 1: RocksDB finds no room for its files, but for its list of them, or has room again. No answer.
  kStall,       // Milliseconds: no flush ends before they are over. No answer.
  kBackup,      // Directory -> kDone.
  kStop,        // Stop cleanly; the socket closes.
};

enum class Tell : std::uint8_t {
  kOpened = 1,  // The store is open.
  kRefused,     // Text: it cannot be opened. The process ends with 1.
  kCommit,      // Outcome, version.
  kPage,        // Version, more, rows.
  kValues,      // Version, values.
  kNames,       // Partitions, or ids of blobs.
  kName,        // The id of a blob; empty when there was no room for it.
  kBytes,       // Of a blob.
  kDone,
  kDown,     // Text: the store could not answer this request.
  kReached,  // Name of a crash point, the first time it is reached.
};

struct Frame {
  std::uint8_t kind = 0;
  std::uint64_t number = 0;
  Bytes fields = {};
};

class Fields {
 public:
  template <std::integral T>
  Fields& number(T value) {
    append_le(out_, value);
    return *this;
  }
  Fields& text(View value) {
    append_le(out_, static_cast<std::uint32_t>(value.size()));
    out_.append(value);
    return *this;
  }
  Bytes take() { return std::move(out_); }

 private:
  Bytes out_;
};

// Throws std::runtime_error when the fields are shorter than what is read.
class Reader {
 public:
  explicit Reader(View in) : in_(in) {}
  template <std::integral T>
  T number() {
    return load_le<T>(next(sizeof(T)).data());
  }
  Bytes text() { return Bytes(next(number<std::uint32_t>())); }

 private:
  View next(std::size_t size);
  View in_;
};

Bytes encode(const Frame& frame);
// Takes one frame off the front of `in` (from `at`, which moves on); false: it is not whole yet.
bool decode(View in, std::size_t& at, Frame& frame);

}  // namespace helio::crash
