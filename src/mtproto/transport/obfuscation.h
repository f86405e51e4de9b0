// mtproto/transport/obfuscation.h: the 64 random bytes that start an obfuscated connection, and its two key streams.
//
// Source: https://core.telegram.org/mtproto/mtproto-transports#transport-obfuscation. Foreign bytes.
#pragma once
#include <mutex>
#include <optional>
#include <unordered_set>

#include "base/clock.h"
#include "base/random.h"
#include "crypto/aes_ctr.h"
#include "mtproto/transport/framing.h"

namespace helio::mtproto {

inline constexpr std::size_t kObfuscationHeaderSize = 64;

struct Obfuscation {
  Framing framing;  // Of what is inside.
  int dc = 0;       // As the client wrote it. Libraries leave chance here: nothing may depend on it.
  crypto::AesCtr in, out;
};

// What the header `bytes` (64 of them) begins; nullopt when no framing is named in it.
std::optional<Obfuscation> accept_obfuscation(View bytes);

// A header for a client, and the streams that go with it.
struct Opening {
  Bytes header;
  Obfuscation obfuscation;
};
Opening open_obfuscation(Framing framing, int dc, Random& random);

// The headers of the last ten minutes: a repeated one would use both key streams again. At most `size_max` are kept for
// each half of that time; a flood beyond it shortens the memory. Threads: any.
class SeenHeaders {
 public:
  explicit SeenHeaders(Clock& clock, std::size_t size_max = 200'000) : clock_(clock), size_max_(size_max) {}

  // Whether `header` is new; it is not any more.
  bool add(View header);

 private:
  Clock& clock_;
  const std::size_t size_max_;
  std::mutex mutex_;
  std::unordered_set<std::uint64_t> now_, before_;
  Ticks since_{};
};

}  // namespace helio::mtproto
