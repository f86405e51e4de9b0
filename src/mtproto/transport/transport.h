// mtproto/transport/transport.h: the server's end of one connection's packets, whatever transport its client chose.
//
// Bytes go in as they arrive, frames come out; frames go in, bytes to send come out. Nothing here waits or allocates
// beyond the tail of an unfinished frame.
// Threads: one at a time; moves between cores with its connection.
#pragma once
#include <memory>
#include <optional>

#include "mtproto/transport/http_framing.h"
#include "mtproto/transport/obfuscation.h"

namespace helio::mtproto {

// The only things that leave the server without a key:
// https://core.telegram.org/mtproto/mtproto-transports#transport-errors
enum class TransportError : std::int32_t { kNotFound = -404, kFlood = -429, kWrongDc = -444 };

class Transport {
 public:
  enum class Status {
    kMore,      // Nothing more in what has arrived.
    kFrame,     // `frame` is the next one, and stays so until release().
    kTooLong,   // FrameReader's.
    kClose,     // Broken: close.
    kSilence,   // No transport of ours: send nothing, read on and drop it, until time is up (docs/security.md A02).
    kContinue,  // HttpFraming's,
    kRefused,   // and again.
  };
  struct Next {
    Status status = Status::kMore;
    Frame frame{};
    std::size_t size = 0;
    std::int64_t auth_key_id = 0;
    int refusal = 0;
  };

  // Both outlive the transport; see use(). `obfuscated_only`: every other transport is broken (docs/security.md A04).
  Transport(Random& random, SeenHeaders& seen, bool obfuscated_only)
      : random_(&random), seen_(seen), obfuscated_only_(obfuscated_only) {}

  // `bytes` have arrived. They are changed, and must live until keep().
  void feed(std::span<char> bytes);
  Next next();
  void release() { http_ ? http_->release(input_) : reader_->release(input_); }
  void keep() { input_.keep(); }
  bool in_frame() const { return !input_.empty() || (http_ && http_->in_request()); }  // Something has begun.
  std::size_t held() const { return input_.held(); }                                   // Bytes of memory, after keep().

  void raise_limit(std::size_t size_max) { http_ ? http_->raise_limit(size_max) : reader_->raise_limit(size_max); }

  // Whether the client's transport is known, so that something can be sent.
  bool known() const { return writer_.has_value() || http_; }
  // Over HTTP: whether a request waits for its answer; nothing can be sent otherwise, and no frame comes meanwhile.
  bool http() const { return http_ != nullptr; }
  bool unanswered() const { return http_ && http_->unanswered(); }
  bool ends_with_answer() const { return http_ && !http_->keep_alive(); }
  // Input waits behind a request that is not answered.
  bool blocked() const { return unanswered() && !input_.empty(); }
  void go_on(Bytes& out) { HttpFraming::go_on(out); }
  void refuse(Bytes& out, int status) { HttpFraming::refuse(out, status); }

  // Between begin() and end() the caller appends exactly `payload_size` bytes to `out`.
  void begin(Bytes& out, std::size_t payload_size);
  void end(Bytes& out);
  void error(Bytes& out, TransportError error);
  void quick_ack(Bytes& out, std::uint32_t token);

  void use(Random& random);

 private:
  Status detect_transport();
  Next next_request();
  void obfuscate(Bytes& out, std::size_t from);

  Random* random_;
  SeenHeaders& seen_;
  Input input_;
  std::optional<Obfuscation> obfuscation_;
  std::optional<FrameReader> reader_;
  std::optional<FrameWriter> writer_;
  std::unique_ptr<HttpFraming> http_;  // In their place.
  std::size_t frame_start_ = 0;
  const bool obfuscated_only_;
  bool silent_ = false;
};

}  // namespace helio::mtproto
