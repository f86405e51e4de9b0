// Any bytes as a packed body, under any cap. Input: the cap in 16 bytes (two bytes), then the body.
#include "base/assert.h"
#include "base/gzip.h"

namespace helio {
namespace {

void play(View input) {
  if (input.size() < 2) return;
  const std::size_t cap = load_le<std::uint16_t>(input.data()) * std::size_t{16};
  input.remove_prefix(2);

  const auto plain = gunzip(input, cap);
  if (plain) {
    ASSERT(plain->size() <= cap);
    ASSERT(gunzip(input, plain->size()) == plain);
    // One stream and nothing else: neither a byte behind it, nor another stream, nor less than all of it.
    ASSERT(!gunzip(Bytes(input) + '\0', cap));
    ASSERT(!gunzip(Bytes(input) + Bytes(input), 2 * cap));
    ASSERT(!gunzip(input.substr(0, input.size() - 1), cap));
    if (!plain->empty()) ASSERT(!gunzip(input, plain->size() - 1));
  }

  const Bytes packed = gzip(input);
  const auto again = gunzip(packed, input.size());
  ASSERT(again);
  ASSERT(*again == input);
}

}  // namespace
}  // namespace helio

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  helio::play({reinterpret_cast<const char*>(data), size});
  return 0;
}
