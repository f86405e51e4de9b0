// mtproto/transport/transport.h: the server's end of one connection's packets, whatever transport its client chose.
//
// Bytes go in as they arrive, frames come out; frames go in, bytes to send come out. Nothing here waits or allocates
// beyond the tail of an unfinished frame.
// Threads: one at a time; moves between cores with its connection.
#pragma once
#include <optional>

#include "mtproto/transport/framing.h"
#include "mtproto/transport/obfuscation.h"

namespace helio::mtproto {

// The only things that leave the server without a key:
// https://core.telegram.org/mtproto/mtproto-transports#transport-errors
enum class TransportError : std::int32_t { kNotFound = -404, kFlood = -429, kWrongDc = -444 };

class Transport {
 public:
  enum class Status {
    kMore,     // Nothing more in what has arrived.
    kFrame,    // `frame` is the next one, and stays so until release().
    kTooLong,  // FrameReader's.
    kClose,    // Broken: close.
    kSilence,  // No transport of ours: send nothing, read on and drop it, until time is up (docs/security.md A02).
    kHttp,     // An HTTP request; nothing has been taken.
  };
  struct Next {
    Status status = Status::kMore;
    Frame frame{};
    std::size_t size = 0;
    std::int64_t auth_key_id = 0;
  };

  // Both outlive the transport; see use().
  Transport(Random& random, SeenHeaders& seen) : random_(&random), seen_(seen) {}

  // `bytes` have arrived. They are changed, and must live until keep().
  void feed(std::span<char> bytes);
  Next next();
  void release() { reader_->release(input_); }
  void keep() { input_.keep(); }
  bool in_frame() const { return !input_.empty(); }  // Something has begun and is not complete.

  void raise_limit(std::size_t size_max) { reader_->raise_limit(size_max); }
  std::size_t limit() const { return reader_->limit(); }

  // Whether the client's transport is known, so that something can be sent.
  bool known() const { return writer_.has_value(); }
  // Between begin() and end() the caller appends exactly `payload_size` bytes to `out`.
  void begin(Bytes& out, std::size_t payload_size);
  void end(Bytes& out);
  void error(Bytes& out, TransportError error);
  void quick_ack(Bytes& out, std::uint32_t token);

  void use(Random& random);

 private:
  Status detect_transport();
  void obfuscate(Bytes& out, std::size_t from);

  Random* random_;
  SeenHeaders& seen_;
  Input input_;
  std::optional<Obfuscation> obfuscation_;
  std::optional<FrameReader> reader_;
  std::optional<FrameWriter> writer_;
  std::size_t frame_start_ = 0;
  bool silent_ = false;
};

}  // namespace helio::mtproto
