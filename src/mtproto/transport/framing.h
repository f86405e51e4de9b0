// mtproto/transport/framing.h: where one MTProto packet ends and the next begins, in four ways.
//
//   abridged      1 or 4 bytes of length in words, payload
//   intermediate  4 bytes of length, payload
//   padded        as intermediate, with 0 to 15 random bytes behind the payload, counted in the length
//   full          4 bytes of total length, running number, payload, CRC32 of all before it
//
// The top bit of the length (abridged: of its first byte) asks the server for a quick ack; from the server, a length
// with that bit is itself such an ack. Lengths are judged before any memory is used for them.
// Source: https://core.telegram.org/mtproto/mtproto-transports. Foreign bytes.
#pragma once
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/random.h"
#include "mtproto/transport/input.h"

namespace helio::mtproto {

enum class Framing { kAbridged, kIntermediate, kPadded, kFull };
enum class Side { kServer, kClient };

inline constexpr std::size_t kFrameSizeBeforeKey = 1024;  // No legal handshake packet is longer than 411 bytes.

struct Frame {
  std::span<char> payload{};  // Lies in the Input.
  bool wants_ack = false;     // The client asks for a quick ack.
};

class FrameReader {
 public:
  enum class Status {
    kMore,     // The next frame is not complete.
    kFrame,    // `frame` is the next one, and stays so until release().
    kTooLong,  // It is longer than the present limit: raise_limit(), if its key deserves that, or give up.
    kAck,      // To a client: `ack` is a quick ack.
    kBroken,   // No frame can be told any more.
  };
  struct Next {
    Status status = Status::kMore;
    Frame frame{};
    std::uint32_t ack = 0;
    std::size_t size = 0;          // kTooLong: of the payload, as declared,
    std::int64_t auth_key_id = 0;  // and its first eight bytes.
  };

  FrameReader(Framing framing, Side side) : framing_(framing), side_(side) {}

  Next next(Input& input);
  void release(Input& input);  // The frame of the last next() has been used.
  void raise_limit(std::size_t size_max) { size_max_ = size_max; }

 private:
  struct Header {
    std::size_t header_size = 0;  // 0: not all of it is there.
    std::size_t payload_size = 0;
    std::size_t total_size = 0;  // Header, payload, trailer.
    bool top_bit = false;
    bool broken = false;
    std::uint32_t ack = 0;
  };
  Header read_header(std::span<const char> bytes) const;
  bool full_checks_out(std::span<const char> frame) const;

  Framing framing_;
  Side side_;
  std::size_t size_max_ = kFrameSizeBeforeKey;
  std::uint32_t sequence_ = 0;  // Of the next frame, which full framing numbers.
  std::size_t taken_ = 0;
};

class FrameWriter {
 public:
  FrameWriter(Framing framing, Side side, Random& random) : framing_(framing), side_(side), random_(&random) {}

  // A frame is begun, exactly `payload_size` bytes (divisible by 4) are appended to `out` by the caller, and it is
  // ended.
  void begin(Bytes& out, std::size_t payload_size, bool wants_ack = false);
  void end(Bytes& out);

  // The answer to a packet that asked for a quick ack. `token` has its top bit set. Full framing has none: nothing.
  void quick_ack(Bytes& out, std::uint32_t token);

  // Another core's source of chance, when the connection moves there.
  void use(Random& random) { random_ = &random; }

 private:
  Framing framing_;
  Side side_;
  Random* random_;
  std::size_t start_ = 0;
  std::size_t padding_ = 0;
  std::uint32_t sequence_ = 0;
};

}  // namespace helio::mtproto
