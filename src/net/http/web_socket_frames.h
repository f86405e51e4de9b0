// net/http/web_socket_frames.h: WebSocket frames, in and out, as one stream of binary payload. Pure: no stream, no
// wait.
//
// Source: RFC 6455, 5. Foreign bytes. Boundaries of frames and messages mean nothing to us: payload of binary frames
// passes as it arrives, unmasked where it lies, and is never kept, so a frame may have any length. Only a control
// frame is collected, up to its 125 bytes.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"

namespace helio::net::http {

enum class Opcode : std::uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

enum class CloseCode : std::uint16_t {
  kNormal = 1000,
  kProtocolError = 1002,
  kUnsupportedData = 1003,
  kInvalidPayload = 1007,
};

// What a client sends.
class WebSocketDecoder {
 public:
  // Reads `bytes` and moves the payload of binary frames among them, in order, to their beginning: returns its length.
  // Nothing more is read once closed() says something.
  std::size_t decode(std::span<char> bytes);

  // After the client's close frame, or what broke the protocol: the status to close with.
  std::optional<CloseCode> closed() const { return closed_; }

  // What the newest ping wants back, or null; earlier ones need no answer (5.5.3).
  std::unique_ptr<Bytes> take_ping() { return std::move(ping_); }

 private:
  std::size_t header_size() const;
  unsigned char* mask();
  void take_header_byte(unsigned char byte);
  std::optional<CloseCode> refusal_of_start();
  void begin_frame();
  void end_frame();

  std::uint64_t left_ = 0;       // Payload of the current frame that has not arrived.
  Bytes control_;                // Payload of the current ping or close.
  std::unique_ptr<Bytes> ping_;  // Of the newest ping that was not taken.
  std::optional<CloseCode> closed_;
  std::array<unsigned char, 14> header_{};  // Of the current frame; its mask lies at its end, turned as it is used.
  std::uint8_t header_have_ = 0;
  Opcode opcode_ = Opcode::kBinary;
  bool in_payload_ = false;
  bool in_message_ = false;  // Between the first and the last frame of a message.
};

// The header of a server's frame: whole, unmasked. At most 10 bytes.
void append_frame_header(Bytes& to, Opcode opcode, std::uint64_t size);
void append_close_frame(Bytes& to, CloseCode code);

}  // namespace helio::net::http
