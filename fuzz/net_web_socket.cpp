// Any bytes as what a WebSocket client sends, cut anywhere: the same payload, ping and close come out however they were
// cut. And what our frames carry, masked as a client would, comes back as it was.
#include "base/assert.h"
#include "net/http/web_socket_frames.h"

namespace helio {
namespace {

using net::http::CloseCode;

struct Outcome {
  Bytes payload;
  std::optional<Bytes> ping;
  std::optional<CloseCode> closed;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome feed(View wire, std::size_t first, std::size_t piece) {
  net::http::WebSocketDecoder decoder;
  Outcome outcome;
  for (std::size_t at = 0; at < wire.size();) {
    Bytes bytes(wire.substr(at, at == 0 ? first : piece));
    at += bytes.size();
    const std::size_t size = decoder.decode(bytes);
    ASSERT(size <= bytes.size());
    outcome.payload.append(bytes, 0, size);
  }
  if (const auto ping = decoder.take_ping()) outcome.ping = *ping;
  ASSERT(!outcome.ping || outcome.ping->size() <= 125);
  outcome.closed = decoder.closed();
  return outcome;
}

void check_our_frames(View payload) {
  Bytes frame;
  append_frame_header(frame, net::http::Opcode::kBinary, payload.size());
  frame[1] = static_cast<char>(frame[1] | 0x80);
  const Bytes mask = "\x5a\x01\xff\x80";
  frame += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  const Outcome outcome = feed(frame, frame.size(), 1);
  ASSERT(outcome.payload == payload);
  ASSERT(!outcome.closed);
}

}  // namespace
}  // namespace helio

// The first two bytes choose the cuts: after how much, and then how large the pieces are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const helio::View wire(reinterpret_cast<const char*>(data) + 2, size - 2);
  ASSERT(helio::feed(wire, wire.size(), 1) == helio::feed(wire, data[0] + 1u, data[1] + 1u));
  helio::check_our_frames(wire);
  return 0;
}
