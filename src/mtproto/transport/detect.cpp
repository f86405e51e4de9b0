#include "mtproto/transport/detect.h"

#include "mtproto/transport/obfuscation.h"

namespace helio::mtproto {

Detected detect(View first) {
  if (first.empty()) return Detected::kMore;
  if (first[0] == '\xef') return Detected::kAbridged;
  if (first.size() < 4) return Detected::kMore;

  const auto word = load_le<std::uint32_t>(first.data());
  if (word == kIntermediateTag) return Detected::kIntermediate;
  if (word == kPaddedTag) return Detected::kPadded;
  if (first.starts_with(View("\x16\x03\x01\x02"))) return Detected::kTls;
  for (const View verb : {"GET ", "POST", "HEAD", "OPTI", "PUT ", "DELE", "PATC"}) {
    if (first.starts_with(verb)) return Detected::kHttp;
  }
  if (first.size() < 8) return Detected::kMore;
  if (load_le<std::uint32_t>(first.data() + 4) == 0) return Detected::kFull;
  return first.size() < kObfuscationHeaderSize ? Detected::kMore : Detected::kObfuscated;
}

}  // namespace helio::mtproto
