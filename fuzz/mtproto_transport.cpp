// Any bytes as a connection's input, cut anywhere: the same packets come out however they were cut, over HTTP as well,
// where each has to be answered before the next one comes.
#include "base/assert.h"
#include "base/virtual_clock.h"
#include "mtproto/transport/transport.h"

namespace helio {
namespace {

using Status = mtproto::Transport::Status;

struct Outcome {
  std::vector<Bytes> packets;
  std::vector<bool> acks;
  Status last = Status::kMore;
  int refusal = 0;
  bool ends_with_answer = false;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

constexpr std::size_t kSizeMax = 100'000;

Outcome feed(View wire, std::size_t piece, bool obfuscated_only, Clock& clock) {
  SeededRandom random(1);
  mtproto::SeenHeaders seen(clock);
  mtproto::Transport transport(random, seen, obfuscated_only);
  Outcome outcome;
  for (std::size_t at = 0; at < wire.size() && outcome.last == Status::kMore; at += piece) {
    Bytes buffer(wire.substr(at, piece));
    transport.feed(buffer);
    for (;;) {
      const auto next = transport.next();
      outcome.last = next.status;
      if (next.status == Status::kTooLong && next.auth_key_id != 0 && next.size < kSizeMax) {
        transport.raise_limit(kSizeMax);
        continue;
      }
      Bytes out;
      if (next.status == Status::kContinue) {
        transport.go_on(out);
        continue;
      }
      if (next.status == Status::kRefused) transport.refuse(out, outcome.refusal = next.refusal);
      if (next.status != Status::kFrame) break;
      ASSERT(next.frame.payload.size() <= kSizeMax);
      outcome.packets.emplace_back(next.frame.payload.data(), next.frame.payload.size());
      outcome.acks.push_back(next.frame.wants_ack);
      transport.release();
      if (!transport.http()) continue;
      ASSERT(transport.unanswered());
      ASSERT(transport.next().status == Status::kMore);
      transport.begin(out, 4);
      out += "done";
      transport.end(out);
      outcome.ends_with_answer = transport.ends_with_answer();
    }
    transport.keep();
    ASSERT(transport.held() <= 2 * wire.size() + 64);
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
  constexpr unsigned kPieces = 61;
  const bool obfuscated_only = data[0] / kPieces == 3;
  const auto whole = helio::feed(wire, wire.size() + 1, obfuscated_only, clock);
  const auto cut = helio::feed(wire, data[0] % kPieces + 1, obfuscated_only, clock);
  ASSERT(whole == cut);
  return 0;
}
