// Any bytes as a connection's input, cut anywhere: the same packets come out however they were cut.
#include "base/assert.h"
#include "base/virtual_clock.h"
#include "mtproto/transport/transport.h"

namespace helio {
namespace {

using Status = mtproto::Transport::Status;

struct Outcome {
  std::vector<Bytes> packets;
  Status last = Status::kMore;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome feed(View wire, std::size_t piece, Clock& clock) {
  SeededRandom random(1);
  mtproto::SeenHeaders seen(clock);
  mtproto::Transport transport(random, seen);
  Outcome outcome;
  for (std::size_t at = 0; at < wire.size() && outcome.last == Status::kMore; at += piece) {
    Bytes buffer(wire.substr(at, piece));
    transport.feed(buffer);
    for (;;) {
      const auto next = transport.next();
      outcome.last = next.status;
      if (next.status == Status::kTooLong && next.auth_key_id != 0 && next.size < 100'000) {
        transport.raise_limit(100'000);
        continue;
      }
      if (next.status != Status::kFrame) break;
      outcome.packets.emplace_back(next.frame.payload.data(), next.frame.payload.size());
      transport.release();
    }
    transport.keep();
  }
  Bytes out;
  if (transport.known()) transport.error(out, mtproto::TransportError::kNotFound);
  return outcome;
}

}  // namespace
}  // namespace helio

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const helio::View wire(reinterpret_cast<const char*>(data) + 1, size - 1);
  helio::asio::io_context context;
  helio::VirtualClock clock(context);
  const auto whole = helio::feed(wire, wire.size() + 1, clock);
  const auto cut = helio::feed(wire, data[0] % 61 + 1, clock);
  ASSERT(whole == cut);
  return 0;
}
